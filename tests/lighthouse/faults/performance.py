"""Pages that are slow or that move."""

from tests.lighthouse.faults.page import HEAD, INTRO, TEXT, Fault

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
AD = (
    """<div id="ad"></div>"""
    + TEXT * 3
    + """<script>
addEventListener("load", () => setTimeout(() => {
  document.getElementById("ad").innerHTML =
    '<iframe id="offer" title="An offer" src="/good.html?ad" width="300" height="200"></iframe>';
}, 400));
</script>"""
)
GROWING = (
    """<details id="box" open><summary>News</summary></details>"""
    + TEXT * 3
    + """<script>
setTimeout(() => { document.getElementById("box").style.paddingBottom = "180px"; }, 900);
</script>"""
)
SLIDING = """<style>
@keyframes slide { from { left: 0; } to { left: 200px; } }
#slider { position: relative; width: 80px; height: 80px; background: #060;
  animation: slide 1s infinite alternate; }
</style><div id="slider"></div>"""
REFLOW = (
    """<div id="grid">""" + "<p>cell</p>" * 1500 + """</div><script src="/reflow.js"></script>"""
)
LATE_HERO = """<div id="stage"></div><script>
setTimeout(() => {
  document.getElementById("stage").innerHTML =
    '<img id="hero" alt="Hero" width="400" height="300" src="/picture.png?w=800&h=600">';
}, 1200);
</script>"""
BACKGROUND = """<style>#hero { width: 400px; height: 300px;
  background: url("/picture.png?w=800&h=600&delay=0.4"); }</style><div id="hero"></div>"""

FAULTS = {
    "late-banner": Fault("layout-shifts", "div#late-banner", INTRO + TEXT * 3 + BANNER, drawn=True),
    "unsized-image": Fault(
        "layout-shifts unsized-images",
        "img#hero",
        f'<img id="hero" alt="" src="/picture.png?w=360&amp;h=200&amp;delay=0.5">{TEXT * 3}',
        drawn=True,
    ),
    "unsized-image-below": Fault(
        "unsized-images",
        "img#low",
        INTRO + TEXT * 12 + '<img id="low" alt="" src="/picture.png?w=360&amp;h=200">',
        drawn=True,
    ),
    "late-ad": Fault("layout-shifts", "iframe#offer", INTRO + AD, drawn=True),
    "growing-box": Fault("layout-shifts", "#box", INTRO + GROWING, drawn=True),
    "late-font": Fault(
        "layout-shifts font-display-insight",
        "/font.ttf",
        INTRO
        + '<p id="set" style="font-family:Wide">'
        + "Many words to be set. " * 80
        + "</p>"
        + TEXT,
        HEAD + '<style>@font-face{font-family:Wide;src:url("/font.ttf?delay=1")}</style>',
    ),
    "swapped-font": Fault(
        "layout-shifts",
        "/font.ttf",
        INTRO
        + '<p id="set" style="font-family:Wide">'
        + "Many words to be set. " * 15
        + "</p>"
        + TEXT,
        HEAD + '<style>@font-face{font-family:Wide;src:url("/font.ttf?delay=1");'
        "font-display:swap}</style>",
    ),
    "moving-by-left": Fault("non-composited-animations", "div#slider", INTRO + SLIDING, drawn=True),
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
    "style-chain": Fault(
        "network-dependency-tree-insight render-blocking-insight",
        "/import.css",
        INTRO,
        HEAD + '<link rel="stylesheet" href="/import.css?depth=3&amp;delay=0.3">',
    ),
    "written-script": Fault(
        "render-blocking-insight",
        "/slow.js",
        INTRO,
        HEAD + """<script>document.write('<script src="/slow.js?delay=1"><\\/script>')</script>""",
    ),
    "blocking-in-body": Fault(
        "parser-blocking-scripts",
        "/slow.js",
        INTRO + '<script src="/slow.js?delay=1"></script>' + TEXT,
    ),
    "blocking-third-party": Fault(
        "render-blocking-insight third-parties-insight",
        "127.0.0.1",
        INTRO,
        HEAD + '<script src="{other}/slow.js?delay=1"></script>',
    ),
    "busy-third-party": Fault(
        "third-parties-insight long-tasks bootup-time",
        "127.0.0.1",
        INTRO,
        HEAD + '<script async src="{other}/busy.js?ms=500"></script>',
    ),
    "long-task": Fault(
        "long-tasks", "/fault/long-task", INTRO + BUSY + "<script>burn(400)</script>"
    ),
    "long-task-in-file": Fault(
        "long-tasks bootup-time",
        "/busy.js",
        INTRO + '<script defer src="/busy.js?ms=500"></script>',
    ),
    "long-task-after-load": Fault(
        "long-tasks",
        "/busy.js",
        INTRO + '<script defer src="/busy.js?ms=400&amp;later=1"></script>',
    ),
    "forced-reflow": Fault("forced-reflow-insight", "/reflow.js", INTRO + REFLOW),
    "huge-dom": Fault(
        "dom-size-insight", "#all", INTRO + '<div id="all">' + "<p>x</p>" * 3000 + "</div>"
    ),
    "huge-image": Fault(
        "image-delivery-insight",
        "img#noise",
        INTRO + '<img id="noise" alt="Noise" width="100" height="100" src="/noise.png?side=700">',
        drawn=True,
    ),
    "huge-background": Fault(
        "image-delivery-insight total-byte-weight",
        "noise.png",
        INTRO + '<div style="width:300px;height:200px;background:url(/noise.png?side=900)"></div>',
    ),
    "lazy-hero": Fault(
        "lcp-discovery-insight",
        "img#hero",
        '<img id="hero" alt="Hero" loading="lazy" width="400" height="300" '
        'src="/picture.png?w=800&amp;h=600&amp;delay=0.3">',
        drawn=True,
    ),
    "late-hero": Fault("lcp-discovery-insight", "img#hero", LATE_HERO, drawn=True),
    "background-hero": Fault("lcp-discovery-insight", "div#hero", BACKGROUND, drawn=True),
    "slow-server": Fault(
        "document-latency-insight", "", INTRO, path="/fault/slow-server?delay=1.2"
    ),
    "redirects": Fault(
        "document-latency-insight redirects",
        "edirect",
        INTRO,
        path="/redirect?to=/redirect%3Fto%3D/fault/redirects",
    ),
    "uncompressed-page": Fault(
        "document-latency-insight", "ompress", INTRO + "<p>" + "The same words. " * 6000 + "</p>"
    ),
    "uncompressed-script": Fault(
        "text-compression", "/large.js", INTRO + '<script defer src="/large.js"></script>'
    ),
    "unminified-script": Fault(
        "unminified-javascript", "/loose.js", INTRO + '<script defer src="/loose.js"></script>'
    ),
    "unminified-style": Fault(
        "unminified-css", "/loose.css", INTRO, HEAD + '<link rel="stylesheet" href="/loose.css">'
    ),
    "unused-script": Fault(
        "unused-javascript", "/unused.js", INTRO + '<script defer src="/unused.js"></script>'
    ),
    "unused-style": Fault(
        "unused-css-rules",
        "/unused.css",
        INTRO,
        HEAD + '<link rel="stylesheet" href="/unused.css">',
    ),
    "legacy-script": Fault(
        "legacy-javascript-insight",
        "/legacy.js",
        INTRO + '<script defer src="/legacy.js"></script>',
    ),
    "duplicated-script": Fault(
        "duplicated-javascript-insight",
        "lodash",
        INTRO
        + '<script defer src="/twice-a.js"></script><script defer src="/twice-b.js"></script>',
    ),
    "no-cache": Fault(
        "cache-insight", "/large.js", INTRO + '<script defer src="/large.js"></script>'
    ),
    "hidden-text-font": Fault(
        "font-display-insight",
        "/font.ttf",
        INTRO + '<p style="font-family:Slow">Set in a font that comes late</p>',
        HEAD + '<style>@font-face{font-family:Slow;src:url("/font.ttf?delay=1.5");'
        "font-display:block}</style>",
    ),
    "no-way-back": Fault(
        "bf-cache deprecations",
        "nload",
        INTRO + "<script>addEventListener('unload', () => {})</script>",
    ),
    "heavy-page": Fault(
        "total-byte-weight image-delivery-insight",
        "noise.png",
        INTRO
        + "".join(
            f'<img alt="" width="300" height="300" src="/noise.png?side=900&amp;n={n}">'
            for n in range(3)
        ),
    ),
}
