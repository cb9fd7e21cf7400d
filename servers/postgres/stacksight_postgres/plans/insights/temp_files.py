"""Rows that are kept for later and did not fit into memory."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.memory import raise_work_mem
from stacksight_postgres.plans.model import Node

MIN_BLOCKS = 128
_TOLD_ELSEWHERE = frozenset({"Sort", "Incremental Sort", "Hash", "Hash Join", "Aggregate", "SetOp"})


def find(view: PlanView) -> Iterator[Finding]:
    """Find nodes that wrote 1 MB or more to temporary files, besides sorts, hashes, aggregates."""
    for node in view.executed():
        blocks = _own(node)
        if node.kind in _TOLD_ELSEWHERE or blocks < MIN_BLOCKS:
            continue
        kept_kb = blocks * 8
        yield Finding(
            kind="temp_files",
            title=f"{node.label} kept {format_bytes(kept_kb * 1024)} of rows in temporary files.",
            share=view.part(node),
            node=node.number,
            cause="Rows that are read again do not fit into work_mem",
            fix=raise_work_mem(view, kept_kb * 1.5),
        )


def _own(node: Node) -> float:
    below = sum(child.number_of("Temp Written Blocks") for child in node.children)
    return node.number_of("Temp Written Blocks") - below
