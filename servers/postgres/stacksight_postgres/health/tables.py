"""Checks of tables, sequences and constraints."""

from stacksight_core.units import format_bytes, format_count, plural
from stacksight_postgres.health.model import CheckResult, Issue, Row, Rows, judged, skipped

XID_WARNING, XID_CRITICAL = 1_000_000_000, 1_600_000_000
MIN_DEAD = 10_000
OVERDUE = 2.0
MIN_BLOATED_BYTES = 20 * 1024**2
MIN_WASTED_PART = 0.5
CHANGED_PART, MIN_CHANGED = 0.2, 10_000
SEQUENCE_WARNING, SEQUENCE_CRITICAL = 0.7, 0.9
NO_STATISTICS = (
    "the statistics of {count} cannot be read: this role needs SELECT on them, or pg_read_all_data"
)
NO_SEQUENCE = "{count} cannot be read by this role, and {were} not examined"
BLOAT_METHOD = "estimated from the average row width in the statistics, within about a third"


def wraparound(rows: Rows) -> CheckResult:
    """Judge the age of the oldest transaction and multixact ids; at 2.1 billion writing stops."""
    issues = []
    for row in rows:
        age = max(row["xid_age"], row["multixact_age"])
        if age > XID_WARNING:
            issues.append(
                Issue(
                    title=f"{row['name']} holds ids that are {format_count(age)} transactions old; "
                    "at 2.1 billion the server stops writing.",
                    fix=f"VACUUM (FREEZE) {row['name']}",
                    critical=age > XID_CRITICAL,
                )
            )
    if not rows:
        return judged("wraparound", "no tables", [])
    oldest = max(max(row["xid_age"], row["multixact_age"]) for row in rows)
    examined = f"{plural(rows[0]['examined'], 'table')}, the oldest at {format_count(oldest)}"
    return judged("wraparound", f"{examined} transactions", issues)


def vacuum(rows: Rows) -> CheckResult:
    """Judge dead rows that autovacuum should have removed."""
    issues = [
        Issue(
            title=f"{row['name']} has {format_count(row['dead'])} dead rows beside "
            f"{format_count(row['rows'])}; last vacuum {row['last_vacuum'] or 'never'}"
            f"{_autovacuum(row)}.",
            fix=f"VACUUM {row['name']}"
            + (
                f"; ALTER TABLE {row['name']} RESET (autovacuum_enabled)"
                if row["switched_off"]
                else ""
            ),
        )
        for row in sorted(rows, key=lambda row: -row["dead"])
        if row["dead"] > max(MIN_DEAD, row["due_at"] * (1 if row["switched_off"] else OVERDUE))
    ]
    return judged("vacuum", plural(len(rows), "table"), issues)


def _autovacuum(row: Row) -> str:
    if row["switched_off"]:
        return ", autovacuum is switched off for it"
    own = " by the table's own settings" if row["own_settings"] else ""
    return f", autovacuum is due at {format_count(row['due_at'])}{own}"


def bloat(rows: Rows) -> CheckResult:
    """Judge tables and B-trees that take far more room than their rows need."""
    hidden = sum(row["kind"] == "hidden" for row in rows)
    rows = [row for row in rows if row["kind"] != "hidden"]
    large = [row for row in rows if row["bytes"] >= MIN_BLOATED_BYTES]
    examined = (
        f"{len(large)} of {plural(len(rows), 'table or index', 'tables and indexes')}, those of "
        f"{format_bytes(MIN_BLOATED_BYTES)} and more; {BLOAT_METHOD}"
    )
    if hidden:
        examined += f"; {NO_STATISTICS.format(count=plural(hidden, 'table'))}"
    if not large:
        return skipped("bloat", f"none examined: {examined}")
    issues = []
    for row in sorted(large, key=lambda row: row["expected"] - row["bytes"]):
        wasted = row["bytes"] - row["expected"]
        if wasted < row["bytes"] * MIN_WASTED_PART:
            continue
        name = row["name"]
        index = row["kind"] == "index"
        issues.append(
            Issue(
                title=f"{name} ({row['kind']}) takes {format_bytes(row['bytes'])} for rows that "
                f"need about {format_bytes(row['expected'])}.",
                fix=f"REINDEX INDEX CONCURRENTLY {name}"
                if index
                else f"pg_repack, or VACUUM FULL {name} (locks the table)",
            )
        )
    return judged("bloat", examined, issues)


def statistics(rows: Rows) -> CheckResult:
    """Judge statistics that no longer describe their tables."""
    issues = []
    for row in rows:
        stale = row["changed"] > max(MIN_CHANGED, CHANGED_PART * row["rows"])
        never = not row["analyzed"] and row["live"] > MIN_CHANGED
        if stale or never:
            what = "was never analyzed" if never else "changed since its last ANALYZE"
            issues.append(
                Issue(
                    title=f"{row['name']} {what}: {format_count(row['changed'])} rows changed of "
                    f"{format_count(row['live'])}.",
                    fix=f"ANALYZE {row['name']}",
                )
            )
    return judged("statistics", plural(len(rows), "table"), issues)


def sequences(rows: Rows) -> CheckResult:
    """Judge sequences, and the integer columns they fill, that are near their end."""
    issues = []
    for row in rows:
        if row["last"] is None or not row["most"] or row["cycle"]:
            continue
        used = row["last"] / row["most"]
        if used < SEQUENCE_WARNING:
            continue
        issues.append(
            Issue(
                title=f"{row['name']} has used {used:.0%} of its {format_count(row['most'])} "
                f"values{_for_column(row)}.",
                fix="Make the column a bigint, which rewrites the table: plan it early",
                critical=used > SEQUENCE_CRITICAL,
            )
        )
    keys = sum(row["kind"] == "key" for row in rows)
    hidden = sum(not row["readable"] for row in rows)
    examined = plural(len(rows) - keys - hidden, "sequence")
    if keys:
        examined += f" and {plural(keys, 'integer key')} without one"
    if hidden:
        were = "was" if hidden == 1 else "were"
        examined += "; " + NO_SEQUENCE.format(count=plural(hidden, "sequence"), were=were)
    if hidden and hidden == len(rows):
        return skipped("sequences", examined)
    return judged("sequences", examined, issues)


def constraints(rows: Rows) -> CheckResult:
    """Judge constraints that were never validated."""
    issues = [
        Issue(
            title=f"{row['name']} of {row['table']} was never validated: old rows may break it.",
            fix=f'ALTER TABLE {row["table"]} VALIDATE CONSTRAINT "{row["name"]}"',
        )
        for row in rows
        if not row["valid"]
    ]
    return judged("constraints", plural(len(rows), "check or foreign key", "constraints"), issues)


def _for_column(row: Row) -> str:
    return f", for {row['column']} ({row['type']})" if row["column"] else ""
