"""A snapshot that changes keeps its ways to find a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.snapshot import Numbering, Snapshot, Table

from .samples import TABLE

AT = datetime(2026, 1, 1, tzinfo=UTC)
WAYS = (
    "by_name",
    "referencing",
    "children",
    "table_of_index",
    "table_of_constraint",
    "table_of_trigger",
    "numbered_by",
    "migration_histories",
)


def table(
    oid: int, name: str, refers_to: tuple[int, ...] = (), parents: tuple[int, ...] = (), indexes: int = 0
) -> Table:
    key = TABLE.constraints[1]
    return TABLE._replace(
        oid=oid,
        name=name,
        parents=parents,
        constraints=tuple(key._replace(oid=oid * 100 + n, referenced_table=to) for n, to in enumerate(refers_to)),
        indexes=tuple(TABLE.indexes[1]._replace(oid=oid * 100 + n) for n in range(indexes)),
        triggers=(TABLE.triggers[0]._replace(oid=oid * 100),),
        numberings=tuple(Numbering(1, to * 10, owned=False, called=True) for to in refers_to),
    )


OIDS = st.integers(1, 8)
TABLES = st.dictionaries(
    OIDS,
    st.tuples(st.lists(OIDS, max_size=3).map(tuple), st.lists(OIDS, max_size=1).map(tuple), st.integers(0, 2)),
    max_size=8,
)


def snapshot(
    of: dict[int, tuple[tuple[int, ...], tuple[int, ...], int]], *, complete: bool, prefix: str = "t"
) -> Snapshot:
    return Snapshot({oid: table(oid, f"{prefix}{oid}", *rest) for oid, rest in of.items()}, AT, 180000, complete)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES, st.lists(st.tuples(st.sets(OIDS), TABLES, st.sampled_from("tuv")), max_size=5))
def test_replaced_snapshot_is_the_one_made_anew(
    start: dict[int, tuple[tuple[int, ...], tuple[int, ...], int]],
    parts: list[tuple[set[int], dict[int, tuple[tuple[int, ...], tuple[int, ...], int]], str]],
) -> None:
    current = snapshot(start, complete=True)
    for way in WAYS:
        getattr(current, way)
    expected = dict(current.tables)
    for gone, come, prefix in parts:
        part = snapshot(come, complete=False, prefix=prefix)
        asked = frozenset(gone | come.keys())
        expected = {oid: each for oid, each in expected.items() if oid not in asked} | dict(part.tables)
        old = {way: dict(getattr(current, way)) for way in WAYS}
        after = current.replaced(part, asked)
        assert all(dict(getattr(current, way)) == old[way] for way in WAYS), "the old snapshot stays as it was"
        assert all(way in vars(after) for way in WAYS), "and what it knew is handed on"
        fresh = Snapshot(expected, AT, 180000, True)
        assert after.tables == expected
        assert {way: getattr(after, way) for way in WAYS} == {way: getattr(fresh, way) for way in WAYS}
        current = after


def test_replaced_snapshot_is_of_the_later_moment_and_as_complete_as_before() -> None:
    before = snapshot({1: ((), (), 0)}, complete=True)
    part = replace(snapshot({2: ((), (), 0)}, complete=False), taken_at=AT + timedelta(seconds=1))
    after = before.replaced(part, frozenset({2}))
    assert (after.complete, after.taken_at) == (True, part.taken_at)
    assert not part.replaced(before, frozenset({1})).complete


def test_name_that_passed_on_stays_with_its_new_holder() -> None:
    """A table was renamed away and another took its name, and the latter is looked at first."""
    before = Snapshot({1: table(1, "a"), 2: table(2, "b")}, AT, 180000, True)
    assert before.by_name["public", "a"].oid == 1
    between = before.replaced(Snapshot({2: table(2, "a")}, AT, 180000, False), frozenset({2}))
    assert between.by_name["public", "a"].oid == 2
    after = between.replaced(Snapshot({1: table(1, "c")}, AT, 180000, False), frozenset({1}))
    assert {name: each.oid for (_, name), each in after.by_name.items()} == {"a": 2, "c": 1}


def test_estimates_follow_even_where_nothing_else_changed() -> None:
    before = Snapshot({1: table(1, "a")}, AT, 180000, True)
    assert before.by_name
    newer = table(1, "a")._replace(statistics=TABLE.statistics._replace(rows=5))
    after = before.replaced(Snapshot({1: newer}, AT, 180000, False), frozenset({1}))
    assert after.by_name["public", "a"].statistics.rows == 5
    assert after.tables[1] is newer
