"""Planner methods that are switched off."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding


def find(view: PlanView) -> Iterator[Finding]:
    """Find enable_* settings that are off, and nodes that were used although disabled."""
    off = sorted(name for name, value in view.around.settings.items() if _is_off(name, value))
    off += [name for name, v in view.plan.settings.items() if _is_off(name, v) and name not in off]
    forced = [node for node in view.plan.nodes if node.raw.get("Disabled")]
    if not off and not forced:
        return
    names = ", ".join(off) or "a planner method"
    used = f"; {format_count(len(forced))} disabled nodes were used all the same" if forced else ""
    yield Finding(
        kind="disabled",
        title=f"{names} {'are' if len(off) > 1 else 'is'} off{used}.",
        share=0.05,
        node=forced[0].number if forced else None,
        cause="The planner cannot choose what may be the best plan",
        fix="; ".join(f"RESET {name}" for name in off) or None,
    )


def _is_off(name: str, value: str) -> bool:
    return (
        name.startswith("enable_") and value == "off" and not name.startswith("enable_partitionw")
    )
