"""One topic of a kept audit in full: a check, a metric, the requests."""

from collections.abc import Mapping
from typing import Any

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.findings import checks_of
from stacksight_lighthouse.analysis.fixes import fix_for
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.patterns import arrange
from stacksight_lighthouse.analysis.states import FAILS, NOT_MEASURED, state_of
from stacksight_lighthouse.models.audits import Item, Section, StoredAudit, Topic

Json = Mapping[str, Any]

PAGE_CHARS = 14_000

TOPICS = {
    "fcp": ("first-contentful-paint", "render-blocking-insight", "document-latency-insight"),
    "lcp": (
        "largest-contentful-paint",
        "lcp-breakdown-insight",
        "lcp-discovery-insight",
        "render-blocking-insight",
    ),
    "cls": ("cumulative-layout-shift", "layout-shifts", "unsized-images"),
    "tbt": ("total-blocking-time", "long-tasks", "bootup-time", "forced-reflow-insight"),
    "si": ("speed-index", "network-dependency-tree-insight"),
    "requests": ("network-requests",),
    "images": (
        "image-delivery-insight",
        "unsized-images",
        "image-size-responsive",
        "image-aspect-ratio",
        "lcp-discovery-insight",
    ),
    "unused": ("unused-javascript", "unused-css-rules"),
    "third-parties": ("third-parties-insight",),
    "scripts": ("bootup-time", "unused-javascript", "duplicated-javascript-insight"),
    "long-tasks": ("long-tasks", "mainthread-work-breakdown"),
}
ALL_CHECKS = "all checks"

_SHOWN_COLUMNS = {
    "network-requests": {"url", "status code", "resource type", "transfer size", "duration"}
}

ERROR_NO_TOPIC = (
    "`{topic}` is no topic of this audit.{near} Topics are {topics}, and the id of every check; "
    "without `topic` all checks are listed."
)
ERROR_NOT_IN_AUDIT = (
    "This audit holds nothing on `{topic}`: it did not run {category}. Run it again with that "
    "category."
)


def look_into(audit_id: str, audit: StoredAudit, topic: str | None, cursor: str | None) -> Topic:
    """Return a page of a topic.

    Args:
        audit_id: the audit's handle, for the cursor.
        audit: the audit.
        topic: a check's id or one of TOPICS; None for a list of all checks.
        cursor: from the page before.

    Raises:
        ToolFailure: there is no such topic, or the cursor is not one of this topic.
    """
    lhr = audit.lhr
    url = inline(lhr["finalDisplayedUrl"], 300)
    if topic is None:
        return Topic(audit_id=audit_id, url=url, topic=ALL_CHECKS, checks=_all_checks(lhr))
    name = topic.strip().lower()
    checks = [check for check in TOPICS.get(name, (name,)) if check in lhr["audits"]]
    if not checks:
        raise _no_topic(lhr, name)
    scope = {"tool": "inspect_audit", "audit_id": audit_id, "topic": name}
    start = decode_cursor(cursor, **scope) if cursor else 0
    sections, following = _page([_section(lhr, check) for check in checks], start)
    return Topic(
        audit_id=audit_id,
        url=url,
        topic=name,
        sections=sections,
        next_cursor=encode_cursor(following, **scope) if following else None,
    )


def _no_topic(lhr: Json, name: str) -> ToolFailure:
    if name in TOPICS:
        return ToolFailure(ERROR_NOT_IN_AUDIT.format(topic=name, category="performance"))
    near = did_you_mean(name, [*lhr["audits"], *TOPICS])
    topics = ", ".join(TOPICS)
    return ToolFailure(ERROR_NO_TOPIC.format(topic=inline(name, 80), near=near, topics=topics))


def _all_checks(lhr: Json) -> dict[str, list[str]]:
    states: dict[str, list[str]] = {FAILS: [], NOT_MEASURED: []}
    for check in checks_of(lhr):
        states.setdefault(state_of(lhr["audits"][check]), []).append(check)
    return {state: checks for state, checks in states.items() if checks}


def _section(lhr: Json, check: str) -> Section:
    audit = lhr["audits"][check]
    items = arrange(items_of(audit, lhr["finalDisplayedUrl"]))
    columns = _SHOWN_COLUMNS.get(check)
    if columns:
        items = [_with_facts(item, columns) for item in items]
    state = state_of(audit)
    return Section(
        check=check,
        title=inline(audit["title"], 150),
        state=state,
        value=audit.get("displayValue") or audit.get("errorMessage"),
        fix=fix_for(check, audit["description"]) if state == FAILS else None,
        total=len(items),
        items=items,
    )


def _with_facts(item: Item, names: set[str]) -> Item:
    facts = {name: text for name, text in item.facts.items() if name in names}
    return item.model_copy(update={"facts": facts})


def _page(sections: list[Section], start: int) -> tuple[list[Section], int | None]:
    """Return the sections with the items that fit from ``start`` on, and where the next begins."""
    room = PAGE_CHARS
    position = 0
    page: list[Section] = []
    for section in sections:
        kept: list[Item] = []
        for item in section.items:
            position += 1
            if position <= start:
                continue
            room -= len(item.model_dump_json(exclude_none=True))
            if room < 0 and (kept or page):
                page.append(section.model_copy(update={"items": kept}))
                return page, position - 1
            kept.append(item)
        if kept or start == 0:
            page.append(section.model_copy(update={"items": kept}))
    return page, None
