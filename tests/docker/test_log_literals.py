"""What a line must hold to match: held against the expressions themselves."""

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from stacksight_docker.logs.literals import may_span_lines, required_literals

# Pieces of expressions as people write them, and texts near to them.
PIECES = (
    "error", "time out", "GET", "a", "b?", "c*", "de+", "f{2}", "g{0,3}", r"\d+", r"\s", r"\.",
    r"\w", ".", ".*", "|", "(foo|bar)", "(?:baz)?", "[xyz]", "[^x]", r"[\]a]", "[]a]", "^", "$",
    r"\bword\b", r"\(", "(a(b)c)", r"\x41BC", "user=", "é", '"', "/", "abc+", "abcd?", "abcd{0}",
    "(?i)x", "}", "]",
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(
        ("error", "ERROR", "time out", "get", "a", "bbb", "c", "dee", "ff", "ggg", "12", " ", ".",
         "x", "foo", "bar", "baz", "word", "(", "abc", "ABC", "user=", "é", '"', "/",
         "abcd", "]", "}")
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join), TEXTS)
def test_what_matches_holds_a_required_literal(expression: str, text: str) -> None:
    try:
        compiled = regex.compile(expression, regex.IGNORECASE)
    except regex.error:
        return
    literals = required_literals(expression)
    if literals and compiled.search(text):
        assert any(literal in text.lower() for literal in literals)


@pytest.mark.parametrize(
    ("expression", "literals"),
    [
        ("nothing like this", ("nothing like this",)),
        ("Timeout|refused", ("timeout", "refused")),
        (r"user_id=\d+ failed", ("user_id=",)),
        (r"took \d+ms", ("took ",)),
        (r"connection (reset|closed) by peer", ("connection ",)),
        (r"10\.0\.0\.1", ("10.0.0.1",)),
        ("colou?rs", ("colo",)),
        (r"\d{7}", ()),
        ("ab", ()),
        ("(?s)long text.*end", ()),
        ("good text|x", ()),
    ],
)
def test_the_longest_run_of_each_alternative_is_required(
    expression: str, literals: tuple[str, ...]
) -> None:
    found = required_literals(expression)
    assert found == literals


@pytest.mark.parametrize(
    ("expression", "spans"),
    [
        (r"error: \d+ of \w+", False),
        ("a.*b", False),
        (r"a\s+b", True),
        (r"[\s\S]", True),
        ("[^x]", True),
        ("(?s)a.b", True),
        (r"\n", True),
        ("(?:a|b)", False),
    ],
)
def test_what_may_match_over_the_end_of_a_line_is_known(expression: str, spans: bool) -> None:
    assert may_span_lines(expression) == spans
