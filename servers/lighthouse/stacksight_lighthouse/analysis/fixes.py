"""How to fix what an audit finds, in a sentence or two for the one who edits the source."""

import re

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_LEARN = re.compile(r"\s*\[(?:Learn|See)[^\]]*\]\([^)]*\)\.?")
_SENTENCES = 2

_FIXES = {
    "accesskeys": "Give each accesskey to one element only.",
    "autoplay-media": "Remove autoplay, or add muted and a control to turn the sound on.",
    "bf-cache": "Use pagehide in place of unload, and close connections there; then going back is "
    "instant.",
    "broken-image": "Correct the address, or let the server send the picture; for one that may be "
    "missing give an onerror fallback.",
    "closed-shadow-content": "Repair it in the component that makes the shadow root.",
    "content-width": "Let it shrink: max-width: 100%, flex-wrap, or a box with overflow-x: auto.",
    "covered-control": "Give what lies over it pointer-events: none or a lower z-index, or take it "
    "out of the page when it is not needed.",
    "dom-size-insight": "Render only what is in view (paging, virtual lists, content-visibility).",
    "focus-visible": "Give :focus-visible an outline; never outline: none without another sign.",
    "font-size": "Set running text in 12 pixels or more (16 is usual).",
    "forced-reflow-insight": "Read all sizes first, then write all styles; do not alternate.",
    "keyboard-trap": "Do not cancel Tab in key handlers nor move the focus back on blur. A dialog "
    "that keeps the focus has to close by Escape.",
    "label-content-name-mismatch": "Let aria-label contain the visible text, or remove it.",
    "mouse-only-control": "Make it a <button> or <a href>, or give it role, tabindex=0 and a key "
    "handler.",
    "non-composited-animations": "Animate transform and opacity in place of left, top, width or "
    "colours.",
    "text-compression": "Turn on gzip or brotli for text, scripts, styles and JSON in the server.",
    "third-parties-insight": "Load it async or after the page is usable, or do without it.",
    "vulnerable-libraries": "Update the library to the version named.",
    "aria-hidden-focus": "Remove aria-hidden, or take the control out of the tab order "
    "(tabindex=-1, disabled, or hidden).",
    "button-name": "Put text into the button, or aria-label on it; an icon alone has no name.",
    "layout-shifts": "Reserve the space before it is needed: width and height on images and "
    "frames, min-height on what a script fills, and nothing inserted above what is already shown.",
    "color-contrast": "Darken the text or lighten its background (or the reverse) until the ratio "
    "is at least 4.5:1, 3:1 for large text.",
    "document-title": "Put a <title> that names the page into <head>.",
    "errors-in-console": "Fix the failing request or the thrown error; the message names it.",
    "font-display-insight": "Add font-display: swap (or optional) to the @font-face rule.",
    "frame-content": "Repair it in the frame's own document, as on the page itself.",
    "gradient-contrast": "Darken the text or the gradient until every part of it has 4.5:1.",
    "heading-order": "Use the next heading level, and CSS for the size.",
    "html-has-lang": 'Write the page\'s language: <html lang="en">.',
    "image-alt": 'Give the image alt text, or alt="" if it only decorates.',
    "image-delivery-insight": "Serve the picture in the size it is shown in, as WebP or AVIF.",
    "label": "Put a <label for=…> beside the field, wrap the field in a <label>, or add "
    "aria-label. A placeholder is not enough.",
    "link-name": "Put text into the link, or aria-label on it, or alt on the image inside.",
    "long-tasks": "Do less in one go: split the work, defer what the first view does not need, or "
    "move it to a worker.",
    "lcp-discovery-insight": "Put the image into the HTML as <img fetchpriority=high> without "
    "loading=lazy, or preload it.",
    "meta-description": 'Add <meta name="description" content="…"> to <head>.',
    "meta-viewport": "Remove user-scalable=no and any maximum-scale below 5.",
    "parser-blocking-scripts": "Load it with defer (or async); never write it by document.write.",
    "placeholder-contrast": "Give ::placeholder a colour of 4.5:1 (e.g. #767676 on white), and "
    "opacity: 1.",
    "render-blocking-insight": "Load scripts with defer or async; inline the little CSS that the "
    "first view needs, and load the rest later.",
    "target-size": "Make the target at least 24 by 24 pixels, or leave as much space around it.",
    "unsized-images": "Write width and height on the <img>; with CSS height: auto they keep only "
    "the ratio.",
    "unused-css-rules": "Remove the rules that no page uses, or load them where they are used.",
    "unused-javascript": "Split the bundle and import() what the first view does not need.",
    "viewport-insight": 'Add <meta name="viewport" content="width=device-width, initial-scale=1">.',
}


def fix_for(audit_id: str, description: str) -> str | None:
    """Return the fix: ours, else the first sentences of Lighthouse's own description."""
    if audit_id in _FIXES:
        return _FIXES[audit_id]
    text = _LINK.sub(r"\1", _LEARN.sub("", description)).strip()
    sentences = re.split(r"(?<=[.!?])\s+", text)
    return " ".join(sentences[:_SENTENCES]) or None
