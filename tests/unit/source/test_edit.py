"""Edits of a file's text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgmend.listener.source.rewriting.edit import Edit, OverlappingEdits, rewritten


def _edit(start: int, end: int, text: str) -> Edit:
    return Edit("a.py", start, end, text, f"{start} to {end}")


def test_what_is_outside_of_edits_keeps_every_character() -> None:
    source = "\tx = str( user_id )  # naïve\r\ny = 1"
    edits = [_edit(source.index("str("), source.index("  #"), "user_id"), _edit(len(source), len(source), "\r\n")]
    assert rewritten(source, edits) == "\tx = user_id  # naïve\r\ny = 1\r\n"
    assert rewritten(source, []) == source


def test_the_same_edit_twice_is_one() -> None:
    assert rewritten("abc", [_edit(1, 2, "x"), Edit("a.py", 1, 2, "x", "another reason")]) == "axc"


@pytest.mark.parametrize("edits", [[(0, 2, ""), (1, 3, "")], [(1, 1, "a"), (1, 1, "b")], [(0, 2, "a"), (0, 2, "b")]])
def test_edits_of_the_same_place_are_refused(edits: list[tuple[int, int, str]]) -> None:
    with pytest.raises(OverlappingEdits, match="both change the same place"):
        rewritten("abc", [_edit(*each) for each in edits])


@given(st.text(), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.text(max_size=3)), max_size=4))
def test_edits_side_by_side_are_as_if_made_from_the_end(padding: str, pieces: list[tuple[int, int, str]]) -> None:
    source, edits, here = "0123456789" * 10 + padding, [], 0
    for gap, length, text in pieces:
        edits.append(_edit(here + gap, here + gap + length, text))
        here += gap + length
    expected = source
    for edit in reversed(edits):
        expected = expected[: edit.start] + edit.text + expected[edit.end :]
    assert rewritten(source, reversed(edits)) == expected
