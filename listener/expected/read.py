"""Portrays the schema of a database: one query for each sort of object, all in one flight and of one moment.

Every statement and name is written under search_path `pg_catalog`, and so is qualified. Rows are of one REPEATABLE READ
snapshot; pg_get_viewdef and its kin know the present only, and wait for an uncommitted ALTER: for as long as
`look.LOCK_TIMEOUT_MS`, after which all is tried again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import cache, partial
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row

from ...sql.scripts import packaged
from ..catalog.exclusion import DEFAULT, LeftAlone
from ..catalog.look import answers_of_one_moment, looking
from ..catalog.queries import older
from ..catalog.snapshot import Oid
from ..catalog.steadiness import steadily, unseen
from ..errors import CouldNotLook, SnapshotTorn
from ..garbage import uncollected
from .portrait import Address, ObjectKind, ObjectName, Portrait, Portrayed

_NOT_OF_TABLES: Final = frozenset({ObjectKind.TYPE, ObjectKind.SEQUENCE, ObjectKind.FUNCTION})
_KINDS: Final = {kind.value: kind for kind in ObjectKind}
_ALIKE: Final = 5
_ONLY: Final = re.compile(r"[\w.]+ = any\(\$1::pg_catalog\.oid\[\]\)")
# Before 17 a stored expression also tells where in the statement each part of it stood: no part of what it means.
_STORED_TREE: Final = re.compile(
    r"(\w+\.(?:adbin|conbin|ev_action|ev_qual|indexprs|indpred|partexprs|polqual|polwithcheck|proargdefaults|prosqlbody"
    r"|relpartbound|stxexprs|tgqual|typdefaultbin))::pg_catalog\.text"
)


class Scope(NamedTuple):
    """Which objects to portray: with a relation (table, view, sequence) all that is a part of it."""

    relations: frozenset[Oid] = frozenset()
    functions: frozenset[Oid] = frozenset()
    types: frozenset[Oid] = frozenset()
    schemas: frozenset[Oid] = frozenset()
    extensions: frozenset[Oid] = frozenset()


# What others stand on comes first, as in `ObjectKind`.
_QUERIES: Mapping[str, str] = {
    "extensions": "extensions",
    "schemas": "schemas",
    "types": "types",
    "sequences": "relations",
    "functions": "functions",
    "tables": "relations",
    "columns": "relations",
    "constraints": "relations",
    "indexes": "relations",
    "views": "relations",
    "rules": "relations",
    "triggers": "relations",
    "policies": "relations",
    "statistics": "relations",
}


async def read_portrait(
    connection: AsyncConnection[Any], scope: Scope | None = None, *, left_alone: LeftAlone = DEFAULT
) -> Portrait:
    """The objects of that scope, or all that people made.

    `connection` is in no transaction; only AccessShare locks are taken. Raises CouldNotLook where the server does not
    let us see, SnapshotTorn where the catalogs do not hold still or a lock stays in the way.
    """
    return await steadily(partial(_read, connection, scope, left_alone))


async def read_quiet_portrait(connection: AsyncConnection[Any], *, left_alone: LeftAlone = DEFAULT) -> Portrait:
    """All objects, read twice with the same result: no DDL that committed meanwhile shows in one half of it only."""
    seen = await read_portrait(connection, left_alone=left_alone)
    for _ in range(_ALIKE):
        again = await read_portrait(connection, left_alone=left_alone)
        if again == seen:
            return seen
        seen = again
    raise SnapshotTorn("The schema is being changed all the time; try again when the migration is over.")


async def _read(connection: AsyncConnection[Any], scope: Scope | None, left_alone: LeftAlone) -> Portrait:
    if connection.info.encoding == "ascii":
        raise CouldNotLook("The connection's client_encoding is SQL_ASCII; connect with client_encoding=utf8.")
    version = connection.info.server_version
    try:
        found = await _everything(connection) if scope is None else await _those(connection, scope)
    except psycopg.Error as error:
        raise unseen(error) from error
    kept = {each.name: each for each in found if not _is_left_alone(each.name, left_alone)}
    return Portrait(kept, version, complete=scope is None)


async def _everything(connection: AsyncConnection[Any]) -> list[Portrayed]:
    """All objects. They are made of one answer while the server works on the next, and beside the event loop."""
    version, found = connection.info.server_version, list[Portrayed]()
    queries = [_query(name, version, everything=True) for name in _QUERIES]
    with uncollected():
        async with aclosing(answers_of_one_moment(connection, queries, rows=namedtuple_row)) as answers:
            async for answer in answers:
                rows = await answer.fetchall()
                found += await asyncio.to_thread(_all_portrayed, rows)
    return found


async def _those(connection: AsyncConnection[Any], scope: Scope) -> list[Portrayed]:
    version = connection.info.server_version
    async with looking(connection, one_moment=True) as look:
        answers = [
            await look.ask(
                _query(name, version, everything=False), _array(getattr(scope, catalog)), rows=namedtuple_row
            )
            for name, catalog in _QUERIES.items()
            if getattr(scope, catalog)
        ]
    return [each for answer in answers for each in _all_portrayed(await answer.fetchall())]


def _all_portrayed(rows: Iterable[Any]) -> list[Portrayed]:
    return [_portrayed(row) for row in rows]


def _portrayed(row: Any) -> Portrayed:
    return Portrayed(
        ObjectName(_KINDS[row.kind], row.schema, row.relation, row.name),
        row.definition,
        row.fields,
        row.owner,
        _grants(row.grants, row.usual),
        row.comment,
        row.tree,
        Address(row.class_id, row.object_id, row.number),
    )


def _grants(given: Sequence[str] | None, usual: Sequence[str] | None) -> tuple[str, ...] | None:
    """None also where somebody granted and revoked until all was as nobody had ever done anything."""
    if given is None or sorted(given) == sorted(usual or ()):
        return None
    return tuple(sorted(given))


def _is_left_alone(name: ObjectName, left_alone: LeftAlone) -> bool:
    if name.kind is ObjectKind.EXTENSION:
        return False
    if name.kind is ObjectKind.SCHEMA:
        return left_alone.covers(name.name, "")
    return left_alone.covers(name.schema, "" if name.kind in _NOT_OF_TABLES else name.relation or name.name)


@cache
def _query(name: str, server_version: int, *, everything: bool) -> str:
    query = older(packaged().joinpath("portrait", f"{name}.sql").read_text(encoding="utf-8"), server_version)
    if server_version < 170000:
        query = _STORED_TREE.sub(
            r"pg_catalog.regexp_replace(\1::pg_catalog.text, ':(location|stmt_location|stmt_len) -?\\d+', '', 'g')",
            query,
        )
    return _ONLY.sub("true", query) if everything else query


def _array(oids: Collection[Oid]) -> str:
    return f"{{{','.join(map(str, oids))}}}"
