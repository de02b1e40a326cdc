"""What a remedy says of itself: its subject, its turn, and whether a change moved the very thing it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.catalog.snapshot import DATABASE
from pgmend.listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    EnableRowSecurity,
    EnableTrigger,
    RebuildIndex,
    Remedy,
    RestoreObject,
    RevokeCreate,
    SetSearchPath,
    SetSecurityInvoker,
    Turn,
    ValidateConstraint,
    WidenSequence,
)
from pgmend.listener.store.issues import remedy_from_json, remedy_to_json

TRIGGER = EnableTrigger(1, 41, "A", restores=True)
SWITCHED = Change(
    ChangeKind.TRIGGER_ALTERED, 1, "public", "users", "touch", 41, before={"enabled": "O"}, after={"enabled": "D"}
)
SECURED = Change(
    ChangeKind.TABLE_ALTERED, 1, "public", "users", "users", 1,
    before={"row_security": True, "owner": "a"}, after={"row_security": False, "owner": "b"},
)  # fmt: skip
VIEW = SetSecurityInvoker(50)
ALTERED = Change(ChangeKind.VIEW_ALTERED, DATABASE, "public", "v", "", 50, before={}, after={})
FUNCTION = RestoreObject(DATABASE, "function", "public", "", "f(a integer)", "existence", oids=(50, 51))
DROPPED = Change(ChangeKind.ROUTINE_DROPPED, DATABASE, "public", "f", "(integer)", 60, before={}, after=None)
SCHEMA = RestoreObject(DATABASE, "schema", "", "", "app", "owner")
ALL: tuple[Remedy, ...] = (
    CreateIndex(1, (2,)),
    RebuildIndex(1, 7),
    DropIndex(1, 7, 8),
    AddForeignKey(1, (2,), 9, (1,)),
    ValidateConstraint(1, 7),
    ChangeColumnType(1, 2, "integer"),
    ChangeColumnType(1, 2, "bigint", along=((3, 4), (5, 6))),
    WidenSequence(1, 2, 77),
    TRIGGER,
    EnableRowSecurity(1),
    VIEW,
    SetSearchPath(50, ("app", "pg_temp")),
    RevokeCreate(50),
    RestoreObject(1, "column", "public", "users", "email", "default"),
    FUNCTION,
)


@pytest.mark.parametrize("remedy", ALL, ids=lambda remedy: remedy.kind)
def test_a_remedy_survives_json_and_knows_its_subject(remedy: Remedy) -> None:
    assert remedy_from_json(remedy_to_json(remedy)) == remedy
    assert bool(remedy.tables) != bool(remedy.objects)
    assert isinstance(remedy.turn, Turn)


def test_every_kind_of_remedy_is_tried_here() -> None:
    assert {type(remedy) for remedy in ALL} == set(Remedy.__args__)


@pytest.mark.parametrize(
    ("remedy", "change", "moved"),
    [
        (TRIGGER, SWITCHED, True),
        (TRIGGER, replace(SWITCHED, after={"enabled": "O"}), False),
        (TRIGGER, replace(SWITCHED, object_oid=42), False),
        (TRIGGER, replace(SWITCHED, table_oid=2), False),
        (TRIGGER, replace(SWITCHED, kind=ChangeKind.TRIGGER_ADDED, before=None), False),
        (EnableRowSecurity(1), SECURED, True),
        (EnableRowSecurity(1), replace(SECURED, after={"row_security": True, "owner": "b"}), False),
        (EnableRowSecurity(2), SECURED, False),
        (VIEW, ALTERED, True),
        (VIEW, replace(ALTERED, object_oid=51), False),
        (VIEW, replace(ALTERED, table_oid=1), False),
        (FUNCTION, DROPPED, True),
        (FUNCTION, replace(DROPPED, table="g"), False),
        (FUNCTION, replace(DROPPED, table="g", object_oid=51), True),
        (FUNCTION, replace(DROPPED, schema="other"), False),
        (FUNCTION, replace(DROPPED, table_oid=1), False),
        (SCHEMA, replace(ALTERED, schema="app", table="", kind=ChangeKind.SCHEMA_ALTERED), True),
        (RevokeCreate(50), replace(ALTERED, kind=ChangeKind.SCHEMA_ALTERED), True),
    ],
)
def test_only_what_moved_the_very_object_counts(remedy: Remedy, change: Change, moved: bool) -> None:
    assert remedy.was_moved_by(change, ()) is moved


def test_no_path_is_fixed_to_a_schema_that_is_still_open() -> None:
    assert RevokeCreate(50).turn < SetSearchPath(50, ()).turn
