from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.catalog.surroundings import Role, Routine, Schema, path_names
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.remedy import SetSearchPath

from tests.support.snapshots import judged, scene, snapshot
from tests.support.surroundings import PUBLIC, ROUTINE, around

TABLES = snapshot("users: id int pk")
APP = Schema(2300, "App 1", "owner", (), left_alone=False)
OPEN = Schema(2301, "open", "owner", ("public",), left_alone=False)
SHARED = Schema(2302, "shared", "owner", ("tenant",), left_alone=False)
STRANGE = Schema(2303, "strange", "tenant", (), left_alone=False)
TRUSTED = Schema(2304, "trusted", "postgres", ("owner", "root"), left_alone=False)
HOSTS = Schema(2305, "auth", "tenant", ("public",), left_alone=True)
ROOT = Role("root", superuser=True, bypasses_row_security=True, has_rights_of=())


def with_path(path: str, **fields: object) -> Routine:
    return ROUTINE._replace(config=("work_mem=1MB", f"search_path={path}"), **fields)


def told(routine: Routine) -> list[Issue]:
    of: Snapshot = around(TABLES, routine, APP, OPEN, SHARED, STRANGE, TRUSTED, HOSTS, ROOT)
    return judged(scene(of), "mutable_search_path")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ('"$user", public', ("$user", "public")),
        ('a,b , "c, d", "e""f"', ("a", "b", "c, d", 'e"f')),
        ('""', ()),
        ("", ()),
        ("größe", ("größe",)),
    ],
)
def test_names_in_a_path(path: str, names: tuple[str, ...]) -> None:
    assert path_names(path) == names


def test_definer_without_a_path_gets_its_own_schema_and_the_usual() -> None:
    (issue,) = told(ROUTINE._replace(schema="App 1"))
    assert (issue.severity, issue.where, issue.object_name) == (Severity.MEDIUM, "App 1.f", "f(integer)")
    assert issue.remedy == SetSearchPath(ROUTINE.oid, ("App 1", "public", "pg_temp"))


def test_temporary_objects_before_others_go_last() -> None:
    (issue,) = told(with_path("pg_temp, public, pg_catalog"))
    assert issue.remedy == SetSearchPath(ROUTINE.oid, ("public", "pg_catalog", "pg_temp"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("public, open", "public may create in open"),
        ("shared, pg_temp", "tenant may create in shared"),
        ("strange", "tenant may create in strange"),
        ('"$user"', "public may create in open"),
    ],
)
def test_path_with_a_schema_that_is_open_is_for_a_person(path: str, said: str) -> None:
    (issue,) = told(with_path(path, owner="open" if "$user" in path else "owner"))
    assert said in issue.current_state
    assert issue.remedy is None
    assert issue.doubt


@pytest.mark.parametrize(
    "routine",
    [
        with_path('""'),
        with_path("public"),
        with_path('pg_catalog, public, "App 1", pg_temp'),
        with_path("trusted, auth, unknown"),
        ROUTINE._replace(security_definer=False),
        ROUTINE._replace(left_alone=True),
        ROUTINE._replace(early_bound=True, language="sql"),
        ROUTINE._replace(language="c"),
        ROUTINE._replace(language="internal"),
        ROUTINE._replace(callers=()),
    ],
    ids=[
        "empty path", "closed path", "temporary last", "whom the owner has to trust", "no definer", "left alone",
        "bound body", "in C", "built in", "its owner's alone",
    ],
)  # fmt: skip
def test_silent(routine: Routine) -> None:
    assert told(routine) == []


def test_trigger_function_needs_nobody_to_call_it() -> None:
    assert len(told(ROUTINE._replace(callers=(), returns=2279))) == 1


def test_schema_that_is_closed_by_now_is_none_any_more() -> None:
    routine = with_path("public")
    assert judged(scene(around(TABLES, routine, PUBLIC)), "mutable_search_path") == []
    opened = PUBLIC._replace(creators=("public",))
    assert len(judged(scene(around(TABLES, routine, opened)), "mutable_search_path")) == 1
