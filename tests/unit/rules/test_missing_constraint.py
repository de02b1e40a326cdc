"""A constraint that is gone."""

from __future__ import annotations

from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import AddForeignKey, RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot, table

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")
USERS, SESSIONS = table(SHOP, "users").oid, table(SHOP, "sessions").oid


def gone(definition: str) -> list[object]:
    missing = difference(ObjectKind.CONSTRAINT, "k", before=definition, relation="sessions", table=SESSIONS)
    found = issues(expecting(SHOP, missing), "missing_constraint")
    assert [each.severity for each in found] == [Severity.CRITICAL]
    return [each.remedy for each in found]


def test_a_foreign_key_comes_back_as_it_was() -> None:
    definition = "FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    assert gone(definition) == [
        AddForeignKey(SESSIONS, (2,), USERS, (1,), on_delete="c", deferrable=True, deferred=True, name="k")
    ]
    assert gone("FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID") == [
        AddForeignKey(SESSIONS, (2,), USERS, (1,), validated=False, name="k")
    ]


def test_what_is_no_foreign_key_or_names_what_is_gone_is_restored_by_its_definition() -> None:
    restored = RestoreObject(SESSIONS, "constraint", "public", "sessions", "k", "existence")
    assert gone("CHECK ((user_id > 0))") == [restored]
    assert gone("FOREIGN KEY (user_id) REFERENCES public.orders(id)") == [restored]
    assert gone("FOREIGN KEY (account_id) REFERENCES public.users(id)") == [restored]
