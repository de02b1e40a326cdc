"""An index, a view, a function, … that is gone."""

from __future__ import annotations

from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import CreateIndex, RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot, table

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")
USERS, SESSIONS = table(SHOP, "users").oid, table(SHOP, "sessions").oid


def test_an_index_is_built_without_blocking_writes() -> None:
    definition = "CREATE UNIQUE INDEX i ON public.sessions USING btree (user_id, lower(note)) INCLUDE (id)"
    gone = difference(ObjectKind.INDEX, "i", before=definition, relation="sessions", table=SESSIONS)
    (issue,) = issues(expecting(SHOP, gone), "missing_object")
    assert (issue.object_name, issue.severity) == ("index i", Severity.MEDIUM)
    assert issue.remedy == CreateIndex(SESSIONS, (2, 0), name="i", definition=definition, unique=True, included=(1,))


def test_an_index_on_what_is_gone_waits_for_it() -> None:
    gone = difference(
        ObjectKind.INDEX, "i", before="CREATE INDEX i ON public.users USING btree (x)", relation="users", table=USERS
    )
    (issue,) = issues(expecting(SHOP, gone), "missing_object")
    assert issue.remedy == RestoreObject(USERS, "index", "public", "users", "i", "existence")


def test_what_is_in_no_table_is_told_of_the_database() -> None:
    gone = [
        difference(ObjectKind.FUNCTION, "f(a integer)"),
        difference(ObjectKind.VIEW, "f"),
        difference(ObjectKind.INDEX, "i", relation="matview"),
    ]
    found = issues(expecting(SHOP, *gone), "missing_object")
    assert {(each.table_oid, each.table, each.object_name) for each in found} == {
        (0, "f(a integer)", "function f(a integer)"),
        (0, "f", "view f"),
        (0, "matview", "index i"),
    }
