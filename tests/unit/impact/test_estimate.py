"""How long work under a lock takes by the size."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pgmend.listener.impact.commands import Sort
from pgmend.listener.impact.estimate import work
from pgmend.listener.impact.impact import Size

ONLINE_ABOVE = timedelta(milliseconds=80)
MEGABYTE = 1 << 20


@pytest.mark.parametrize("sort", [each for each in Sort if each is not Sort.OTHER])
def test_small_table_is_no_matter_and_a_large_one_is(sort: Sort) -> None:
    assert work(sort, Size(MEGABYTE, MEGABYTE // 2, 10_000)) < ONLINE_ABOVE
    assert work(sort, Size(1000 * MEGABYTE, 500 * MEGABYTE, 10_000_000)) > ONLINE_ABOVE * 10


def test_rewriting_takes_longer_than_building_and_that_than_reading() -> None:
    size = Size(100 * MEGABYTE, 20 * MEGABYTE, 1_000_000)
    order = [Sort.CHECK, Sort.FOREIGN_KEY, Sort.INDEX, Sort.TYPE]
    times = [work(sort, size) for sort in order]
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_rows_that_nobody_counted_are_guessed_from_the_pages() -> None:
    assert work(Sort.INDEX, Size(8192 * 1000, 0, None)) == work(Sort.INDEX, Size(8192 * 1000, 0, 60_000))
