"""Parallel work that one process did almost alone."""

from collections.abc import Iterator

from stacksight_core.units import format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_MS = 20.0
MIN_PART_OF_TIME = 0.8
MIN_PART = 0.1
MIN_PROCESSES = 3


def find(view: PlanView) -> Iterator[Finding]:
    """Find nodes of which one of three processes or more took four fifths of 20 ms or more.

    By time, since a process may read as much as the others and keep fewer rows.
    """
    for node in view.executed():
        times = _ms_by_process(node)
        if not _is_skewed(times) or view.part_with_children(node) < MIN_PART:
            continue
        if any(_is_skewed(_ms_by_process(child)) for child in node.children):
            continue  # told there, where it comes from
        worst = max(times)
        yield Finding(
            kind="parallel_skew",
            title=f"One of {len(times)} processes did {worst / sum(times):.0%} of {node.label}: "
            f"{format_duration(worst / 1000)} of {format_duration(sum(times) / 1000)}.",
            share=view.part_with_children(node) * (1 - 1 / len(times)),
            node=node.number,
            cause="The work could not be divided: the dear rows lie together, or the other "
            "processes started too late",
        )


def _is_skewed(times: list[float]) -> bool:
    if len(times) < MIN_PROCESSES or sum(times) < MIN_MS:
        return False
    return max(times) >= MIN_PART_OF_TIME * sum(times)


def _ms_by_process(node: Node) -> list[float]:
    workers = [
        float(worker["Actual Total Time"]) * float(worker.get("Actual Loops", 1))
        for worker in node.raw.get("Workers", ())
        if "Actual Total Time" in worker
    ]
    leader = max(node.number_of("Actual Total Time") * node.loops - sum(workers), 0.0)
    return [leader, *workers] if workers else []
