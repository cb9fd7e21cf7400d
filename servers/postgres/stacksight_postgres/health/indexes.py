"""Checks of indexes and of the foreign keys that need one."""

from stacksight_core.units import format_bytes, format_count, format_duration, plural
from stacksight_postgres.health.model import CheckResult, Issue, Row, Rows, judged

MIN_UNUSED_BYTES = 1024**2
MIN_STATISTICS_S = 86_400.0
MIN_REFERENCING_ROWS = 1_000


def indexes(rows: Rows) -> CheckResult:
    """Judge indexes that are invalid, duplicate, covered by another, or never read."""
    issues: list[Issue] = [_invalid(row) for row in rows if not row["valid"]]
    redundant: set[str] = set()
    of_table: dict[str, list[Row]] = {}
    for row in rows:
        of_table.setdefault(row["table"], []).append(row)
    for row in rows:
        beside = of_table[row["table"]]
        other = next((o for o in beside if _covers(o, row) and o["name"] not in redundant), None)
        if other is not None:
            redundant.add(row["name"])
            issues.append(_redundant(row, other))
    age = rows[0]["age_s"] if rows else None
    unused = [row for row in rows if _is_unused(row) and row["name"] not in redundant]
    examined = plural(len(rows), "index", "indexes")
    if age is not None and age < MIN_STATISTICS_S:
        examined += (
            f"; whether they are used was not judged, since the statistics are only "
            f"{format_duration(age)} old"
        )
    else:
        examined += f", use counted for {format_duration(age)}" if age else ", use counted"
        issues += [_unused(row) for row in sorted(unused, key=lambda row: -row["bytes"])]
    return judged("indexes", examined, issues)


def foreign_keys(rows: Rows) -> CheckResult:
    """Judge foreign keys whose checks read whole tables, for lack of an index."""
    issues = [
        _unindexed(row, ", ".join(row["columns"]))
        for row in rows
        if not row["indexed"] and row["rows"] >= MIN_REFERENCING_ROWS
    ]
    examined = plural(len(rows), "foreign key")
    return judged(
        "foreign_keys", f"{examined}; tables below {MIN_REFERENCING_ROWS:,} rows pass", issues
    )


def _unindexed(row: Row, columns: str) -> Issue:
    return Issue(
        title=f"{row['table']} ({columns}) references {row['target']} without an index: each "
        f"DELETE there, and each join, reads {format_count(row['rows'])} rows.",
        fix=f"CREATE INDEX CONCURRENTLY ON {row['table']} ({columns})",
    )


def _invalid(row: Row) -> Issue:
    return Issue(
        title=f"{row['name']} on {row['table']} is invalid: it is maintained and never read.",
        fix=f"DROP INDEX CONCURRENTLY {row['name']}, or REINDEX INDEX CONCURRENTLY it",
    )


def _redundant(row: Row, other: Row) -> Issue:
    same = len(row["columns"]) == len(other["columns"])
    how = "is the same as" if same else "is the beginning of"
    return Issue(
        title=f"{row['name']} on {row['table']} ({format_bytes(row['bytes'])}) {how} "
        f"{other['name']}.",
        fix=f"DROP INDEX CONCURRENTLY {row['name']}",
    )


def _unused(row: Row) -> Issue:
    return Issue(
        title=f"{row['name']} on {row['table']} ({format_bytes(row['bytes'])}) was never read.",
        fix=f"DROP INDEX CONCURRENTLY {row['name']}, after a look at the replicas",
    )


def _is_unused(row: Row) -> bool:
    if row["unique"] or row["constrains"] or not row["valid"]:
        return False
    return bool(row["scans"] == 0 and row["bytes"] >= MIN_UNUSED_BYTES)


def _covers(other: Row, row: Row) -> bool:
    """Tell whether an index can do everything that another one does."""
    if other["name"] == row["name"] or row["unique"] or row["constrains"] or not other["valid"]:
        return False
    alike = ("table", "method", "expressions", "predicate")
    if any(other[name] != row[name] for name in alike) or row["expressions"]:
        return False
    width = row["key_columns"]
    if other["key_columns"] < width or len(row["columns"]) > width:
        return False
    if other["key_columns"] > width and row["method"] != "btree":
        return False
    return all(other[n][:width] == row[n][:width] for n in ("columns", "classes", "options"))
