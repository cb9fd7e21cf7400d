"""What an insight finds."""

from pydantic import BaseModel, Field


class Finding(BaseModel):
    """Something about a plan that costs, with what proves it and what would help.

    Attributes are described by their fields, which structured clients read.
    """

    kind: str = Field(description="Short name of the insight, e.g. disk_sort.")
    title: str = Field(description="The conclusion, in one sentence with its numbers.")
    share: float = Field(description="Part of the plan's time or cost that it concerns, 0 to 1.")
    node: int | None = Field(default=None, description="Number of the node in the tree.")
    cause: str | None = None
    fix: str | None = Field(default=None, description="The statement or call that helps or checks.")
    expected: str | None = Field(default=None, description="What trying the fix showed.")


def rank(findings: list[Finding]) -> list[Finding]:
    """Order findings by what they concern; where that is the same, those with a fix first."""
    return sorted(
        findings, key=lambda f: (-round(f.share, 2), f.expected is None, f.fix is None, f.kind)
    )


_EXPLAINED_BY_INDEX = frozenset({"sequential_scan", "inefficient_index", "top_n_sort"})


def join_causes(findings: list[Finding]) -> list[Finding]:
    """Tell what a missing index causes on the same node together with it, and rank the rest."""
    indexes = {f.node: f for f in findings if f.kind == "missing_index"}
    kept = []
    for finding in findings:
        index = indexes.get(finding.node)
        if index is None or finding.kind not in _EXPLAINED_BY_INDEX:
            kept.append(finding)
        elif index.cause is None or finding.kind == "sequential_scan":
            index.cause = finding.title.rstrip(".")
    return rank(kept)
