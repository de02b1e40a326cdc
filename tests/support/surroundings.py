"""Views, routines and schemas for tests of rules, with what is usual left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.catalog.surroundings import Role, Routine, Schema, Surroundings, View

USUAL = '"$user", public'
SUPERUSER = Role("postgres", superuser=True, bypasses_row_security=True, has_rights_of=())
PUBLIC = Schema(2200, "public", "pg_database_owner", (), left_alone=False)
VIEW = View(
    30_001, "public", "v", "v", "owner", security_invoker=False, security_barrier=False, reads=(), readers=("public",),
    left_alone=False,
)  # fmt: skip
ROUTINE = Routine(
    30_101, "public", "f", "f", "integer", "owner", "plpgsql", security_definer=True, config=(), volatility="v",
    returns=23, early_bound=False, body=1, callers=("public",), left_alone=False,
)  # fmt: skip


def around(of: Snapshot, *objects: View | Routine | Schema | Role, **fields: Any) -> Snapshot:
    """The snapshot with those objects around its tables, in a database of `postgres` whose search path is the usual."""
    surroundings = Surroundings(
        views={each.oid: each for each in objects if isinstance(each, View)},
        routines={each.oid: each for each in objects if isinstance(each, Routine)},
        schemas={each.oid: each for each in (PUBLIC, *objects) if isinstance(each, Schema)},
        roles={each.name: each for each in (SUPERUSER, *objects) if isinstance(each, Role)},
        owner="postgres",
        search_paths=(USUAL,),
    )
    return replace(of, surroundings=replace(surroundings, **fields))
