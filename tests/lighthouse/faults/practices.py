"""Pages that break the web's good manners, or hide from search engines."""

from tests.lighthouse.faults.page import HEAD, INTRO, PAGE, Fault

FAULTS = {
    "console-error": Fault(
        "errors-in-console", "/missing.js", INTRO + '<script src="/missing.js"></script>'
    ),
    "thrown-error": Fault(
        "errors-in-console",
        "basket is not defined",
        INTRO + "<script>setTimeout(() => basket.open(), 50)</script>",
    ),
    "logged-error": Fault(
        "errors-in-console",
        "out of stock",
        INTRO + "<script>console.error('out of stock')</script>",
    ),
    "rejected-promise": Fault(
        "errors-in-console",
        "no such user",
        INTRO + "<script>Promise.reject(new Error('no such user'))</script>",
    ),
    "old-interface": Fault(
        "deprecations",
        "ynchronous",
        INTRO + "<script>const r = new XMLHttpRequest(); r.open('GET', '/json', false); r.send()"
        "</script>",
    ),
    "no-doctype": Fault("doctype", "", INTRO, page=PAGE.replace("<!doctype html>\n", "")),
    "squeezed-image": Fault(
        "image-aspect-ratio",
        "img#flat",
        INTRO + '<img id="flat" alt="" width="300" height="60" src="/picture.png?w=300&amp;h=300">',
        drawn=True,
    ),
    "missing-image": Fault(
        "broken-image",
        "img#team",
        INTRO + '<img id="team" alt="Our team" width="300" height="200" src="/team.png">',
        drawn=True,
    ),
    "undecodable-image": Fault(
        "broken-image",
        "img#map",
        INTRO + '<img id="map" alt="A map" width="300" height="200" src="/json">',
        drawn=True,
    ),
    "missing-background": Fault(
        "broken-image errors-in-console",
        "stage.png",
        INTRO + '<div style="height:200px;background:url(/stage.png)"></div>',
    ),
    "covered-button": Fault(
        "covered-control",
        "button#pay",
        INTRO
        + '<div style="position:relative"><button id="pay" style="padding:16px">Pay now</button>'
        '<div id="veil" style="position:absolute;inset:0"></div></div>',
        drawn=True,
    ),
    "blurred-image": Fault(
        "image-size-responsive",
        "img#coarse",
        INTRO
        + '<img id="coarse" alt="" width="300" height="200" src="/picture.png?w=90&amp;h=60">',
        drawn=True,
    ),
    "no-paste": Fault(
        "paste-preventing-inputs",
        "input#iban",
        INTRO + '<label for="iban">IBAN</label><input id="iban" onpaste="return false">',
        drawn=True,
    ),
    "asks-where-you-are": Fault(
        "geolocation-on-start",
        "/fault/asks-where-you-are",
        INTRO + "<script>navigator.geolocation.getCurrentPosition(() => {})</script>",
    ),
    "asks-to-notify": Fault(
        "notification-on-start",
        "/fault/asks-to-notify",
        INTRO + "<script>Notification.requestPermission()</script>",
    ),
    "broken-source-map": Fault(
        "valid-source-maps errors-in-console",
        "/mapped.js",
        INTRO + '<script defer src="/mapped.js"></script>',
    ),
    "old-library": Fault(
        "vulnerable-libraries", "jQuery 1.12.4", INTRO + '<script defer src="/jquery.js"></script>'
    ),
    "no-description": Fault(
        "meta-description",
        "",
        INTRO,
        HEAD.replace('<meta name="description" content="A page with one fault.">', ""),
    ),
    "no-index": Fault(
        "is-crawlable", "noindex", INTRO, HEAD + '<meta name="robots" content="noindex">'
    ),
    "two-canonicals": Fault(
        "canonical",
        "",
        INTRO,
        HEAD + '<link rel="canonical" href="https://a.example/"><link rel="canonical" '
        'href="https://b.example/">',
    ),
    "bad-hreflang": Fault(
        "hreflang",
        "xx-nolang",
        INTRO,
        HEAD + '<link rel="alternate" hreflang="xx-nolang" href="https://a.example/">',
    ),
    "script-link": Fault(
        "crawlable-anchors",
        "a#go",
        INTRO + '<a id="go" href="javascript:void(0)">The whole offer</a>',
        drawn=True,
    ),
    "vague-link": Fault(
        "link-text", "good.html", INTRO + '<p><a href="/good.html">Click here</a></p>'
    ),
    "tiny-text": Fault(
        "font-size",
        "p#small",
        INTRO + '<p id="small" style="font-size:8px">' + "Too small to read. " * 40 + "</p>",
        drawn=True,
    ),
    "too-wide": Fault(
        "content-width",
        "div#wide",
        INTRO + '<div id="wide" style="width:900px;height:40px;background:#060"></div>',
        drawn=True,
    ),
    "no-viewport": Fault(
        "viewport-insight",
        "",
        INTRO,
        HEAD.replace('<meta name="viewport" content="width=device-width, initial-scale=1">', ""),
    ),
    "loud-video": Fault(
        "autoplay-media",
        "video#ad",
        INTRO + '<video id="ad" autoplay loop width="320" height="180" src="/clip.wav"></video>',
        drawn=True,
    ),
}
