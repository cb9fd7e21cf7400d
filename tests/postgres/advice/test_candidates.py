"""Candidate indexes have their keys in the right order and the variants that fit the query."""

from stacksight_postgres.advice.candidates import candidate_indexes, relevant_to
from stacksight_postgres.advice.model import Query
from stacksight_postgres.advice.reading import read_uses
from stacksight_postgres.advice.reduced import choose_by_statistics
from stacksight_postgres.advice.rules import operator_indexes, suggest_by_rule
from stacksight_postgres.guard.statement import parse_statement
from tests.postgres.advice.tables import CATALOG, column, existing, table, uses


def query(sql: str) -> Query:
    return Query("Q1", sql, uses(sql))


def candidates(sql: str) -> set[str]:
    return {
        spec.create().removeprefix("CREATE INDEX ON ") for spec in candidate_indexes([query(sql)])
    }


def test_equality_comes_before_range_and_order() -> None:
    found = candidates("SELECT id FROM users WHERE age > 3 AND score = 1 ORDER BY email DESC")
    assert "users (score, age)" in found
    assert "users (score, email DESC)" in found


def test_covering_carries_the_rest_and_nothing_twice() -> None:
    found = candidates("SELECT email, age FROM users WHERE age = 3")
    assert "users (age) INCLUDE (email)" in found


def test_a_constant_of_few_values_makes_a_partial_index() -> None:
    found = candidates("SELECT email FROM users WHERE status = 'on' AND age = 4")
    assert "users (age) WHERE status = 'on'" in found
    assert "users (age) INCLUDE (email) WHERE status = 'on'" in found
    assert not any("WHERE age" in create for create in found)


def test_a_parameter_makes_no_partial_index() -> None:
    assert not any("WHERE" in c for c in candidates("SELECT 1 FROM users WHERE status = $1"))


def test_a_pattern_needs_its_operator_class() -> None:
    assert "users (email text_pattern_ops)" in candidates(
        "SELECT 1 FROM users WHERE email LIKE 'a%'"
    )


def test_rows_in_the_order_of_a_column_suit_brin() -> None:
    sql = "SELECT score FROM users WHERE created > $1"
    assert "users USING brin (created)" in candidates(sql)


def test_what_exists_is_not_proposed() -> None:
    users = table("users", "id", "age", indexes=[existing("age", "id")])
    catalog = dict(CATALOG) | {("", "users"): users}
    tree = parse_statement("SELECT id FROM users WHERE age = 1").tree
    found = candidate_indexes([Query("Q1", "", read_uses(tree, catalog))])
    assert not any(spec.keys[0].sql == "age" and not spec.include for spec in found)


def test_an_index_matters_only_to_queries_that_can_use_it() -> None:
    [spec] = [
        s
        for s in candidate_indexes([query("SELECT id FROM users WHERE status = 'on' AND age = 4")])
        if s.create() == "CREATE INDEX ON users (age) WHERE status = 'on'"
    ]
    assert relevant_to(query("SELECT score FROM users WHERE age = 9 AND status = 'on'"), spec)
    assert not relevant_to(query("SELECT score FROM users WHERE age = 9"), spec)
    assert not relevant_to(query("SELECT score FROM orders, users WHERE user_id = 1"), spec)


def test_statistics_alone_choose_the_selective_equality() -> None:
    [(spec, reason)] = choose_by_statistics(
        [query("SELECT 1 FROM users WHERE email = $1 AND status = 'on'")]
    )
    assert spec.keys[0].sql == "email"
    assert "0.00%" in reason


def test_operators_of_gin_are_named_by_rule() -> None:
    documents = table(
        "users", column("tags", "text[]"), column("data", "jsonb"), column("email", "text")
    )
    sql = "SELECT 1 FROM users WHERE tags @> $1 AND data @> $2 AND email LIKE '%x%'"
    found = read_uses(parse_statement(sql).tree, {("", "users"): documents})
    queries = [Query("Q1", sql, found)]
    text = "\n".join(suggest_by_rule(queries, operator_indexes(queries), ()))
    assert "USING gin (tags)" in text
    assert "USING gin (data jsonb_path_ops)" in text
    assert "USING gin (email gin_trgm_ops)" in text


def test_the_same_queries_give_the_same_candidates_in_the_same_order() -> None:
    sql = "SELECT email FROM users JOIN orders ON user_id = users.id WHERE status = 'on'"
    assert candidate_indexes([query(sql)]) == candidate_indexes([query(sql)])
