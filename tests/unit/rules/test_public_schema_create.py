from __future__ import annotations

import pytest
from pgmend.listener.catalog.surroundings import Schema
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import RevokeCreate

from tests.support.snapshots import judged, scene, snapshot
from tests.support.surroundings import PUBLIC, ROUTINE, around

TABLES = snapshot("users: id int pk")
OPEN = PUBLIC._replace(creators=("clerk", "public"))
OTHER = Schema(2301, "Große Bühne", "owner", ("public",), left_alone=False)


def test_schema_public_of_an_old_server_is_told() -> None:
    (issue,) = judged(scene(around(TABLES, OPEN)), "public_schema_create")
    assert (issue.severity, issue.where, issue.table, issue.object_name) == (Severity.MEDIUM, "public", "", "")
    assert issue.remedy == RevokeCreate(2200)
    assert 'It is on the search_path "$user", public.' in {evidence.seen for evidence in issue.evidence}


@pytest.mark.parametrize("path", ['app, "Große Bühne"', '"Große Bühne"'])
def test_schema_on_a_path_of_a_role_or_the_database_is_told(path: str) -> None:
    (issue,) = judged(scene(around(TABLES, OTHER, search_paths=('"$user"', path))), "public_schema_create")
    assert issue.where == "Große Bühne"


def test_schema_on_the_path_of_a_routine_is_told() -> None:
    routine = ROUTINE._replace(config=('search_path="Große Bühne", pg_temp',), security_definer=False)
    assert [issue.where for issue in judged(scene(around(TABLES, OTHER, routine)), "public_schema_create")] == [
        "Große Bühne"
    ]


@pytest.mark.parametrize(
    "schema",
    [PUBLIC, PUBLIC._replace(creators=("clerk",)), OTHER, OPEN._replace(left_alone=True)],
    ids=["closed", "open to one who was named", "on no search path", "left alone"],
)
def test_silent(schema: Schema) -> None:
    assert judged(scene(around(TABLES, schema)), "public_schema_create") == []
