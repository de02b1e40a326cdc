from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.relations.measurement import Unmeasured
from pgmend.listener.remedy import AddForeignKey

from tests.support.snapshots import altered, counted, dropped, judged, link, scene, snapshot, table, without

MISSING = snapshot("""
    users: id int pk
    orders: id int pk, user_id int -> users
    bookings: id int pk, user_id int
""")
MEANT = link(MISSING, "bookings(user_id)", "users(id)")


def found(of: Snapshot, *arguments: object, **options: object) -> list[Issue]:
    return judged(scene(of, *arguments, **options), "missing_foreign_key")  # type: ignore[arg-type]


def test_believed_relation_without_a_foreign_key() -> None:
    (issue,) = found(MISSING, {MEANT: counted(40)})
    assert issue.severity is Severity.CRITICAL
    assert issue.current_state == "No foreign key ties user_id to public.users(id), which it means."
    assert issue.expected_state == "A foreign key from user_id to public.users(id)."
    assert issue.remedy == AddForeignKey(MEANT.table, (2,), MEANT.key.table, (1,))
    assert issue.doubt is None
    assert {evidence.kind for evidence in issue.evidence} == {"siblings", "naming", "types", "containment"}


@pytest.mark.parametrize(
    ("counts", "doubt"),
    [
        ({}, "nobody has counted yet whether every row has its key"),
        ({MEANT: Unmeasured("a lock was in the way")}, "nobody has counted yet whether every row has its key"),
        ({MEANT: counted(1000, 3)}, "3 rows of 1,000 have no key"),
        ({MEANT: counted(1000, 1)}, "1 row of 1,000 has no key"),
        ({MEANT: counted(0)}, None),
    ],
)
def test_doubt_tells_what_counting_came_to(counts: dict[object, object], doubt: str | None) -> None:
    (issue,) = found(MISSING, counts)
    assert issue.doubt == doubt


def test_composite_relation() -> None:
    of = snapshot("""
        members: tenant_id int, id int, pk(tenant_id, id)
        "Bücher": id int pk, member_id int, tenant_id int, fk(member_id, tenant_id) -> members(id, tenant_id)
        loans: id int pk, member_id int, tenant_id int
    """)
    (issue,) = found(of)
    assert issue.column == "tenant_id, member_id"
    assert issue.remedy == AddForeignKey(table(of, "loans").oid, (3, 2), table(of, "members").oid, (1, 2))


def test_dropped_foreign_key_is_proposed_as_it_was() -> None:
    before = altered(
        snapshot('users: id int pk\norders: id int pk, made_by int, "Fk ""1"""=fk(made_by) -> users(id)'),
        "orders",
        'Fk "1"',
        on_delete="n",
        on_update="c",
        deferrable=True,
        deferred=True,
        match_type="f",
        on_delete_columns=(2,),
    )
    after = without(before, "orders", 'Fk "1"')
    (issue,) = found(after, changes=[dropped(before, "orders", 'Fk "1"')])
    assert issue.remedy == AddForeignKey(
        table(after, "orders").oid,
        (2,),
        table(after, "users").oid,
        (1,),
        on_update="c",
        on_delete="n",
        on_delete_columns=(2,),
        match_type="f",
        deferrable=True,
        deferred=True,
        validated=True,
        name='Fk "1"',
    )
    assert issue.doubt == 'the foreign key Fk "1" was dropped: what somebody dropped comes back by approval'


def test_dropped_foreign_key_that_was_made_again_is_no_issue() -> None:
    before = snapshot("users: id int pk\norders: id int pk, made_by int -> users")
    again = altered(before, "orders", "orders_made_by_fkey", name="another")
    assert found(again, changes=[dropped(before, "orders", "orders_made_by_fkey")]) == []


def test_dropped_foreign_key_whose_parent_is_gone_is_no_issue() -> None:
    before = snapshot("orders: id int pk\nusers: id int pk\nlines: id int pk, made_by int -> users")
    after = without(before, "lines", "lines_made_by_fkey")
    gone = altered(after, "users", "users_pkey", unique=False)
    assert found(gone, changes=[dropped(before, "lines", "lines_made_by_fkey")]) == []


def test_ambiguity_is_low_and_has_no_remedy() -> None:
    of = snapshot("""
        user: id uuid pk
        users: id uuid pk
        orders: id int pk, user_id uuid
    """)
    counts = {link(of, "orders(user_id)", f"{name}(id)"): counted(3) for name in ("user", "users")}
    (issue,) = found(of, counts)
    assert issue.severity is Severity.LOW
    assert issue.remedy is None
    assert issue.current_state == "user_id may mean public.user(id) or public.users(id); no foreign key says which."
    assert issue.doubt == "the evidence does not decide between public.user(id) and public.users(id)"
    assert [each.kind for each in issue.evidence].count("naming") == 2


def test_silent_where_the_type_does_not_fit() -> None:
    of = altered(MISSING, "bookings", "user_id", type_oid=25, type_name="text")
    assert found(of, {MEANT: counted(1000)}) == []


def test_tables_left_alone_have_no_issues_and_are_examples_nonetheless() -> None:
    of = altered(MISSING, "orders", left_alone=True)
    assert [issue.table for issue in found(of)] == ["bookings"]
    assert found(altered(of, "bookings", left_alone=True)) == []
    assert [issue.table for issue in found(altered(of, "users", left_alone=True))] == ["bookings"]
