"""Cursors and handles."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.handles import Handles

POSITIONS = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(POSITIONS)
def test_a_cursor_brings_back_its_position(position: Any) -> None:
    cursor = encode_cursor(position, tool="list", match="a*")
    assert cursor.isascii()
    assert decode_cursor(cursor, tool="list", match="a*") == position


def test_a_cursor_is_refused_with_other_arguments() -> None:
    cursor = encode_cursor(20, tool="list", match="a*")
    with pytest.raises(ToolFailure, match="other arguments"):
        decode_cursor(cursor, tool="list", match="b*")


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ToolFailure, match="not one that this server returned"):
        decode_cursor(text, tool="list")


def test_handles_are_bounded_and_the_oldest_goes_first() -> None:
    handles = Handles[int]("plan", capacity=2)
    first, second, third = (handles.add(n) for n in (1, 2, 3))
    assert [value for _, value in handles] == [2, 3]
    assert handles.pop(second) == 2
    with pytest.raises(ToolFailure, match=rf"no plan `{first}`.*keeps: {third}\."):
        handles.get(first)
    handles.pop(third)
    with pytest.raises(ToolFailure, match="keeps none"):
        handles.get(third)
