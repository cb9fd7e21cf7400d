"""A web site with faults: the demo's page without its database, one page per fault, bad answers."""

import gzip
import html
import random
import ssl
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.lighthouse.assets import SCRIPTS, STYLES, font, sound
from tests.lighthouse.faults import BAD_PAGE, FAULTS

PAGES = Path(__file__).parent / "pages"
DEMO_PAGES = Path(__file__).parents[2] / "examples" / "captions" / "pages"
ROWS_ON_DEMO_PAGE = 40
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}


def demo_page() -> str:
    """The review page as the demo renders it."""
    page = Template((DEMO_PAGES / "review.html").read_text())
    row = Template((DEMO_PAGES / "review_row.html").read_text())
    rows = "".join(
        row.substitute(
            caption_id=number,
            video_id=number % 7,
            title=html.escape(f"Talk {number}"),
            body=html.escape(f"what the speaker said in second {number}"),
            confidence=f"{number % 50}%",
        )
        for number in range(1, ROWS_ON_DEMO_PAGE + 1)
    )
    return page.substitute(rows=rows)


def picture(width: int, height: int) -> bytes:
    """A grey PNG of this size."""
    return _png(width, height, (b"\0" + b"\x88\x99\xaa" * width) * height)


def noise(side: int) -> bytes:
    """A square PNG of this side that cannot be compressed."""
    generator = random.Random(1)
    return _png(side, side, b"".join(b"\0" + generator.randbytes(3 * side) for _ in range(side)))


def _png(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


class Handler(BaseHTTPRequestHandler):
    """Answers by path; whatever is not listed is a page of the folder, or a 404."""

    protocol_version = "HTTP/1.1"
    server: "Site"

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        with self.server.visited:
            self.server.seen.append((self.path, dict(self.headers)))
            self.server.visited.notify_all()
        time.sleep(float(query.get("delay", 0)))
        route = ROUTES.get(split.path)
        if route:
            route(self, query)
        else:
            self._file(split.path)

    def _file(self, path: str) -> None:
        name = path.removeprefix("/static/").lstrip("/")
        folder = DEMO_PAGES if path.startswith("/static/") else PAGES
        file = folder / name
        if file.parent != folder or not file.is_file():
            self.answer(404, "text/plain", b"no such page")
            return
        self.answer(200, TYPES[file.suffix], file.read_bytes())

    def answer(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


Query = dict[str, str]


def _demo(handler: Handler, _: Query) -> None:
    handler.answer(200, TYPES[".html"], demo_page().encode())


def _picture(handler: Handler, query: Query) -> None:
    time.sleep(0.4 if not query else 0)
    size = int(query.get("w", 960)), int(query.get("h", 280))
    handler.answer(200, "image/png", picture(*size))


def _small_picture(handler: Handler, _: Query) -> None:
    handler.answer(200, "image/png", picture(96, 54))


def _announcement(handler: Handler, _: Query) -> None:
    time.sleep(0.8)
    handler.answer(
        200, "application/json", b'{"text": "Captions in five more languages are here."}'
    )


def _status(handler: Handler, query: Query) -> None:
    body = query.get("body", "<!doctype html><title>Sorry</title><h1>Sorry</h1>")
    code = int(query["code"])
    handler.answer(code, TYPES[".html"], b"" if code in (204, 304) else body.encode())


def _redirect(handler: Handler, query: Query) -> None:
    handler.answer(302, "text/plain", b"", Location=query["to"])


def _json(handler: Handler, _: Query) -> None:
    handler.answer(200, "application/json", b"{}")


def _hang(handler: Handler, _: Query) -> None:
    """Never answer, until the site ends or the client hangs up."""
    handler.server.ending.wait(600)
    handler.close_connection = True


def _members(handler: Handler, _: Query) -> None:
    allowed = "session=let-me-in" in handler.headers.get("Cookie", "")
    # "Basic" and base64 of "admin:let-me-in"
    known = ("Bearer let-me-in", "Basic YWRtaW46bGV0LW1lLWlu")
    allowed = allowed or handler.headers.get("Authorization") in known
    if allowed:
        page = b'<!doctype html><html lang="en"><title>Members</title><h1>Members only</h1>'
        handler.answer(200, TYPES[".html"], page)
    else:
        handler.answer(401, TYPES[".html"], b"<!doctype html><title>Log in</title>")


def _set_and_return(handler: Handler, _: Query) -> None:
    """Set a cookie and lead back here, as many a consent or language page does."""
    if "seen=1" in handler.headers.get("Cookie", ""):
        handler.answer(200, TYPES[".html"], (PAGES / "good.html").read_bytes())
    else:
        cookie = {"Location": "/set-and-return", "Set_Cookie": "seen=1; Path=/"}
        handler.answer(302, "text/plain", b"", **cookie)


def _download(handler: Handler, _: Query) -> None:
    page = (PAGES / "good.html").read_bytes()
    handler.answer(200, TYPES[".html"], page, Content_Disposition="attachment; filename=a.html")


def _drawing(handler: Handler, _: Query) -> None:
    """A picture without a width or height of its own."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
    handler.answer(200, "image/svg+xml", svg)


def _policy(handler: Handler, query: Query) -> None:
    page = (PAGES / "good.html").read_bytes()
    handler.answer(200, TYPES[".html"], page, Content_Security_Policy=query["csp"])


def _huge(handler: Handler, query: Query) -> None:
    rows = "".join(f"<div><p>Line {n}</p></div>" for n in range(int(query["n"]) // 2))
    page = f'<!doctype html><html lang="en"><title>Huge</title><body>{rows}</body></html>'
    handler.answer(200, TYPES[".html"], page.encode())


def _page_of(text: str) -> Callable[[Handler, Query], None]:
    def answer(handler: Handler, _: Query) -> None:
        # The same site by another name is a third party to this one.
        other = f"http://127.0.0.1:{handler.server.server_port}"
        handler.answer(200, TYPES[".html"], text.replace("{other}", other).encode())

    return answer


def _text_of(kind: str, make: Callable[[Query], str]) -> Callable[[Handler, Query], None]:
    return lambda handler, query: handler.answer(200, kind, make(query).encode())


def _sitemap(handler: Handler, query: Query) -> None:
    """An index of two sitemaps, the second packed, which name their pages at a public host."""
    names = {
        "": ("a", "b"),
        "a": ("/good.html", "/status?code=404"),
        "b": ("/fault/missing-label",),
    }
    part = query.get("part", "")
    kind, entry = ("urlset", "url") if part else ("sitemapindex", "sitemap")
    paths = names[part] if part else [f"/sitemap.xml?part={name}" for name in names[part]]
    entries = "".join(
        f"<{entry}><loc>https://www.example.org{path}</loc></{entry}>" for path in paths
    )
    text = f'<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{kind}>'
    content = gzip.compress(text.encode()) if part == "b" else text.encode()
    handler.answer(200, "application/xml", content)


def _font(handler: Handler, _: Query) -> None:
    handler.answer(200, "font/ttf", font(), Access_Control_Allow_Origin="*")


def _sound(handler: Handler, _: Query) -> None:
    handler.answer(200, "audio/wav", sound())


def _noise(handler: Handler, query: Query) -> None:
    handler.answer(200, "image/png", noise(int(query["side"])))


def _script(handler: Handler, _: Query) -> None:
    handler.answer(200, "text/javascript", b"document.title += '';")


def _style(handler: Handler, _: Query) -> None:
    handler.answer(200, "text/css", b"main { margin: 0; }")


ROUTES: dict[str, Callable[[Handler, Query], None]] = {
    "/": _demo,
    "/announcement": _announcement,
    "/pictures/hero.png": _picture,
    **{f"/pictures/{number}.png": _small_picture for number in range(8)},
    "/status": _status,
    "/redirect": _redirect,
    "/loop": lambda handler, _: _redirect(handler, {"to": "/loop?again"}),
    "/json": _json,
    "/hang": _hang,
    "/members": _members,
    "/set-and-return": _set_and_return,
    "/download": _download,
    "/policy": _policy,
    "/drawing.svg": _drawing,
    "/huge": _huge,
    "/picture.png": _picture,
    "/noise.png": _noise,
    "/slow.js": _script,
    "/slow.css": _style,
    "/bad": _page_of(BAD_PAGE),
    **{path: _text_of("text/javascript", make) for path, make in SCRIPTS.items()},
    **{path: _text_of("text/css", make) for path, make in STYLES.items()},
    "/sitemap.xml": _sitemap,
    "/font.ttf": _font,
    "/clip.wav": _sound,
    **{f"/fault/{name}": _page_of(fault.html) for name, fault in FAULTS.items()},
}


class Site(ThreadingHTTPServer):
    """A running site.

    Attributes:
        url: where it is, without a slash at the end.
        seen: path and headers of every request.
    """

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"{'https' if tls else 'http'}://localhost:{self.server_port}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.visited = threading.Condition()
        self.ending = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a client that hung up, as Chrome does at the end of an audit."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def wait_for_visits(self, path: str, count: int) -> None:
        """Return when a path has been asked for this often, since the site runs."""
        with self.visited:
            came = self.visited.wait_for(
                lambda: sum(1 for seen, _ in self.seen if seen == path) >= count, timeout=30
            )
        assert came, f"{path} was not asked for {count} times"


@contextmanager
def running_site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve the site on a free port of this machine."""
    site = Site(tls)
    thread = threading.Thread(target=site.serve_forever, name="site")
    thread.start()
    try:
        yield site
    finally:
        site.ending.set()
        site.shutdown()
        site.server_close()
        thread.join()
