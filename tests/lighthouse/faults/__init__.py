"""Pages with one known fault each, and the element or file that is to blame."""

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


@dataclass(frozen=True)
class Fault:
    """A fault and how it has to be named.

    Attributes:
        check: the check that finds it.
        offender: a part of what names the one to blame: a selector, an id or a file.
        body: what stands in the page's main part.
        head: what stands in its head.
    """

    check: str
    offender: str
    body: str
    head: str = HEAD


def _page(fault: Fault) -> str:
    return PAGE.format(head=fault.head, body=fault.body)


BANNER = """<script>
addEventListener("load", () => setTimeout(() => {
  const banner = document.createElement("div");
  banner.id = "late-banner";
  banner.style.height = "120px";
  banner.textContent = "Free delivery today";
  document.body.prepend(banner);
}, 300));
</script>"""
BUSY = """<script>
function burn(ms) { const end = performance.now() + ms; while (performance.now() < end); }
</script>"""
TEXT = "<p>" + "Some words that fill the page so that a shift moves something. " * 12 + "</p>"

FAULTS = {
    "late-banner": Fault("layout-shifts", "div#late-banner", INTRO + TEXT * 3 + BANNER),
    "unsized-image": Fault(
        "layout-shifts",
        "img#hero",
        f'<img id="hero" alt="" src="/picture.png?w=360&amp;h=200&amp;delay=0.5">{TEXT * 3}',
    ),
    "blocking-script": Fault(
        "render-blocking-insight",
        "/slow.js",
        INTRO,
        HEAD + '<script src="/slow.js?delay=1"></script>',
    ),
    "blocking-style": Fault(
        "render-blocking-insight",
        "/slow.css",
        INTRO,
        HEAD + '<link rel="stylesheet" href="/slow.css?delay=1">',
    ),
    "long-task": Fault(
        "long-tasks", "/fault/long-task", INTRO + BUSY + "<script>burn(400)</script>"
    ),
    "huge-image": Fault(
        "image-delivery-insight",
        "noise.png",
        INTRO + '<img alt="Noise" width="100" height="100" src="/noise.png?side=700">',
    ),
    "low-contrast": Fault(
        "color-contrast", "p#pale", INTRO + '<p id="pale" style="color:#bbb">Hard to read</p>'
    ),
    "missing-label": Fault("label", "input#email", INTRO + '<input id="email" type="email">'),
    "missing-alt": Fault(
        "image-alt",
        "img#logo",
        INTRO + '<img id="logo" width="96" height="54" src="/pictures/2.png">',
    ),
    "nameless-button": Fault(
        "button-name",
        "button#send",
        INTRO + '<button id="send" style="width:48px;height:48px"></button>',
    ),
    "nameless-link": Fault("link-name", "a#more", INTRO + '<a id="more" href="/good.html"></a>'),
    "small-targets": Fault(
        "target-size",
        "a#tiny",
        INTRO + '<div style="line-height:12px;font-size:10px"><a id="tiny" href="/good.html?1">'
        'one</a><br><a href="/good.html?2">two</a><br><a href="/good.html?3">three</a></div>',
    ),
    "heading-order": Fault("heading-order", "h4#deep", INTRO + '<h4 id="deep">Too deep</h4>'),
    "bad-role": Fault(
        "aria-roles", "div#widget", INTRO + '<div id="widget" role="slidr">Volume</div>'
    ),
    "hidden-focus": Fault(
        "aria-hidden-focus",
        "div#veil",
        INTRO + '<div id="veil" aria-hidden="true"><button>Press</button></div>',
    ),
    "positive-tabindex": Fault(
        "tabindex", "button#first", INTRO + '<button id="first" tabindex="5">First</button>'
    ),
    "no-zoom": Fault(
        "meta-viewport",
        "meta",
        INTRO,
        HEAD.replace("initial-scale=1", "initial-scale=1, user-scalable=no"),
    ),
    "no-title": Fault(
        "document-title", "html", INTRO, HEAD.replace("<title>One fault</title>", "")
    ),
    "console-error": Fault(
        "errors-in-console", "/missing.js", INTRO + '<script src="/missing.js"></script>'
    ),
    "vague-link": Fault(
        "link-text", "good.html", INTRO + '<p><a href="/good.html">Click here</a></p>'
    ),
    "lazy-hero": Fault(
        "lcp-discovery-insight",
        "img#hero",
        '<img id="hero" alt="Hero" loading="lazy" width="400" height="300" '
        'src="/picture.png?w=800&amp;h=600&amp;delay=0.3">',
    ),
}
PAGES = {name: _page(fault) for name, fault in FAULTS.items()}

BAD_PAGE = PAGE.format(
    head='<meta charset="utf-8"><meta name="viewport" content="user-scalable=no, maximum-scale=1">',
    body="".join(
        f'<div class="row"><img src="/pictures/{n % 7}.png"><p style="color:#ccc">Row {n}</p>'
        f'<input name="field-{n}"><button></button><a href="#"></a><select><option>1</select>'
        f'<div role="slidr" tabindex="3">x</div><div aria-hidden="true"><button>y</button></div>'
        f'<div aria-labl="z" role="checkbox"></div><iframe srcdoc="x"></iframe></div>'
        for n in range(25)
    )
    + '<h4>Late</h4><dl><p>no</p></dl><ul><p>no</p></ul><li>alone</li><video src="x.mp4"></video>'
    '<table><td headers="nothing">1</td></table><p lang="xx-bad">?</p><object></object>'
    '<input type="image" src="/pictures/1.png"><input type="button"><meter></meter>',
).replace('<html lang="en">', "<html>")
