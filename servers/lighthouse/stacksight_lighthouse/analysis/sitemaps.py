"""Reads sitemaps (sitemaps.org protocol 0.9): XML, or plain text with an address on each line."""

from collections.abc import Sequence
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

MAX_ADDRESSES = 50_000  # the protocol's own limit


class NotASitemap(Exception):
    """The text is no sitemap; the message says why."""


def read_sitemap(content: bytes) -> tuple[list[str], list[str]]:
    """Return the pages that a sitemap lists, and the other sitemaps that it names.

    Raises:
        NotASitemap: it is neither XML of that kind nor a list of addresses.
    """
    text = content.decode("utf-8-sig", errors="replace").strip()
    if not text.startswith("<"):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines or not all(line.startswith(("http://", "https://")) for line in lines):
            raise NotASitemap("it is neither XML nor a list of addresses")
        return lines[:MAX_ADDRESSES], []
    if "<!DOCTYPE" in text[:2000] or "<!ENTITY" in text:  # no sitemap has one, attacks do
        raise NotASitemap("it has a document type, so it may be an HTML page")
    try:
        root = ET.fromstring(text)  # noqa: S314, entities were refused above
    except ET.ParseError as error:
        raise NotASitemap(f"its XML is broken: {error}") from error
    kind = _local(root.tag)
    if kind not in ("urlset", "sitemapindex"):
        raise NotASitemap(f"its root is <{kind[:40]}>, not <urlset> or <sitemapindex>")
    found = [
        (part.text or "").strip()
        for entry in root
        for part in entry
        if _local(part.tag) == "loc" and (part.text or "").strip()
    ][:MAX_ADDRESSES]
    return (found, []) if kind == "urlset" else ([], found)


def at_origin_of(sitemap: str, pages: Sequence[str]) -> tuple[list[str], bool]:
    """Return the pages at the sitemap's own origin, and whether they were moved there.

    A sitemap lists pages of its own host only, so one on a development machine that names the
    public host means the pages beside itself.
    """
    base = urlsplit(sitemap)
    here = [
        urlsplit(page)._replace(scheme=base.scheme, netloc=base.netloc).geturl() for page in pages
    ]
    return here, any(urlsplit(page)[:2] != base[:2] for page in pages)


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
