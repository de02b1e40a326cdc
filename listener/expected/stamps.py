"""What moved since the last look, without looking at it: see sql/portrait/stamps.sql."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection

from ...sql.scripts import packaged
from ..catalog.look import looking
from ..catalog.snapshot import Oid
from ..catalog.steadiness import unseen
from .read import Scope


class Stamp(NamedTuple):
    """A number that differs once anything of an object was written, and what the object was called then."""

    number: int
    schema: str
    name: str


Stamps = Mapping[Oid, Stamp]


class Moved(NamedTuple):
    """Objects that may differ: by OID, and by the names that they have or had."""

    oids: frozenset[Oid]
    names: frozenset[tuple[str, str]]


def moved(before: Stamps, after: Stamps) -> Moved:
    """What came, went, or was written between two looks."""
    oids = frozenset(oid for oid in before.keys() | after.keys() if before.get(oid) != after.get(oid))
    found = (stamps.get(oid) for oid in oids for stamps in (before, after))
    return Moved(oids, frozenset((each.schema, each.name) for each in found if each is not None))


async def read_stamps(connection: AsyncConnection[Any]) -> Stamps:
    """Of all that people made. Raises CouldNotLook."""
    ((oids, *fields),) = await _ask(connection, "stamps")
    return {oid: Stamp(*each) for oid, *each in zip(oids or (), *(field or () for field in fields), strict=True)}


async def read_scope(connection: AsyncConnection[Any], what: Moved) -> Scope:
    """What is to be portrayed to see what became of these objects. Raises CouldNotLook."""
    oids = f"{{{','.join(map(str, sorted(what.oids)))}}}"
    (found,) = await _ask(connection, "scope", oids, json.dumps(sorted(what.names)))
    return Scope(*(frozenset(each) for each in found))


async def _ask(connection: AsyncConnection[Any], name: str, *parameters: object) -> list[tuple[Any, ...]]:
    query = packaged().joinpath("portrait", f"{name}.sql").read_text(encoding="utf-8")
    try:
        async with looking(connection) as look:
            answer = await look.ask(query, *parameters)
        return await answer.fetchall()
    except psycopg.Error as error:
        raise unseen(error) from error
