"""Pages that somebody cannot use."""

from urllib.parse import quote

from tests.lighthouse.faults.page import HEAD, INTRO, PAGE, Fault

_FILLER = "<p>" + "More text to scroll past. " * 60 + "</p>"


def _body(check: str, offender: str, body: str) -> Fault:
    return Fault(check, offender, INTRO + body, drawn=True)


TRAP = """<form><label>Name <input id="name"></label><label>Code <input id="code"></label></form>
<button id="go">Go</button><a href="/good.html">The imprint of this site</a>
<script>
document.getElementById("code").addEventListener("keydown", event => {
  if (event.key === "Tab") event.preventDefault();
});
</script>"""
CYCLE = """<p><a href="/good.html">The start of this site</a></p>
<div id="panel"><button id="yes">Yes</button><button id="no">No</button></div>
<p><a href="/good.html?b">The end of this site</a></p>
<script>
const [yes, no] = ["yes", "no"].map(id => document.getElementById(id));
yes.addEventListener("blur", () => setTimeout(() => no.focus()));
no.addEventListener("blur", () => setTimeout(() => yes.focus()));
</script>"""

FAULTS = {
    "low-contrast": _body(
        "color-contrast", "p#pale", '<p id="pale" style="color:#bbb">Hard to read</p>'
    ),
    "contrast-by-opacity": _body(
        "color-contrast", "p#faint", '<p id="faint" style="opacity:.3">Hard to read</p>'
    ),
    "contrast-on-colour": _body(
        "color-contrast",
        "button#buy",
        '<button id="buy" style="background:#fc0;color:#fff;height:48px">Buy now</button>',
    ),
    "contrast-on-gradient": _body(
        "gradient-contrast",
        "span#dim",
        '<div style="background:linear-gradient(#fff,#eee)"><span id="dim" style="color:#bbb">'
        "Hard to read</span></div>",
    ),
    "contrast-far-below": _body(
        "color-contrast",
        "p#deep",
        _FILLER * 12 + '<p id="deep" style="color:#aaa">Hard to read</p>' + _FILLER,
    ),
    "contrast-scrolled-away": _body(
        "color-contrast",
        "p#away",
        '<div tabindex="0" role="region" aria-label="News" style="height:120px;overflow:auto">'
        + _FILLER
        + '<p id="away" style="color:#bbb">Hard to read</p></div>'
        + _FILLER,
    ),
    "contrast-in-frame": _body(
        "frame-content",
        "p#framed",
        '<iframe id="part" title="A part" width="300" height="150" srcdoc="&lt;html lang=en>'
        "&lt;title>f&lt;/title>&lt;main>&lt;p id=framed style='color:#bbb'>Hard to read&lt;/p>"
        '&lt;/main>"></iframe>',
    ),
    "contrast-in-shadow": _body(
        "color-contrast",
        "p#inside",
        '<div id="host"></div><script>document.getElementById("host").attachShadow({mode:"open"})'
        '.innerHTML = `<p id="inside" style="color:#bbb">Hard to read</p>`</script>',
    ),
    "contrast-in-closed-shadow": _body(
        "closed-shadow-content",
        "p#inside",
        '<div id="host"></div><script>document.getElementById("host").attachShadow({mode:"closed"})'
        '.innerHTML = `<p id="inside" style="color:#bbb">Hard to read</p>`</script>',
    ),
    "label-in-inner-frame": _body(
        "frame-content",
        "iframe#outer >>> iframe#inner >>> body > main > input#deep",
        '<iframe id="outer" title="Outer" width="360" height="240" src="/status?code=200&amp;body='
        + quote(
            '<!doctype html><html lang="en"><title>Outer</title><main><h1>Outer</h1>'
            '<iframe id="inner" title="Inner" width="300" height="120" src="/status?code=200&body='
            + quote(
                '<!doctype html><html lang="en"><title>Inner</title><main><input id="deep"></main>'
            )
            + '"></iframe></main>'
        )
        + '"></iframe>',
    ),
    "label-in-foreign-frame": _body(
        "frame-content",
        "iframe#shop >>> body > main > input#email",
        '<iframe id="shop" title="Shop" width="360" height="240" '
        'src="{other}/fault/missing-label"></iframe>',
    ),
    "pale-placeholder": _body(
        "placeholder-contrast",
        "input#town",
        "<style>input::placeholder{color:#bbb}</style>"
        '<label>Town <input id="town" placeholder="Such as Bath"></label>',
    ),
    "missing-label": _body("label", "input#email", '<input id="email" type="email">'),
    "placeholder-only": _body("label", "textarea#note", '<textarea id="note" rows="4"></textarea>'),
    "nameless-select": _body(
        "select-name", "select#size", '<select id="size"><option>S</option></select>'
    ),
    "missing-alt": _body(
        "image-alt", "img#logo", '<img id="logo" width="96" height="54" src="/pictures/2.png">'
    ),
    "nameless-button": _body(
        "button-name", "button#send", '<button id="send" style="width:48px;height:48px"></button>'
    ),
    "icon-button": _body(
        "button-name",
        "button#menu",
        '<button id="menu" style="padding:12px"><svg width="24" height="24"><rect width="24" '
        'height="4"/></svg></button>',
    ),
    "nameless-link": _body(
        "link-name",
        "a#more",
        '<a id="more" href="/good.html"><img alt="" width="96" height="54" src="/pictures/1.png">'
        "</a>",
    ),
    "image-button": _body(
        "input-image-alt", "input#find", '<input id="find" type="image" src="/pictures/1.png">'
    ),
    "nameless-svg": _body(
        "svg-img-alt",
        "svg#chart",
        '<svg id="chart" role="img" width="90" height="90"><circle r="40" cx="45" cy="45"/></svg>',
    ),
    "small-targets": _body(
        "target-size",
        "a#tiny",
        '<div style="line-height:12px;font-size:12px"><a id="tiny" href="/good.html?1">'
        'one page</a><br><a href="/good.html?2">two pages</a><br>'
        '<a href="/good.html?3">three pages</a></div>',
    ),
    "heading-order": _body("heading-order", "h4#deep", '<h4 id="deep">Too deep</h4>'),
    "empty-heading": _body("empty-heading", "h2#void", '<h2 id="void"></h2>'),
    "bad-role": _body("aria-roles", "div#widget", '<div id="widget" role="slidr">Volume</div>'),
    "bad-attribute": _body(
        "aria-valid-attr", "button#odd", '<button id="odd" aria-labl="Send">Send it</button>'
    ),
    "bad-attribute-value": _body(
        "aria-valid-attr-value",
        "button#open",
        '<button id="open" aria-expanded="maybe">Open it</button>',
    ),
    "missing-state": _body(
        "aria-required-attr",
        "div#agree",
        '<div id="agree" role="checkbox" tabindex="0">I agree</div>',
    ),
    "orphan-tab": _body(
        "aria-required-parent",
        "button#tab",
        '<button id="tab" role="tab" aria-selected="true">First</button>',
    ),
    "childless-list": _body(
        "aria-required-children",
        "div#rows",
        '<div id="rows" role="listbox" aria-label="Rows" tabindex="0"><button>One</button></div>',
    ),
    "forbidden-attribute": _body(
        "aria-allowed-attr",
        "a#link",
        '<a id="link" href="/good.html" aria-checked="true">A link to somewhere</a>',
    ),
    "nameless-dialog": _body(
        "aria-dialog-name",
        "div#ask",
        '<div id="ask" role="dialog"><p>Shall it be saved?</p></div>',
    ),
    "nameless-toggle": _body(
        "aria-toggle-field-name",
        "div#dark",
        '<div id="dark" role="switch" aria-checked="true" tabindex="0" '
        'style="width:48px;height:24px;background:#060"></div>',
    ),
    "hidden-focus": _body(
        "aria-hidden-focus",
        "div#veil",
        '<div id="veil" aria-hidden="true"><button>Press</button></div>',
    ),
    "duplicate-id": _body(
        "duplicate-id-aria",
        "#total",
        '<p id="total">12</p><p id="total">13</p>'
        '<button aria-describedby="total">Pay for it all</button>',
    ),
    "positive-tabindex": _body(
        "tabindex", "button#first", '<button id="first" tabindex="5">First</button>'
    ),
    "same-access-key": _body(
        "accesskeys",
        "button#save",
        '<button id="save" accesskey="s">Save this</button>'
        '<button id="send" accesskey="s">Send this</button>',
    ),
    "two-labels": _body(
        "form-field-multiple-labels",
        "input#town",
        '<label for="town">Town</label><label for="town">City</label><input id="town">',
    ),
    "bad-autocomplete": _body(
        "autocomplete-valid",
        "input#phone",
        '<label for="phone">Phone</label><input id="phone" autocomplete="telefon">',
    ),
    "link-by-colour": _body(
        "link-in-text-block",
        "a#hidden-link",
        '<p>Read all of <a id="hidden-link" href="/good.html" style="text-decoration:none;'
        'color:#112">the conditions of use</a> before you agree to anything.</p>',
    ),
    "broken-skip-link": Fault(
        "skip-link",
        "a#skip",
        INTRO,
        page=PAGE.replace(
            "<body>",
            '<body><a id="skip" href="#nowhere" style="position:absolute;left:-999px">Skip</a>',
        ),
    ),
    "untitled-frame": _body(
        "frame-title", "iframe#map", '<iframe id="map" src="/good.html?frame"></iframe>'
    ),
    "broken-list": _body("list", "ul#links", '<ul id="links"><div>One</div><div>Two</div></ul>'),
    "lonely-item": _body("listitem", "li#alone", '<div><li id="alone">Alone</li></div>'),
    "broken-definitions": _body(
        "definition-list", "dl#terms", '<dl id="terms"><p>Not a term</p></dl>'
    ),
    "wrong-headers": _body(
        "td-headers-attr",
        "table",
        '<table><tr><th id="year">Year</th></tr><tr><td id="cell" headers="nothing">1</td></tr>'
        "</table>",
    ),
    "no-table-headers": _body(
        "td-has-header",
        "table#prices",
        '<table id="prices">'
        + "".join(f"<tr><td>{n}</td><td>{n * 2}</td><td>3</td><td>4</td></tr>" for n in range(5))
        + "</table>",
    ),
    "fake-caption": _body(
        "table-fake-caption",
        "table#years",
        '<table id="years"><tr><td colspan="4">Years and prices</td></tr>'
        + "".join(f"<tr><th>{n}</th><td>{n * 2}</td><td>3</td><td>4</td></tr>" for n in range(5))
        + "</table>",
    ),
    "no-captions": _body(
        "video-caption",
        "video#talk",
        '<video id="talk" controls width="320" height="180" src="/missing.mp4"></video>',
    ),
    "name-unlike-label": _body(
        "label-content-name-mismatch",
        "button#order",
        '<button id="order" aria-label="Continue">Order now</button>',
    ),
    "redundant-alt": _body(
        "image-redundant-alt",
        "img#twice",
        '<a href="/good.html"><img id="twice" alt="Our prices" width="96" height="54" '
        'src="/picture.png?w=192&amp;h=108">Our prices</a>',
    ),
    "bad-text-language": _body(
        "valid-lang", "p#foreign", '<p id="foreign" lang="xx-none">Bonjour tout le monde</p>'
    ),
    "no-language": Fault("html-has-lang", "html", INTRO, page=PAGE.replace(' lang="en"', "")),
    "bad-language": Fault(
        "html-lang-valid", "html", INTRO, page=PAGE.replace('lang="en"', 'lang="english"')
    ),
    "no-main": Fault(
        "landmark-one-main",
        "html",
        INTRO,
        page=PAGE.replace("<main>", "<div>").replace("</main>", "</div>"),
    ),
    "no-zoom": Fault(
        "meta-viewport",
        "meta",
        INTRO,
        HEAD.replace("initial-scale=1", "initial-scale=1, user-scalable=no"),
    ),
    "self-refresh": Fault(
        "meta-refresh", "meta", INTRO, HEAD + '<meta http-equiv="refresh" content="900">'
    ),
    "no-title": Fault(
        "document-title", "html", INTRO, HEAD.replace("<title>One fault</title>", "")
    ),
    "keyboard-trap": _body("keyboard-trap", "input#code", TRAP),
    "keyboard-cycle": _body("keyboard-trap", "div#panel", CYCLE),
    "clickable-text": _body(
        "mouse-only-control",
        "div#pay",
        '<div id="pay" onclick="document.title += 1" style="cursor:pointer">Pay now</div>',
    ),
    "invisible-focus": _body(
        "focus-visible",
        "a#plain",
        '<style>a:focus{outline:none}</style><a id="plain" href="/good.html">The whole offer</a>',
    ),
}
