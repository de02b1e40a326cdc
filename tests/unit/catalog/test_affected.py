"""Names in identities, and what is judged again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pgmend.listener.catalog.affected import PG_ATTRDEF, PG_CLASS, PG_CONSTRAINT, Affected, affected, names_in
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.snapshot import Snapshot, Table
from pgmend.listener.event import Event

from .samples import TABLE

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(tag: str, class_id: int, object_id: int, identity: str = "", kind: str = "command") -> Event:
    return Event("id", AT, 1, kind, tag, "", None, identity, class_id, object_id, "me", None, 1, None)


def table(oid: int, refers_to: int = 0, parent: int = 0) -> Table:
    key = TABLE.constraints[1]
    return TABLE._replace(
        oid=oid,
        name=f"t {oid}",
        parents=(parent,) if parent else (),
        constraints=(key._replace(oid=oid + 1000, referenced_table=refers_to),) if refers_to else (),
        indexes=(TABLE.indexes[0]._replace(oid=oid + 2000),),
        triggers=(),
    )


SNAPSHOT = Snapshot(
    {each.oid: each for each in (table(1), table(2, refers_to=1), table(3, parent=2), table(4, parent=3), table(5))},
    AT,
    180000,
    True,
)


@pytest.mark.parametrize(
    ("identity", "names"),
    [
        ("public.t", ("public", "t")),
        ("for public.t.a", ("public", "t", "a")),
        ('for "My Schema"."a.b"."c""d"', ("My Schema", "a.b", 'c"d')),
        ("fk on public.t", ("public", "t")),
        ('"x y"', ("x y",)),
        ("größe.é", ("größe", "é")),
        ("", ()),
    ],
)
def test_identity_ends_in_dotted_names(identity: str, names: tuple[str, ...]) -> None:
    assert names_in(identity) == names


@pytest.mark.parametrize(
    ("heard", "read"),
    [
        (event("ALTER TABLE", PG_CLASS, 5), {5}),
        (event("ALTER TABLE", PG_CLASS, 2), {2, 3, 4}),
        (event("DROP INDEX", PG_CLASS, 2005, kind="drop"), {5, 2005}),
        (event("DROP TABLE", PG_CONSTRAINT, 1002, kind="drop"), {2, 3, 4}),
        (event("DROP FUNCTION", PG_ATTRDEF, 77, 'for public."t 5".id', "drop"), {5}),
        (event("DROP FUNCTION", PG_ATTRDEF, 77, "for public.unknown.id", "drop"), set()),
        (event("CREATE TABLE", PG_CLASS, 900), {900}),
        (event("GRANT", 0, 0), set()),
    ],
)
def test_events_lead_to_tables_by_what_was_known(heard: Event, read: set[int]) -> None:
    reach = affected([heard], SNAPSHOT)
    assert reach.read == read
    assert not reach.full


@pytest.mark.parametrize("tag", ["ALTER SCHEMA", "ALTER EXTENSION"])
def test_what_cannot_be_narrowed_leads_everywhere(tag: str) -> None:
    assert affected([event("ALTER TABLE", PG_CLASS, 1), event(tag, 2615, 9)], SNAPSHOT).full


def reach(*oids: int) -> Affected:
    return Affected({PG_CLASS: frozenset(oids)}, full=False)


def test_neighbours_are_judged_again() -> None:
    assert reach(1).judge(SNAPSHOT) == {1, 2}
    assert reach(2).judge(SNAPSHOT) == {1, 2, 3}
    assert reach(4).judge(SNAPSHOT) == {3, 4}
    assert reach(5, 77).judge(SNAPSHOT) == {5, 77}


def test_neighbours_of_a_table_that_changed_inwardly_are_not_judged_again() -> None:
    before = SNAPSHOT.tables[1]
    commented = diff_table(before, before._replace(comment="x"))
    retyped = diff_table(before, before._replace(columns=before.columns[:1]))
    assert reach(1).judge(SNAPSHOT, ()) == {1}
    assert reach(1).judge(SNAPSHOT, commented) == {1}
    assert reach(1).judge(SNAPSHOT, retyped) == {1, 2}
