"""An atlas that took one change after the other knows the same as one that looked at everything anew."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.snapshot import Oid, Snapshot, Table
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.relation import Relation

from tests.support.chance import OIDS, tables
from tests.support.snapshots import NOON, altered, put, snapshot, table, without


def everything(known: Mapping[Oid, Table]) -> dict[Oid, tuple[Relation, ...]]:
    relations = Atlas(Snapshot(known, NOON, 180_004, complete=True)).relations_of(known)
    return {oid: relations.inferred(oid) for oid in known}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_changes_one_by_one_come_to_the_same_as_a_full_look(data: st.DataObject) -> None:
    known = {oid: made for oid in OIDS if (made := data.draw(tables(oid))) is not None}
    atlas = Atlas(Snapshot(dict(known), NOON, 180_004, complete=True))
    held = everything(known)
    for oid in data.draw(st.lists(st.sampled_from(OIDS), min_size=1, max_size=4)):
        before, after = known.pop(oid, None), data.draw(tables(oid))
        if after is not None:
            known[oid] = after
        reached = atlas.replace(before, after)
        relations = atlas.relations_of(known)
        for each in {*reached, oid}:
            held.pop(each, None)
            if each in known:
                held[each] = relations.inferred(each)
        assert held == everything(known)
        for each in known:
            expected = [one for all_of in held.values() for one in all_of if one.link.key.table == each]
            assert sorted(one.link for one in relations.to(each)) == sorted(one.link for one in expected)


SHOP = snapshot("""
    users: id int pk, email text unique
    sessions: id int pk, user_id int -> users
    orders: id int pk, user_id int -> users
    payments: id int pk, user_id int -> users
    bookings: id int pk, user_id int
    notes: id int pk, text text
    app.staff: id int pk
    app.shifts: id int pk, made_by int
    shops: id int pk, made_by int
""")


def reached(before: Snapshot, after: Snapshot, name: str) -> set[str]:
    """The names of the tables that a change of one table reaches."""
    oid = next(each.oid for each in (*before.tables.values(), *after.tables.values()) if each.name == name)
    atlas = Atlas(before)
    found = atlas.replace(before.tables.get(oid), after.tables.get(oid))
    return {after.tables[each].name for each in found if each in after.tables}


def test_column_that_nobody_means_reaches_nobody() -> None:
    users = table(SHOP, "users")
    phone = users.columns[1]._replace(number=3, name="phone")
    assert reached(SHOP, put(SHOP, users._replace(columns=(*users.columns, phone))), "users") == set()


def test_one_more_of_many_siblings_reaches_only_what_it_refers_to() -> None:
    without_one = without(SHOP, "payments", "payments_user_id_fkey")
    more = put(
        SHOP, table(SHOP, "notes")._replace(oid=90_000, name="fourth"), table(SHOP, "payments")._replace(oid=90_001)
    )
    assert reached(more, put(more, more.tables[90_000]._replace(comment="x")), "fourth") == set()
    assert reached(more, without(more, "sessions", "sessions_user_id_fkey"), "sessions") == {"users", "bookings"}
    assert "bookings" in reached(without_one, SHOP, "payments")


def test_renamed_example_reaches_those_whom_it_is_shown_to() -> None:
    assert "bookings" in reached(SHOP, altered(SHOP, "sessions", name="logins"), "logins")


def test_renamed_table_reaches_those_that_named_it() -> None:
    assert reached(SHOP, altered(SHOP, "users", name="people"), "people") >= {"bookings"}


def test_sibling_that_points_out_of_its_schema_reaches_every_schema() -> None:
    tied = snapshot("""
        users: id int pk, email text unique
        sessions: id int pk, user_id int -> users
        orders: id int pk, user_id int -> users
        payments: id int pk, user_id int -> users
        bookings: id int pk, user_id int
        notes: id int pk, text text
        app.staff: id int pk
        app.shifts: id int pk, made_by int
        shops: id int pk, made_by int -> app.staff
    """)
    assert reached(SHOP, tied, "shops") == {"shifts", "staff"}


def test_table_that_a_comment_names_reaches_the_commented_one() -> None:
    commented = altered(SHOP, "notes", column_comments=((2, "references drafts(id)"),))
    drafts = table(commented, "users")._replace(oid=90_000, name="drafts")
    assert reached(commented, put(commented, drafts), "drafts") == {"notes"}


def test_habit_of_a_schema_reaches_all_its_tables_when_it_begins_and_when_it_ends() -> None:
    before = snapshot("""
        users: id int pk
        shops: id int pk
        hosts: id int pk
        a: id int pk, user_id int -> users
        b: id int pk, shop_id int -> shops
        c: id int pk, host_id int
        d: id int pk, parent_id int
        app.e: id int pk, parent_id int
    """)
    after = snapshot("""
        users: id int pk
        shops: id int pk
        hosts: id int pk
        a: id int pk, user_id int -> users
        b: id int pk, shop_id int -> shops
        c: id int pk, host_id int -> hosts
        d: id int pk, parent_id int
        app.e: id int pk, parent_id int
    """)
    assert {"d", "a"} <= reached(before, after, "c")
    assert {"d", "a"} <= reached(after, before, "c")
    assert "e" not in reached(before, after, "c")
    assert "d" in reached(after, altered(after, "hosts", name="machines"), "machines")


def test_third_namesake_reaches_those_of_another_type() -> None:
    two = snapshot("""
        users: id int pk
        a: id int pk, user_id int
        b: id int pk, user_id int
        c: id int pk, user_id bool
        d: id int pk, user_id text
    """)
    three = altered(two, "c", "user_id", type_oid=23, type_name="integer")
    assert "d" in reached(two, three, "c")
    four = put(three, table(three, "c")._replace(oid=90_000, name="e"))
    assert "d" not in reached(three, four, "e")


def test_name_that_comes_to_stand_in_too_many_keys_reaches_those_it_found() -> None:
    keys = "".join(f"k{n}: tenant_id int, key_{n} int, pk(tenant_id, key_{n})\n" for n in range(16))
    of = snapshot(keys + "last: tenant_id int, key_x int, pk(tenant_id, key_x)\nline: tenant_id int, key_0 int")
    fewer = altered(of, "last", "last_pkey", unique=False)
    assert reached(fewer, of, "last") >= {"line"}
    assert reached(of, fewer, "last") >= {"line"}


def test_conservative_reach_holds_whoever_may_think_otherwise() -> None:
    atlas = Atlas(SHOP)
    names = {SHOP.tables[oid].name for oid in atlas.reached_by([table(SHOP, "users").oid])}
    assert names == {"bookings"}
    names = {SHOP.tables[oid].name for oid in atlas.reached_by([table(SHOP, "sessions").oid])}
    assert names == {"users", "bookings"}
    assert atlas.reached_by([4711]) == frozenset()


def test_relations_are_found_for_any_known_table_and_no_other() -> None:
    relations = Atlas(SHOP).relations_of([table(SHOP, "users").oid])
    assert list(relations.by_table) == [table(SHOP, "users").oid]
    assert relations.inferred(table(SHOP, "bookings").oid)[0].believed
    assert relations.of(4711) == ()
    assert [relation.declared for relation in relations.of(table(SHOP, "orders").oid)] == [True]
