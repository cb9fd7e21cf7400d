"""What a page with one fault is made of."""

from dataclasses import dataclass

HEAD = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="description" content="A page with one fault."><title>One fault</title>'
    '<link rel="icon" href="/pictures/1.png">'
)
PAGE = (
    '<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>'
)
INTRO = "<h1>One fault</h1><p>Everything else on this page is as it should be.</p>"
TEXT = "<p>" + "Some words that fill the page so that a shift moves something. " * 12 + "</p>"


@dataclass(frozen=True)
class Fault:
    """A fault and how it has to be named.

    Attributes:
        check: the check that finds it; alternatives are separated by spaces.
        offender: a part of what names the one to blame: a selector, an id or a file.
        body: what stands in the page's main part.
        head: what stands in its head.
        page: the whole document, with places for head and body.
        drawn: whether the offender has a place on the page that a picture can show.
        path: where the page is served, when not among the others.
    """

    check: str
    offender: str
    body: str
    head: str = HEAD
    page: str = PAGE
    drawn: bool = False
    path: str | None = None

    @property
    def html(self) -> str:
        """The document."""
        return self.page.format(head=self.head, body=self.body)
