from __future__ import annotations

import pytest
from pgmend.listener.catalog.change import Change
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.remedy import AddForeignKey, ChangeColumnType

from tests.support.snapshots import (
    TYPES,
    altered,
    counted,
    dropped,
    judged,
    link,
    retyped,
    scene,
    snapshot,
    table,
    without,
)

TEN_AND_ONE = "users: id int pk\n" + "".join(f"t{n}: id int pk, user_id int -> users\n" for n in range(10))
ELEVENTH = TEN_AND_ONE + "bookings: id int pk, user_id text\n"


def found(of: Snapshot, *arguments: object, **options: object) -> list[Issue]:
    return judged(scene(of, *arguments, **options), "type_mismatch")  # type: ignore[arg-type]


def with_type(of: Snapshot, name: str, column: str, of_type: str) -> Snapshot:
    oid, type_name = TYPES[of_type]
    return altered(of, name, column, type_oid=oid, type_name=type_name)


def test_ten_integers_and_one_text() -> None:
    of = snapshot(ELEVENTH)
    (issue,) = found(of)
    assert issue.severity is Severity.CRITICAL
    assert (issue.table, issue.column) == ("bookings", "user_id")
    assert issue.current_state == "user_id is text; public.users(id), which it means, is integer."
    assert issue.expected_state == "user_id is integer."
    assert issue.remedy == with_key_to_users(of)
    assert issue.doubt is None


def with_key_to_users(of: Snapshot) -> ChangeColumnType:
    """The type of bookings.user_id, and the foreign key that can be there after it."""
    bookings = table(of, "bookings").oid
    return ChangeColumnType(bookings, 2, "integer", then=AddForeignKey(bookings, (2,), table(of, "users").oid, (1,)))


def test_names_of_any_alphabet() -> None:
    of = snapshot("""
        "Größen": id int pk
        "Преди, a": id int pk, "größenId" int -> "Größen"
        "Bücher": id int pk, "größenId" text
    """)
    meant = link(of, '"Bücher"("größenId")', '"Größen"(id)')
    (issue,) = found(of, {meant: counted(100)})
    assert issue.current_state == "größenId is text; public.Größen(id), which it means, is integer."


@pytest.mark.parametrize(
    ("ours", "key", "is_mismatch"),
    [
        ("text", "int", True),
        ("varchar", "bigint", True),
        ("char", "int", True),
        ("int", "text", True),
        ("text", "uuid", True),
        ("uuid", "text", True),
        ("numeric", "int", True),
        ("int", "bigint", False),
        ("smallint", "int", False),
        ("int", "numeric", False),
        ("varchar", "text", False),
        ("char", "text", False),
        ("uuid", "int", False),
        ("date", "int", False),
        ("email", "int", False),
        ("int", "mood", False),
    ],
)
def test_types_that_no_foreign_key_ties(ours: str, key: str, is_mismatch: bool) -> None:
    text = f"users: id {key} pk\n" + "".join(f"t{n}: id int pk, user_id {key} -> users\n" for n in range(3))
    of = snapshot(f"{text}bookings: id int pk, user_id {ours}\n")
    assert [issue.table for issue in found(of)] == (["bookings"] if is_mismatch else [])


def test_silent_on_an_empty_table_without_siblings() -> None:
    of = snapshot("users: id int pk\nbookings: id int pk, user_id text")
    assert found(of, {link(of, "bookings(user_id)", "users(id)"): counted(0)}) == []


def test_silent_where_the_text_is_another_key() -> None:
    of = snapshot(
        "sessions: id int pk, session_id text unique\n"
        + "".join(f"t{n}: id int pk, session_id int -> sessions\n" for n in range(3))
        + "orders: id int pk, session_id text"
    )
    assert found(of) == []


def accident() -> tuple[Snapshot, Snapshot, list[Change]]:
    """A foreign key dropped so that the type could be changed, newest change first."""
    before = snapshot(TEN_AND_ONE + "bookings: id int pk, user_id bigint -> users\n")
    between = without(before, "bookings", "bookings_user_id_fkey")
    after = with_type(between, "bookings", "user_id", "text")
    changes = [retyped(between, after, "bookings", "user_id"), dropped(before, "bookings", "bookings_user_id_fkey")]
    return before, after, changes


def test_changed_type_is_restored_to_what_it_was() -> None:
    _, after, changes = accident()
    (issue,) = found(after, changes=changes)
    assert issue.remedy == ChangeColumnType(table(after, "bookings").oid, 2, "bigint", restores=True)
    assert issue.expected_state == "user_id is bigint."
    assert "user_id was bigint, which fits the key." in [evidence.seen for evidence in issue.evidence]


def test_type_comes_back_first_and_the_foreign_key_after_it() -> None:
    _, after, changes = accident()
    assert judged(scene(after, changes=changes), "missing_foreign_key") == []
    mended = with_type(after, "bookings", "user_id", "bigint")
    back = retyped(after, mended, "bookings", "user_id", fix_id="f")
    assert found(mended, changes=[back, *changes]) == []
    (issue,) = judged(scene(mended, changes=[back, *changes]), "missing_foreign_key")
    assert issue.remedy is not None
    assert getattr(issue.remedy, "name", None) == "bookings_user_id_fkey"


def test_what_we_mended_and_took_back_is_still_to_be_what_it_was() -> None:
    """That it is not mended alone a second time is the quarantine's matter."""
    _, after, changes = accident()
    mended = with_type(after, "bookings", "user_id", "bigint")
    undone = retyped(mended, after, "bookings", "user_id", fix_id="fix")
    ours = [undone, retyped(after, mended, "bookings", "user_id", fix_id="fix")]
    (issue,) = found(after, changes=[*ours, *changes])
    assert issue.remedy == ChangeColumnType(table(after, "bookings").oid, 2, "bigint", restores=True)


def test_what_we_gave_another_type_was_not_the_accident() -> None:
    of = snapshot(ELEVENTH)
    before = with_type(of, "bookings", "user_id", "int")
    (issue,) = found(of, changes=[retyped(before, of, "bookings", "user_id", fix_id="fix")])
    assert issue.remedy == with_key_to_users(of)


def test_former_type_that_did_not_fit_either_is_not_restored() -> None:
    of = snapshot(ELEVENTH)
    was = with_type(of, "bookings", "user_id", "uuid")
    (issue,) = found(of, changes=[retyped(was, of, "bookings", "user_id")])
    # Somebody changed it, and may have dropped a foreign key as well: that needs an approval of its own.
    assert issue.remedy == ChangeColumnType(table(of, "bookings").oid, 2, "integer", restores=False)


KEYS = """
    users: id int pk
    a: id int pk, user_id int
    b: id int pk, user_id int
    c: id int pk, user_id int
    d: id int pk, user_id int
"""


def moved_key() -> tuple[Snapshot, list[Change]]:
    """A key's type changed under four columns that mean it and no foreign key guards."""
    before = snapshot(KEYS)
    after = with_type(before, "users", "id", "text")
    return after, [retyped(before, after, "users", "id")]


def test_key_whose_type_was_changed_is_told_once_and_restored() -> None:
    after, changes = moved_key()
    counts = {link(after, f"{name}(user_id)", "users(id)"): counted(500) for name in "abcd"}
    (issue,) = found(after, counts, changes=changes)
    assert (issue.table, issue.column) == ("users", "id")
    assert issue.current_state == "id is text; a.user_id, b.user_id, c.user_id and 1 more, which mean it, fit integer."
    assert issue.remedy == ChangeColumnType(table(after, "users").oid, 1, "integer", restores=True)


def test_column_that_did_not_follow_its_key_is_the_one_to_change() -> None:
    after, changes = moved_key()
    for name in "abc":
        after = with_type(after, name, "user_id", "text")
    counts = {link(after, f"{name}(user_id)", "users(id)"): counted(500) for name in "abcd"}
    (issue,) = found(after, counts, changes=changes)
    assert (issue.table, issue.column, issue.expected_state) == ("d", "user_id", "user_id is text.")


def test_key_that_a_foreign_key_follows_is_not_the_one_to_change() -> None:
    text = KEYS.replace("users: id int", "users: id text").replace(
        "a: id int pk, user_id int", "a: user_id text -> users"
    )
    after = snapshot(text)
    before = with_type(after, "users", "id", "int")
    counts = {link(after, f"{name}(user_id)", "users(id)"): counted(500) for name in "bcd"}
    issues = found(after, counts, changes=[retyped(before, after, "users", "id")])
    assert [issue.table for issue in issues] == ["b", "c", "d"]


def test_ambiguity_is_low_and_has_no_remedy() -> None:
    of = snapshot("user: id uuid pk\nusers: id uuid pk\norders: id int pk, user_id text")
    counts = {link(of, "orders(user_id)", f"{name}(id)"): counted(3) for name in ("user", "users")}
    (issue,) = found(of, counts)
    assert (issue.severity, issue.remedy) == (Severity.LOW, None)


def test_composite_relation_names_the_column_that_does_not_fit() -> None:
    text = "members: tenant_id int, id int, pk(tenant_id, id)\n" + "".join(
        f"t{n}: tenant_id int, member_id int, fk(tenant_id, member_id) -> members(tenant_id, id)\n" for n in range(3)
    )
    of = snapshot(text + "loans: id int pk, tenant_id int, member_id text\n")
    (issue,) = found(of)
    assert (issue.table, issue.column, issue.expected_state) == ("loans", "member_id", "member_id is integer.")
