"""The answers of list_objects and describe_table as text."""

from collections.abc import Iterable, Sequence

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_count, plural
from stacksight_core.untrusted import fence, inline
from stacksight_postgres.objects import (
    ColumnInfo,
    ForeignKey,
    IndexInfo,
    ListedObject,
    ObjectList,
    TableInfo,
)

SUPERUSER = (
    "Connected as superuser `{role}`. A role that can only read is safer: "
    "CREATE ROLE stacksight_reader LOGIN PASSWORD '…'; "
    "GRANT pg_read_all_data, pg_monitor TO stacksight_reader;"
)
NOTHING = "Nothing matches."


def render_object_list(page: ObjectList) -> str:
    """Write what the database has of each kind, then the page."""
    counts = ", ".join(
        plural(count, kind.replace("_", " "), _several(kind)) for kind, count in page.counts.items()
    )
    lines = [f"Database `{page.database}`, PostgreSQL {page.version}: {counts or 'no objects'}."]
    if page.superuser:
        lines.append(SUPERUSER.format(role=page.role))
    if not page.objects:
        return "\n".join([*lines, NOTHING])
    lines.append(fence(_object_table(page.objects), "names and comments"))
    if page.next_cursor:
        lines.append(f'Next: the same call with cursor="{page.next_cursor}".')
    return "\n".join(lines)


def _several(kind: str) -> str:
    return f"{kind.replace('_', ' ')}s"


def _object_table(objects: list[ListedObject]) -> str:
    if any(item.detail for item in objects):
        rows: Iterable[tuple[object, ...]] = (
            (item.name, item.detail, item.comment) for item in objects
        )
        return render_table(["name", "detail", "comment"], rows)
    return render_table(
        ["name", "kind", "rows (est.)", "size", "references", "comment"],
        (
            (
                item.name,
                item.kind + (f", {item.partitions} partitions" if item.partitions else ""),
                None if item.rows is None else format_count(item.rows),
                None if item.bytes is None else format_bytes(item.bytes),
                ", ".join(item.references) if item.references else None,
                item.comment,
            )
            for item in objects
        ),
    )


NOT_READABLE = "This role may not SELECT from it, so the statistics of its columns are not shown."


def render_table_info(table: TableInfo) -> str:
    """Write what a relation is, then its columns, keys, indexes and the rest."""
    parts = [_head(table)]
    body = [_columns(table.columns)]
    if table.hidden_columns:
        body.append(f"… {plural(table.hidden_columns, 'more column')}")
    body += _section("Indexes", [_index(index) for index in table.indexes])
    body += _section("Foreign keys", [_foreign_key(key, "→") for key in table.foreign_keys])
    body += _section("Referenced by", [_foreign_key(key, "←") for key in table.referenced_by])
    body += _section("Constraints", table.constraints)
    body += _section("Triggers", table.triggers)
    body += _section("Row security policies", table.policies)
    if table.partition_key:
        body.append(f"Partitioned by {inline(table.partition_key, 300)}")
    body += _section("Partitions", table.partitions)
    if table.definition:
        body.append(f"Definition:\n{table.definition}")
    parts.append(fence("\n".join(body), "catalogue"))
    if table.omitted:
        parts.append("Left out for length: " + "; ".join(table.omitted) + ".")
    return "\n".join(parts)


def _head(table: TableInfo) -> str:
    facts = [table.kind]
    if table.partition_of:
        facts.append(f"partition of {table.partition_of}")
    if table.kind in ("table", "materialized view", "partitioned table"):
        rows = "rows unknown: never analyzed"
        if table.rows is not None:
            rows = f"about {plural(table.rows, 'row')}"
        facts.append(rows)
    if table.bytes is not None:
        facts.append(
            f"{format_bytes(table.bytes)} (table {format_bytes(table.table_bytes or 0)}, "
            f"indexes {format_bytes(table.index_bytes or 0)})"
        )
    lines = [f"`{table.name}`: {', '.join(facts)}."]
    if table.comment:
        lines.append(f"Comment: {inline(table.comment, 500)}")
    if table.sequential_scans is not None:
        lines.append(
            f"Since the statistics were reset: {plural(table.sequential_scans, 'sequential scan')},"
            f" {plural(table.index_scans or 0, 'index scan')}."
            f" Dead rows {format_count(table.dead_rows or 0)}, changed since analyze"
            f" {format_count(table.changed_rows or 0)}; last analyze"
            f" {table.last_analyze or 'never'}, last vacuum {table.last_vacuum or 'never'}."
        )
    if table.row_security:
        lines.append(f"Row security is {table.row_security}.")
    if not table.readable:
        lines.append(NOT_READABLE)
    return "\n".join(lines)


def _columns(columns: list[ColumnInfo]) -> str:
    rows = [
        (
            column.name,
            column.type + ("" if column.nullable else " NOT NULL"),
            column.default,
            _values(column),
            column.comment,
        )
        for column in columns
    ]
    return _without_empty_columns(["column", "type", "default", "values", "comment"], rows)


def _without_empty_columns(header: list[str], rows: Sequence[tuple[str | None, ...]]) -> str:
    kept = [i for i in range(len(header)) if i < 2 or any(row[i] for row in rows)]
    return render_table([header[i] for i in kept], ([row[i] for i in kept] for row in rows))


def _values(column: ColumnInfo) -> str | None:
    facts = []
    if column.distinct is not None:
        facts.append(f"{format_count(column.distinct)} distinct")
    if column.null_share:
        facts.append(f"{column.null_share:.0%} null")
    if column.enum:
        facts.append("one of " + ", ".join(column.enum))
    elif column.common:
        facts.append("often " + ", ".join(inline(value, 25) for value in column.common))
    return "; ".join(facts) or None


def _index(index: IndexInfo) -> str:
    flags = "".join(f" {flag}" for flag in index.flags)
    return (
        f"{index.name}{flags}: {index.definition}, {format_bytes(index.bytes)}, "
        f"{plural(index.scans, 'scan')}"
    )


def _foreign_key(key: ForeignKey, arrow: str) -> str:
    actions = f" {key.actions}" if key.actions else ""
    bare = " (no index on the referencing columns)" if key.indexed is False else ""
    columns, others = ", ".join(key.columns), ", ".join(key.other_columns)
    return f"{key.name}: ({columns}) {arrow} {key.other_table} ({others}){actions}{bare}"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {inline(line, 400)}" for line in lines)] if lines else []
