"""What a migration would do, as text."""

from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_postgres.migration.model import CheckedStatement, Migration

MAX_TABLES, MAX_RULES = 20, 10
_HEADS = {
    "fails": "{count} would fail",
    "dangerous": "{count} dangerous",
    "careful": "{count} to be careful with",
    "unknown": "{count} not examined",
    "safe": "{count} safe",
}


def render_migration(migration: Migration) -> str:
    """Write the verdict, then each statement with its locks and the safe way, then the rules."""
    counts = [
        text.format(count=migration.counts[danger])
        for danger, text in _HEADS.items()
        if migration.counts.get(danger)
    ]
    total = plural(len(migration.statements), "statement")
    lines = [f"`{migration.database}`: {total}: {', '.join(counts)}. Nothing was run."]
    lines += [f"  {inline(table, 300)}" for table in migration.tables[:MAX_TABLES]]
    lines += [_statement(statement) for statement in migration.statements]
    if migration.hidden:
        lines.append(
            f"… {plural(migration.hidden, 'more statement')} not examined: check the rest."
        )
    if migration.rules:
        lines.append("Rules of squawk:")
        rules = list(migration.rules.items())
        lines += [f"  {name}: {inline(message, 170)}" for name, message in rules[:MAX_RULES]]
        if len(rules) > MAX_RULES:
            lines.append(f"  … and {', '.join(name for name, _ in rules[MAX_RULES:])}")
    lines += [f"Note: {note}" for note in migration.notes]
    return "\n".join(lines)


def _statement(statement: CheckedStatement) -> str:
    lines = [f"{statement.number}. [{statement.danger.upper()}] {inline(statement.sql, 320)}"]
    lines += [f"   {inline(effect, 500)}" for effect in statement.effects]
    if statement.instead:
        lines.append(f"   Instead: {inline(statement.instead, 700)}.")
    if statement.rules:
        lines.append(f"   squawk: {', '.join(statement.rules)}")
    return "\n".join(lines)
