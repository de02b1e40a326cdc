"""What code compares is evidence, cut off and not counted twice, and what one source says anew is judged anew."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.snapshot import Oid, Snapshot
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.relation import Relation
from pgmend.listener.relations.sighting import Sighting, Source, SourceKind

from tests.support.chance import OIDS, tables
from tests.support.snapshots import NOON, altered, link, put, snapshot, table, without

SHOP = snapshot("""
    users: id int pk, email text unique
    teams: tenant_id int, id int, pk(tenant_id, id)
    bookings: id int pk, user_id int, made_by int, tenant_id int, team int
    notes: id int pk, text text
""")


def told(of: Snapshot, columns: str, other: str) -> Sighting:
    found = link(of, columns, other)
    return Sighting(found.table, found.columns, found.key.table, found.key.columns)


MADE_BY = told(SHOP, "bookings(made_by)", "users(id)")
USER_ID = told(SHOP, "bookings(user_id)", "users(id)")


def view(number: int, kind: SourceKind = SourceKind.VIEW) -> Source:
    return Source(kind, str(number), f"the {kind} number {number}")


def bookings(atlas: Atlas, of: Snapshot = SHOP) -> tuple[Relation, ...]:
    oid = table(of, "bookings").oid
    return atlas.relations_of([oid]).inferred(oid)


def of_columns(atlas: Atlas, *names: str) -> list[Relation]:
    return [each for each in bookings(atlas) if table(SHOP, "bookings").names(each.link.columns) == names]


def evidence(atlas: Atlas) -> dict[str, float]:
    (relation,) = of_columns(atlas, "made_by")
    return {each.kind: each.weight for each in relation.evidence if each.kind.endswith("_joins")}


def test_a_join_and_a_name_make_a_relation_and_a_join_alone_does_not() -> None:
    atlas = Atlas(SHOP)
    for number in range(5):
        atlas.see(view(number), [MADE_BY, USER_ID])
    believed = {SHOP.tables[each.link.table].names(each.link.columns) for each in bookings(atlas) if each.believed}
    assert believed == {("user_id",)}


def test_many_sources_are_as_good_as_three() -> None:
    atlas = Atlas(SHOP)
    weights: list[float] = []
    for number in range(5):
        atlas.see(view(number), [MADE_BY])
        weights.append(evidence(atlas)["view_joins"])
    assert weights[0] < weights[1] < weights[2] == weights[3] == weights[4]


def test_the_same_join_in_other_kinds_of_sources_adds_little() -> None:
    atlas = Atlas(SHOP)
    atlas.see(view(1), [MADE_BY])
    (alone,) = evidence(atlas).values()
    for kind in (SourceKind.FUNCTION, SourceKind.STATEMENT, SourceKind.CODE):
        atlas.see(view(1, kind), [MADE_BY])
    found = evidence(atlas)
    assert found["view_joins"] == alone
    assert {weight for name, weight in found.items() if name != "view_joins"} == {0.5}
    assert sum(found.values()) < 2 * alone


def test_a_composite_key_is_meant_only_by_all_of_its_columns() -> None:
    atlas = Atlas(SHOP)
    atlas.see(view(1), [told(SHOP, "bookings(team)", "teams(id)")])
    assert of_columns(atlas, "team") == []
    atlas.see(view(1), [told(SHOP, "bookings(team,tenant_id)", "teams(id,tenant_id)")])
    assert len(of_columns(atlas, "tenant_id", "team")) == 1


def test_evidence_names_the_source_and_both_columns() -> None:
    atlas = Atlas(SHOP)
    atlas.see(Source(SourceKind.CODE, "a.py:7", "app/a.py:7"), [MADE_BY])
    (relation,) = of_columns(atlas, "made_by")
    (seen,) = [each.seen for each in relation.evidence if each.kind == "code_joins"]
    assert seen == "app/a.py:7 joins made_by with public.users(id)."


def test_what_a_source_no_longer_says_is_forgotten() -> None:
    atlas = Atlas(SHOP)
    both = {table(SHOP, "bookings").oid, table(SHOP, "users").oid}
    assert atlas.see(view(1), [MADE_BY]) == both
    assert atlas.see(view(1), [MADE_BY]) == frozenset()
    assert atlas.sources(SourceKind.VIEW) == {"1"}
    assert atlas.see(view(1), []) == both
    assert atlas.sources(SourceKind.VIEW) == frozenset()
    assert bookings(atlas) == bookings(Atlas(SHOP))


def test_the_fourth_source_reaches_nobody() -> None:
    atlas = Atlas(SHOP)
    for number in range(3):
        assert atlas.see(view(number), [MADE_BY])
    assert atlas.see(view(9), [MADE_BY]) == frozenset()


def test_a_key_that_comes_or_goes_reaches_whom_code_compares_with_it() -> None:
    seen = told(SHOP, "bookings(made_by)", "users(email)")
    atlas = Atlas(SHOP)
    atlas.see(view(1), [seen])
    users = table(SHOP, "users")
    without_key = without(SHOP, "users", "users_email_key").tables[users.oid]
    assert table(SHOP, "bookings").oid in atlas.replace(users, without_key)
    renamed = altered(put(SHOP, without_key), "users", name="people").tables[users.oid]
    assert table(SHOP, "bookings").oid in atlas.replace(without_key, renamed)


sightings = st.builds(
    lambda table, other, pairs: Sighting(table, tuple(a for a, _ in pairs), other, tuple(b for _, b in pairs)),
    st.sampled_from(OIDS),
    st.sampled_from(OIDS),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=2, unique=True),
)
sources = st.builds(view, st.integers(1, 5), st.sampled_from(SourceKind))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_tables_and_sources_one_by_one_come_to_the_same_as_a_full_look(data: st.DataObject) -> None:
    known = {oid: made for oid in OIDS if (made := data.draw(tables(oid))) is not None}
    said: dict[Source, list[Sighting]] = {}
    atlas = Atlas(Snapshot(dict(known), NOON, 180_004, complete=True))

    def everything() -> dict[Oid, tuple[Relation, ...]]:
        anew = Atlas(Snapshot(dict(known), NOON, 180_004, complete=True))
        for source, seen in said.items():
            anew.see(source, seen)
        relations = anew.relations_of(known)
        return {oid: relations.inferred(oid) for oid in known}

    held = everything()
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            source = data.draw(sources)
            said[source] = data.draw(st.lists(sightings, max_size=3))
            reached = set(atlas.see(source, said[source]))
        else:
            oid = data.draw(st.sampled_from(OIDS))
            before, after = known.pop(oid, None), data.draw(tables(oid))
            if after is not None:
                known[oid] = after
            reached = {*atlas.replace(before, after), oid}
        relations = atlas.relations_of(known)
        for each in reached:
            held.pop(each, None)
            if each in known:
                held[each] = relations.inferred(each)
        assert held == everything()
        for each in known:
            expected = [one for all_of in held.values() for one in all_of if one.link.key.table == each]
            assert sorted(one.link for one in relations.to(each)) == sorted(one.link for one in expected)
