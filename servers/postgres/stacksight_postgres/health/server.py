"""Checks of the server as a whole."""

from stacksight_core.units import format_bytes, format_count, format_duration, plural
from stacksight_postgres.health.model import CheckResult, Issue, Rows, judged, skipped

MIN_BLOCKS = 100_000
MIN_HIT_PART = 0.95
MANY_CONNECTIONS, MOST_CONNECTIONS = 0.8, 0.95
RETAINED_BYTES = 1024**3
LAG_S = 30.0
MIN_CHECKPOINTS = 10
TEMP_BYTES_A_DAY = 1024**3
LONG_TRANSACTION_S, VERY_LONG_TRANSACTION_S = 300.0, 3600.0
SMALL_BUFFERS = 128 * 1024**2
LARGE_DATABASE = 1024**3
BLOCK = 8192


def _age(row: object) -> str:
    return "" if row is None else f" in {format_duration(float(str(row)))}"


def cache(rows: Rows) -> CheckResult:
    """Judge how many blocks were found in shared_buffers."""
    [row] = rows
    blocks = row["hit"] + row["read"]
    examined = f"{format_count(blocks)} block accesses{_age(row['age_s'])}"
    if blocks < MIN_BLOCKS:
        return skipped("cache", f"only {examined}: too few to judge")
    part = row["hit"] / blocks
    issues = []
    if part < MIN_HIT_PART:
        issues.append(
            Issue(
                title=f"Only {part:.1%} of block accesses were found in shared_buffers.",
                fix="Find what reads most: top_queries(by='io'). Then raise shared_buffers",
            )
        )
    return judged("cache", f"{examined}, {part:.1%} found in the cache", issues)


def connections(rows: Rows) -> CheckResult:
    """Judge how near the connections are to their limit."""
    [row] = rows
    part = row["used"] / row["most"]
    examined = f"{row['used']} of {row['most']} connections, {row['idle']} of them idle"
    issues = []
    if part >= MANY_CONNECTIONS:
        issues.append(
            Issue(
                title=f"{part:.0%} of max_connections are used.",
                fix="Pool connections (PgBouncer, or the application's pool)",
                critical=part >= MOST_CONNECTIONS,
            )
        )
    return judged("connections", examined, issues)


def replication(rows: Rows) -> CheckResult:
    """Judge retained write-ahead log and the lag of replicas."""
    if not rows:
        return judged("replication", "no replicas, no replication slots", [])
    issues = []
    for row in rows:
        size, lag = row["bytes"] or 0, row["lag_s"] or 0.0
        if row["kind"] == "slot" and (size > RETAINED_BYTES or not row["active"]):
            unused = "" if row["active"] else " and is not in use"
            issues.append(
                Issue(
                    title=f"Slot {row['name']} retains {format_bytes(size)} of WAL{unused}.",
                    fix=f"SELECT pg_drop_replication_slot('{row['name']}') when nobody needs it; "
                    "set max_slot_wal_keep_size",
                    critical=size > 10 * RETAINED_BYTES,
                )
            )
        elif row["kind"] != "slot" and lag > LAG_S:
            issues.append(
                Issue(
                    title=f"{row['name']} is {format_duration(lag)} behind ({format_bytes(size)})."
                )
            )
    return judged("replication", plural(len(rows), "slot or replica", "slots and replicas"), issues)


def checkpoints(rows: Rows) -> CheckResult:
    """Judge whether checkpoints are forced by the amount of write-ahead log."""
    [row] = rows
    total = row["timed"] + row["requested"]
    examined = (
        f"{plural(total, 'checkpoint')}{_age(row['age_s'])}, "
        f"{format_count(row['requested'])} requested"
    )
    if total < MIN_CHECKPOINTS:
        return skipped("checkpoints", f"{examined}: too few to judge")
    issues = []
    if row["requested"] > row["timed"]:
        issues.append(
            Issue(
                title=f"{row['requested'] / total:.0%} of the checkpoints came before their time.",
                fix="Raise max_wal_size",
            )
        )
    return judged("checkpoints", examined, issues)


def temp_files(rows: Rows) -> CheckResult:
    """Judge how much sorts and hashes write to disk."""
    [row] = rows
    days = max((row["age_s"] or 86_400) / 86_400, 1.0)
    size = format_bytes(row["bytes"])
    examined = f"{plural(row['files'], 'temporary file')}, {size}{_age(row['age_s'])}"
    issues = []
    if row["bytes"] / days > TEMP_BYTES_A_DAY:
        issues.append(
            Issue(
                title=f"Sorts and hashes wrote {size} to disk, with work_mem at "
                f"{format_bytes(row['work_mem'])}.",
                fix="Find the statements: top_queries(by='temp'); raise work_mem for them",
            )
        )
    return judged("temp_files", examined, issues)


def transactions(rows: Rows) -> CheckResult:
    """Judge transactions that are open for long."""
    issues = []
    for row in rows:
        if (row["age_s"] or 0.0) < LONG_TRANSACTION_S:
            continue
        who = row["state"] if row["pid"] is None else f"{row['pid']} ({row['state']})"
        held = f", holding back {row['holds_back']:,} transactions" if row["holds_back"] else ""
        issues.append(
            Issue(
                title=f"Transaction of {who} is open for {format_duration(row['age_s'])}{held}.",
                fix="show_activity() shows it with what it blocks",
                critical=row["age_s"] > VERY_LONG_TRANSACTION_S,
            )
        )
    return judged("transactions", plural(len(rows), "open transaction"), issues)


def settings(rows: Rows) -> CheckResult:
    """Judge settings that lose data or hurt performance."""
    values = {row["name"]: row["setting"] for row in rows}
    size = rows[0]["database_bytes"] if rows else 0
    issues = [
        Issue(title=f"{name} is off: {why}.", fix=f"ALTER SYSTEM SET {name} = on", critical=True)
        for name, why in (
            ("fsync", "a crash of the machine can destroy the database"),
            ("full_page_writes", "a crash can leave torn pages"),
            ("autovacuum", "dead rows and old transaction ids pile up"),
            ("track_counts", "autovacuum does not know what to do"),
        )
        if values.get(name) == "off"
    ]
    buffers = int(values.get("shared_buffers", "0")) * BLOCK
    if buffers <= SMALL_BUFFERS and size > LARGE_DATABASE:
        issues.append(
            Issue(
                title=f"shared_buffers is {format_bytes(buffers)} for a database of "
                f"{format_bytes(size)}.",
                fix="Set shared_buffers to about a quarter of the memory",
            )
        )
    issues += [
        Issue(title=f"{name} is off for everybody.", fix=f"ALTER SYSTEM RESET {name}")
        for name in sorted(values)
        if name.startswith("enable_")
    ]
    return judged("settings", f"{len(values)} settings", issues)
