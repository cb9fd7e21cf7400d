"""Workflows that a person starts by name."""

from typing import Annotated

from pydantic import Field

from stacksight_core.prompts import prompt
from stacksight_postgres.names import table_names

TUNE = """\
Make this PostgreSQL query faster, and prove it:

{sql}
{note}
1. If this is no SQL statement but says where one is (a function, an endpoint), find it: in the \
application's code, or with capture_queries while it runs. Keep its $1 parameters.
2. explain_query(sql, analyze=true), with real values in params if you know some. Without \
analyze for anything but a SELECT.
3. Take its findings in their order, largest share first. For each: a better index, a rewrite of \
the query that returns the same rows, fresh statistics, or a setting. describe_table shows the \
tables that matter.
4. Prove each before you propose it: compare_plans(before=<the plan's handle>, \
hypothetical_indexes=[…]) or compare_plans(before, after=<the rewritten SQL>). Drop what does not \
help.
5. Would an index pay for all queries of the table? recommend_indexes, and top_queries(match=<the \
table>) for what else reads and writes it.
6. Report: the cause; the change with its CREATE INDEX CONCURRENTLY or the new SQL; cost and time \
before and after, measured or estimated, said which; what it costs (size, slower writes). If it is \
to go into this project, write the migration and let check_migration look at it. Change nothing in \
the database yourself.\
"""
FIRST_WORD = """
(If this is only the first word of what was typed after the command, all of it is meant.)
"""
REVIEW = """\
Review the table {table}: its design, its indexes and the queries on it.

1. describe_table(table="{table}"): columns, keys, indexes and how much they are used, size, vacuum.
2. top_queries(match="{table}"): what costs the most. explain_query for the worst two, and for \
what this project's code does with the table.
3. check_health(checks=["indexes", "foreign_keys", "bloat", "vacuum", "sequences"]): what of it is \
about this table.
4. recommend_indexes(queries=[…]) with the queries found.
5. Report in order of effect: missing, unused and duplicate indexes; missing foreign keys and \
constraints; wrong types; bloat. Each with its evidence and the statement that fixes it, checked \
with check_migration. Say what could not be looked at. Change nothing.\
"""


@prompt(title="Tune a query")
def tune_query(
    sql: Annotated[str, Field(description="The query, or where it is: a function, an endpoint.")],
) -> str:
    """Find why a query is slow and what makes it faster, with proof."""
    # Claude Code cuts what was typed at its spaces; the model still sees the whole command.
    note = "" if len(sql.split()) > 1 else FIRST_WORD
    return TUNE.format(sql=sql, note=note)


@prompt(title="Review a table", table=table_names)
def review_table(
    table: Annotated[str, Field(description="table or schema.table")],
) -> str:
    """Check a table's design, indexes, bloat and the queries on it."""
    return REVIEW.format(table=table)


PROMPTS = (tune_query, review_table)
