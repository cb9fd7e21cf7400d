"""The words beside a picture. No I/O."""

from stacksight_core.units import plural
from stacksight_core.untrusted import fence
from stacksight_lighthouse.models import Picture


def render_picture(picture: Picture) -> str:
    """Write what a picture shows, and what each numbered box is."""
    size = f"{picture.width}x{picture.height}"
    lines = [f"{picture.subject} of {picture.audit_id}: {picture.url}"]
    if picture.boxes:
        lines.append(f"The part of the page at {picture.left},{picture.top}, size {size}. Boxes:")
        words = [
            f"{box.number}. `{box.what}` at {box.rect.left},{box.rect.top} "
            f"size {box.rect.width}x{box.rect.height}"
            for box in picture.boxes
        ]
        lines.append(fence("\n".join(words), "elements of the page"))
    if picture.outside:
        lines.append(f"{plural(picture.outside, 'more element')} marked outside of this part.")
    return "\n".join(lines)
