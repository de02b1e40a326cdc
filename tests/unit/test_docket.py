"""Passing over tables saves time, and never a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.snapshot import Column, Oid, Snapshot, Table
from pgmend.listener.counters.counters import Counters
from pgmend.listener.counters.idle import IdleIndex, Idleness
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.issue import Finding
from pgmend.listener.judging.docket import Docket
from pgmend.listener.judging.registry import Rule, builtin_rules
from pgmend.listener.judging.scene import Scene
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.register import Register

from tests.support.chance import OIDS, tables
from tests.support.snapshots import NOON, scene, snapshot, table


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_tables_that_are_no_suspects_have_nothing(data: st.DataObject) -> None:
    known: dict[Oid, Table] = {}
    for oid in OIDS:
        found = data.draw(tables(oid))
        if found is not None:
            known[oid] = found
    idle = {index.oid: IdleIndex(NOON, 500) for each in known.values() for index in each.indexes}
    seen = scene(Snapshot(known, NOON, 180_004, complete=True))
    seen = replace(seen, counters=Counters(idleness=Idleness(idle, standbys=False)))
    docket = Docket(list(known.values()), seen)
    for rule in builtin_rules():
        if not isinstance(rule, Rule):
            continue  # the database, or a difference, is what those judge
        suspects = {each.oid for each in rule.suspects(docket)}
        assert [each.name for each in known.values() if each.oid not in suspects and says(rule, each, seen)] == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_tables_that_are_not_weighed_have_no_candidates(data: st.DataObject) -> None:
    known: dict[Oid, Table] = {}
    for oid in OIDS:
        if (found := data.draw(tables(oid))) is not None:
            known[oid] = found
    atlas = Atlas(Snapshot(known, NOON, 180_004, complete=True))
    passing = atlas.relations_of(known)
    related = {each.oid for each in passing.related(known.values())}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Register, "silent", lambda _self, _table: False)
        looking_closer = atlas.relations_of(known)
        assert {oid for oid in known if looking_closer.inferred(oid)} == related


def says(rule: Rule, each: Table, seen: Scene) -> list[Finding | str]:
    """What the rule has to say of a table, that it cannot decide included."""
    found: list[Finding | str] = []
    try:
        found += rule.judge(each, seen)
    except CouldNotLook as error:
        found.append(str(error))
    return found


def test_each_different_column_is_asked_about_once() -> None:
    of = snapshot("a: id int, doc json\nb: id int, doc json\nc: id int")
    shared = {column.name: column for column in table(of, "a").columns}
    alike = [each._replace(columns=tuple(shared[one.name] for one in each.columns)) for each in of.tables.values()]
    asked: list[str] = []

    def guilty(column: Column) -> bool:
        asked.append(column.name)
        return column.name == "doc"

    assert [each.name for each in Docket(alike, scene(of)).having(guilty)] == ["a", "b"]
    assert sorted(asked) == ["doc", "id"]


def test_tables_with_indexes_that_begin_alike() -> None:
    of = snapshot("a: x int, y int, index(x), index(y)\nb: x int, y int, index(x), index(x, y)\nc: x int, index(x)")
    assert [each.name for each in Docket(list(of.tables.values()), scene(of)).led_alike] == ["b"]
