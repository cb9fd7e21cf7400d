"""Files that the pages with faults load: scripts, styles, a font, a sound."""

import json
import struct
from functools import cache
from io import BytesIO

from PIL import ImageFont

Query = dict[str, str]


def busy_script(query: Query) -> str:
    """A script that keeps the main thread busy, at once or after the load."""
    burn = (
        "function burnCycles() { const end = performance.now() + "
        f"{int(query.get('ms', 300))}; while (performance.now() < end); }}"
    )
    call = "setTimeout(burnCycles, 800);" if "later" in query else "burnCycles();"
    return f"{burn} {call}"


def reflow_script(_: Query) -> str:
    """A script that measures after every change."""
    return (
        "function layOut() { const cells = document.querySelectorAll('#grid p');"
        "for (const cell of cells) { cell.style.width = cell.offsetWidth - 1 + 'px'; } }"
        "requestAnimationFrame(layOut);"
    )


def large_script(_: Query) -> str:
    """A script of 200 kB that is all used."""
    words = ", ".join(f'"word number {n}"' for n in range(10_000))
    return f"const words=[{words}];document.title+=words.length>1?'':'?';"


def loose_script(_: Query) -> str:
    """A script with more comment than code."""
    return "".join(
        f"// This comment says at length what the number {n} is there for, and who wanted it.\n"
        f"window.number{n}        =        {n};\n\n\n"
        for n in range(400)
    )


def loose_style(_: Query) -> str:
    """A style sheet with more space than rules."""
    return "/* a long comment about the next rule */\n\nmain      {\n\n    margin: 0;\n}\n" * 400


def unused_script(_: Query) -> str:
    """A script whose functions are never called."""
    return "".join(
        f"function never{n}(a,b){{return a*{n}+b/{n + 1}-Math.sqrt(a*b+{n * 3})}}\n"
        for n in range(1500)
    )


def unused_style(_: Query) -> str:
    """A style sheet that matches nothing."""
    return "".join(
        f".never-{n} .used-{n}{{color:#{n % 4096:03x};margin:{n}px;padding:{n % 9}em}}\n"
        for n in range(1500)
    )


def import_style(query: Query) -> str:
    """A style sheet that imports another, so many deep."""
    depth = int(query["depth"])
    if depth == 0:
        return "main { margin: 0 }"
    return f'@import url("/import.css?depth={depth - 1}&delay={query["delay"]}");'


def legacy_script(_: Query) -> str:
    """A script that brings along what every browser has had for years."""
    polyfills = (
        "at concat copyWithin every fill filter find findIndex flat flatMap forEach from includes "
        "map of reduce some"
    ).split()
    lines = [
        f"Array.prototype.{name}=Array.prototype.{name}||function(n){{return this[n]}};"
        f"Object.defineProperty(Array.prototype,'{name}',{{value:function(){{return {n}}}}});"
        for n, name in enumerate(polyfills)
        if name in {"at", "flat", "flatMap", "includes", "fill"}
    ]
    classes = "".join(
        f"var _c{n}=function(e,t){{_classCallCheck(this,e);this.v={n}}};" for n in range(400)
    )
    head = (
        "function _classCallCheck(e,t){if(!(e instanceof t))throw new TypeError("
        "'Cannot call a class as a function')}"
    )
    return (
        "(function(){try{" + head + classes + "}catch(e){}})();(function(){" + "".join(lines) + "})"
    )


def twice_script(_: Query) -> str:
    """A bundle that holds the same package as the other one."""
    return f"{_padding()}\n//# sourceMappingURL=/twice.js.map"


def twice_map(_: Query) -> str:
    """The source map of both bundles: everything comes from one module of lodash."""
    return json.dumps(
        {
            "version": 3,
            "file": "twice.js",
            "sources": ["webpack:///node_modules/lodash/once.js", "webpack:///src/index.js"],
            "sourcesContent": [_padding(), "start();"],
            "names": [],
            "mappings": "AAAA",
        }
    )


def _padding() -> str:
    return "window.once=[" + ",".join(str(n) for n in range(2000)) + "];"


def mapped_script(_: Query) -> str:
    """A script whose source map is not there."""
    return f"{large_script({})}\n//# sourceMappingURL=/missing.js.map"


def old_library(_: Query) -> str:
    """What a page can see of an old jQuery: its name and version."""
    return 'window.jQuery=window.$=Object.assign(function(){},{fn:{jquery:"1.12.4"}});'


@cache
def font() -> bytes:
    """A TrueType font, the one that Pillow brings along."""
    loaded = ImageFont.load_default(20)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    assert isinstance(loaded.path, BytesIO)
    return loaded.path.getvalue()


def sound() -> bytes:
    """Five seconds of silence."""
    frames = b"\x80" * 40_000
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(frames), b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8
    )
    return head + struct.pack("<4sI", b"data", len(frames)) + frames


SCRIPTS = {
    "/busy.js": busy_script,
    "/reflow.js": reflow_script,
    "/large.js": large_script,
    "/loose.js": loose_script,
    "/unused.js": unused_script,
    "/legacy.js": legacy_script,
    "/twice-a.js": twice_script,
    "/twice-b.js": twice_script,
    "/twice.js.map": twice_map,
    "/mapped.js": mapped_script,
    "/jquery.js": old_library,
}
STYLES = {
    "/loose.css": loose_style,
    "/unused.css": unused_style,
    "/import.css": import_style,
}
