"""Names for what a fix makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgmend.listener.errors import PlanRefused
from pgmend.listener.fixes.composed import MAX_NAME_BYTES, identifier
from pgmend.listener.fixes.names import clipped, first_free

SUFFIXES = st.sampled_from(["", "_idx", "_fkey12", "_ccnew"])


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), SUFFIXES)
def test_a_clipped_name_fits_keeps_its_suffix_and_cuts_no_character(stem: str, suffix: str) -> None:
    name = clipped(stem, suffix)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(suffix)
    assert stem.startswith(name.removesuffix(suffix))
    assert name == stem + suffix or len(name.encode()) > MAX_NAME_BYTES - 4


def test_the_lowest_free_number_is_taken() -> None:
    assert first_free("t_a", "_idx", ()) == "t_a_idx"
    assert first_free("t_a", "_idx", {"t_a_idx", "t_a_idx1"}) == "t_a_idx2"


def test_a_number_never_pushes_a_name_over_the_limit() -> None:
    taken = {"x" * 59 + "_idx"}
    assert first_free("x" * 70, "_idx", taken) == "x" * 58 + "_idx1"


def test_when_every_name_is_taken_it_says_so() -> None:
    class Everything(set[str]):
        def __contains__(self, _: object) -> bool:
            return True

    with pytest.raises(PlanRefused, match="are taken"):
        first_free("t", "_idx", Everything())


@pytest.mark.parametrize("name", ["a\0b", "x" * 64, "é" * 32, ""])
def test_a_name_that_postgres_or_psycopg_would_cut_is_refused(name: str) -> None:
    with pytest.raises(PlanRefused):
        identifier("app", name)


@pytest.mark.parametrize("name", ["x" * 63, "é" * 31, 'a"b', "a.b", "Größe; --", " "])
def test_any_other_name_is_quoted_whole(name: str) -> None:
    assert identifier("app", name).as_string() == '"app"."{}"'.format(name.replace('"', '""'))
