"""The answer of inspect_audit as text. No I/O."""

from stacksight_core.units import plural
from stacksight_core.untrusted import fence, inline
from stacksight_lighthouse.models.audits import Item, Section, Topic
from stacksight_lighthouse.render.report import render_causes, render_item


def render_topic(topic: Topic) -> str:
    """Write a topic: each check with its state and figure, then its items."""
    parts = [f"{topic.topic} of {topic.audit_id}: {topic.url}"]
    parts += [
        f"{state} ({len(names)}): {', '.join(names)}" for state, names in topic.checks.items()
    ]
    parts += [_section(section) for section in topic.sections]
    if topic.next_cursor:
        parts.append(
            f'More: inspect_audit(audit_id="{topic.audit_id}", topic="{topic.topic}", '
            f'cursor="{topic.next_cursor}")'
        )
    return "\n\n".join(parts)


def _section(section: Section) -> str:
    value = f", {inline(section.value)}" if section.value else ""
    lines = [f"{section.check}: {section.title} [{section.state}{value}]"]
    if section.fix:
        lines.append(f"fix: {section.fix}")
    if not section.total:
        lines.append("no items")
    if section.items:
        shown = len(section.items)
        head = plural(section.total, "item")
        if shown < section.total:
            head += f", {shown} here"
        lines.append(fence("\n".join(_items(section.items)), f"{head}, with text of the page"))
    return "\n".join(lines)


def _items(items: list[Item]) -> list[str]:
    lines = []
    said = None
    for item in items:
        cause = item.element.explanation if item.element else None
        if cause and cause != said:
            lines.append(f"cause: {cause}")
        said = cause
        lines.append(f"- {render_item(item)}{_position(item)}")
        lines += render_causes(item)
    return lines


def _position(item: Item) -> str:
    rect = item.element.rect if item.element else None
    if rect is None or not (rect.width and rect.height):
        return ""
    return f" at {rect.left:.0f},{rect.top:.0f} size {rect.width:.0f}x{rect.height:.0f}"
