"""The words beside a picture. No I/O."""

from stacksight_core.units import plural
from stacksight_core.untrusted import fence
from stacksight_lighthouse.models.audits import Box, Picture


def render_picture(picture: Picture) -> str:
    """Write what a picture shows, and what each numbered box is."""
    size = f"{picture.width}x{picture.height}"
    lines = [f"{picture.subject} of {picture.audit_id}: {picture.url}"]
    if picture.boxes:
        lines.append(f"The part of the page at {picture.left},{picture.top}, size {size}. Boxes:")
        words = [_words(box) for box in picture.boxes]
        lines.append(fence("\n".join(words), "elements of the page"))
    if any(box.moved_from for box in picture.boxes):
        lines.append("Dashes are where it was, a dot where it went; the largest of each shift.")
    if picture.outside:
        lines.append(f"{plural(picture.outside, 'more element')} marked outside of this part.")
    return "\n".join(lines)


def _words(box: Box) -> str:
    place = f"at {box.rect.left},{box.rect.top} size {box.rect.width}x{box.rect.height}"
    if box.moved_from:
        place += f", before at {box.moved_from.left},{box.moved_from.top} (dashed)"
    if box.hidden:
        place += f", scrolled out of sight: number={box.number} shows it"
    return f"{box.number}. `{box.what}` {place}"
