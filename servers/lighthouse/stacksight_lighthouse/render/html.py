"""Lighthouse's own HTML report, from a kept result. No I/O."""

import json
import re
from collections.abc import Mapping
from typing import Any

_MARK = re.compile(r"%%LIGHTHOUSE_(JSON|JAVASCRIPT)%%")
_LINE_SEPARATORS = {0x2028: "\\u2028", 0x2029: "\\u2029"}


def render_html(lhr: Mapping[str, Any], template: str, javascript: str) -> str:
    """Return a page that shows a result and needs nothing else.

    Args:
        lhr: Lighthouse's result.
        template: Lighthouse's report/assets/standalone-template.html.
        javascript: Lighthouse's dist/report/standalone.js.
    """
    data = json.dumps(lhr, ensure_ascii=False)
    parts = {  # text of the page must not end the script that holds it
        "JSON": data.replace("<", "\\u003c").translate(_LINE_SEPARATORS),
        "JAVASCRIPT": javascript.replace("</", "\\u003c/"),
    }
    return _MARK.sub(lambda mark: parts[mark[1]], template)
