"""How much work_mem a spilling node would have needed; used by several insights."""

from stacksight_postgres.plans.facts import PlanView

MAX_SUGGESTED_MB = 512


def raise_work_mem(view: PlanView, needed_kb: float) -> str | None:
    """Return the SET for this statement, or None when it would take too much memory.

    Args:
        view: the plan.
        needed_kb: what the node would hold in memory, in kB.
    """
    wanted = max(needed_kb, view.around.work_mem_kb() * 1.5) / 1024
    size = 1
    while size < wanted:
        size *= 2
    if size > MAX_SUGGESTED_MB:
        return None
    return f"SET LOCAL work_mem = '{size}MB' in the transaction that runs this statement"
