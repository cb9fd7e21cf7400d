"""Rows as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import fence
from stacksight_postgres.query_models import QueryRows

NO_ROWS = "No rows"
CUT_CELLS = "{cells} cut at {limit} characters: raise cell_chars, or select a part with substr()."
MASKED = "{cells} masked with ***: passwords of connections, and columns with the name of a secret."
UNORDERED = (
    " The statement has no ORDER BY, so pages may overlap: add one on a unique column to page."
)


def render_rows(answer: QueryRows) -> str:
    """Write how many rows there are, then a table of them, then how to go on."""
    count = len(answer.rows)
    last = answer.first_row + count - 1
    if not count:
        head = NO_ROWS if answer.first_row == 1 else f"No rows after row {answer.first_row - 1}"
    elif answer.more or answer.first_row > 1:
        head = f"Rows {answer.first_row:,} to {last:,}" + (", more follow" if answer.more else "")
    else:
        head = plural(count, "row")
    lines = [f"{head} ({format_duration(answer.seconds)})."]
    columns = [f"{column.name} {column.type}" for column in answer.columns]
    table = render_table(columns, answer.rows, cell_limit=answer.cell_chars + 20)
    lines.append(fence(table, "rows"))
    if answer.cut_cells:
        cells = plural(answer.cut_cells, "cell")
        lines.append(CUT_CELLS.format(cells=cells, limit=answer.cell_chars))
    if answer.masked_cells:
        lines.append(MASKED.format(cells=plural(answer.masked_cells, "cell")))
    if answer.next_cursor:
        note = UNORDERED if answer.unordered else ""
        lines.append(f'Next: the same call with cursor="{answer.next_cursor}".{note}')
    return "\n".join(lines)
