"""Judging only what a change reaches comes to the same issues as judging everything."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.snapshot import Oid, Snapshot, Table
from pgmend.listener.counters.counters import Counters
from pgmend.listener.counters.idle import IdleIndex, Idleness
from pgmend.listener.impact.impact import Impacts
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.scene import Scene
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.measurement import Containment, Duplicates, Measurements, Unmeasured
from pgmend.listener.relations.relation import Link
from pgmend.listener.relations.uniqueness import Uniqueness

from tests.support.chance import OIDS, tables
from tests.support.snapshots import NOON, counted

Changes = dict[Oid, tuple[Change, ...]]


REMEMBERED = {ChangeKind.COLUMN_TYPE, ChangeKind.TABLE_ALTERED, ChangeKind.TRIGGER_ALTERED}


class EveryValueContained(dict[Link, Containment | Unmeasured]):
    """Whatever link is asked for was counted, and all its values are in the key."""

    def __missing__(self, link: Link) -> Containment:
        return counted(500)

    def get(self, link: Link, default: object = None) -> Containment:  # type: ignore[override]
        return self[link]  # type: ignore[return-value]


class EveryRowTwice(dict[Uniqueness, Duplicates | Unmeasured]):
    """Whatever key is asked for was counted, and all its values are there twice."""

    def get(self, key: Uniqueness, default: object = None) -> Duplicates:  # type: ignore[override]
        return Duplicates(500, 250, 250, exact=True, taken_at=NOON)


def put(known: dict[Oid, Table], table: Table | None) -> Table | None:
    """Add the table, unless another has its name."""
    if table is None or (table.schema, table.name) in {(each.schema, each.name) for each in known.values()}:
        return None
    known[table.oid] = table
    return table


def judged(atlas: Atlas, known: dict[Oid, Table], focus: set[Oid], changes: Changes) -> dict[str, Issue]:
    measurements = Measurements(EveryValueContained(), EveryRowTwice())
    relations = atlas.relations_of(focus, measurements, changes)
    idle = {index.oid: IdleIndex(NOON, 500) for each in known.values() for index in each.indexes}
    counters = Counters(idleness=Idleness(idle, standbys=False))
    scene = Scene(
        Snapshot(dict(known), NOON, 180_004, complete=True),
        relations,
        measurements,
        changes,
        counters,
        impacts=Impacts(),
    )
    judgement = Judge(critical_tables=("*",)).judge(scene, focus)
    assert judgement.undecided == frozenset()
    return {issue.issue_id: issue for issue in judgement.issues}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_judging_what_changes_reach_comes_to_the_same_as_judging_all(data: st.DataObject) -> None:
    known: dict[Oid, Table] = {}
    for oid in OIDS:
        put(known, data.draw(tables(oid)))
    atlas = Atlas(Snapshot(dict(known), NOON, 180_004, complete=True))
    changes: Changes = {}
    held = judged(atlas, known, set(known), changes)
    for oid in data.draw(st.lists(st.sampled_from(OIDS), min_size=1, max_size=4)):
        before = known.pop(oid, None)
        after = put(known, data.draw(tables(oid)))
        # As the analyst does, with the tables whose foreign keys point here.
        pointing = {each.oid for each in known.values() if oid in {key.referenced_table for key in each.foreign_keys}}
        focus = {oid, *atlas.replace(before, after), *pointing}
        seen = [each for each in diff_table(before, after) if each.kind in REMEMBERED]
        changes[oid] = (*seen, *changes.get(oid, ()))
        held = {name: issue for name, issue in held.items() if issue.table_oid not in focus}
        held |= judged(atlas, known, focus & known.keys(), changes)
        everything = Atlas(Snapshot(dict(known), NOON, 180_004, complete=True))
        assert held == judged(everything, known, set(known), changes)
