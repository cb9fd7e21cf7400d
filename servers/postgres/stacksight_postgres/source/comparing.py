"""Plans a statement twice, or looks plans up, to compare them."""

import re
from collections.abc import Mapping

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_postgres.binding import as_literal
from stacksight_postgres.comparing import PlanComparison
from stacksight_postgres.explained import KeptPlan
from stacksight_postgres.plans.compare import compare
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.source.explaining import check_explaining, choose_values, explain
from stacksight_postgres.source.plans import pretend
from stacksight_postgres.source.state import Source

SETTINGS = frozenset(
    """
    work_mem hash_mem_multiplier random_page_cost seq_page_cost cpu_tuple_cost cpu_index_tuple_cost
    cpu_operator_cost effective_cache_size effective_io_concurrency jit jit_above_cost
    max_parallel_workers_per_gather parallel_setup_cost parallel_tuple_cost
    min_parallel_table_scan_size min_parallel_index_scan_size from_collapse_limit
    join_collapse_limit geqo plan_cache_mode cursor_tuple_fraction
    enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin
    enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize
    enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash
    enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join
    enable_seqscan enable_sort enable_tidscan
    """.split()
)

ERROR_SETTING = (
    "`{name}` is not a setting that plans can be compared under.{near} Possible are planner and "
    "memory settings such as work_mem, random_page_cost, jit and enable_seqscan."
)
ERROR_NOTHING_TO_COMPARE = (
    "There is nothing to compare with: give `after` (a plan handle or SQL), or "
    "`hypothetical_indexes` or `settings` for planning `before` a second time."
)
ERROR_BOTH = "analyze=true cannot be measured with a hypothetical index. Leave one of the two out."
NOTE_OTHER_STATEMENT = "The two plans are of different statements."
NOTE_HALF_MEASURED = "Only one of the plans was measured, so they are compared by estimated cost."

_HANDLE = re.compile(r"plan-[0-9a-f]{8}")


async def compare_statements(
    source: Source,
    before: str,
    after: str | None,
    *,
    hypothetical: list[str],
    settings: Mapping[str, str],
    analyze: bool,
) -> PlanComparison:
    """Compare two plans.

    Args:
        source: where, and which plans are kept.
        before: a handle, or SQL.
        after: the same, or None for the SQL of ``before`` under what follows.
        hypothetical: indexes to pretend for ``after``.
        settings: planner settings for ``after``.
        analyze: run what is given as SQL, and measure.

    Raises:
        ToolFailure: a handle is unknown, the SQL cannot be explained, nothing differs.
    """
    if after is None and not hypothetical and not settings:
        raise ToolFailure(ERROR_NOTHING_TO_COMPARE)
    if analyze and hypothetical:
        raise ToolFailure(ERROR_BOTH)
    old_handle, old = await _plan_of(source, before, [], {}, analyze=analyze)
    given = old_handle if after is None else after
    new_handle, new = await _plan_of(source, given, hypothetical, settings, analyze=analyze)
    notes = []
    if old.sql != new.sql:
        notes.append(NOTE_OTHER_STATEMENT)
    if old.plan.measured != new.plan.measured:
        notes.append(NOTE_HALF_MEASURED)
    changed = [*new.hypothetical, *(f"{name} = {value}" for name, value in settings.items())]
    return PlanComparison(
        before=old_handle,
        after=new_handle,
        with_after="; ".join(changed) or None,
        comparison=compare(old.plan, new.plan),
        notes=notes,
    )


async def _plan_of(
    source: Source,
    given: str,
    hypothetical: list[str],
    settings: Mapping[str, str],
    *,
    analyze: bool,
) -> tuple[str, KeptPlan]:
    database = source.chosen
    if _HANDLE.fullmatch(given.strip()):
        kept = source.plans.get(given.strip())
        if not hypothetical and not settings:
            return given.strip(), kept
        given, database = kept.sql, kept.database
    async with source.databases[database].private_session() as session:
        statement = await check_explaining(session, given, analyze=analyze)
        for name, value in settings.items():
            await session.connection.execute(_set(name, value))
        pretended = await pretend(session, hypothetical)
        variant = (await choose_values(session, statement, None, analyze=analyze))[0]
        plan = await explain(session, variant, analyze=analyze)
    made = KeptPlan(variant.sql, plan, tuple(pretended), database)
    return source.plans.add(made), made


def _set(name: str, value: str) -> str:
    if name not in SETTINGS:
        raise ToolFailure(ERROR_SETTING.format(name=name, near=did_you_mean(name, SETTINGS)))
    return f"SET LOCAL {quote_name(name)} = {as_literal(value)}"
