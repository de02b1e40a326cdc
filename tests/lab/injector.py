"""Faults made in a database, at random among what is there, as somebody careless would make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

import psycopg
from pgmend.api.demo.deed import Deed, Failing, do

from .faults import KINDS
from .faults.kind import FaultKind

APPLICATION = "lab"
_TRIES = 8
# The server does not let this one be broken in this way: something stands on it, a value does not fit, it is taken.
_REFUSALS = frozenset({"0A", "22", "23", "2B", "42", "55"})
_LOCK_NOT_AVAILABLE = "55P03"
_NEIGHBOURS = """
with own as (select oid, relnamespace::regnamespace::text as schema, relname::text as relation from pg_catalog.pg_class)
select other.schema, other.relation
from own as struck
join pg_catalog.pg_constraint as c on c.contype = 'f' and struck.oid in (c.conrelid, c.confrelid)
join own as other on other.oid in (c.conrelid, c.confrelid)
where struck.oid = any(%s::oid[])
"""
_OID = "select pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', %s::text, %s::text))::oid::bigint"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was made. `relation_oid` is 0 where there is no relation; `made_at` is by the server's clock.

    `was` is what the object was called before another fault of the same case gave it the name that it has.
    """

    kind: FaultKind
    schema: str
    relation: str
    object: str
    statement: str
    word: str
    relation_oid: int = 0
    made_at: datetime | None = None
    was: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What an issue may name that tells of it."""
        return frozenset({self.object, self.word, self.was}) - {""}

    def __str__(self) -> str:
        return f"{self.kind.name}: {self.statement}"


class Injector:
    """Breaks one database. The same seed, schema and history break the same things."""

    def __init__(self, dsn: str, random: Random, role: str, kinds: Sequence[FaultKind] = KINDS) -> None:
        self._dsn = dsn
        self._random = random
        self._role = role
        self._kinds = kinds
        self._words = 0

    async def strike(self, count: int, *, together: bool) -> tuple[Fault, ...]:
        """Up to so many faults on tables that foreign keys tie, in one transaction or in one each.

        Fewer where nothing more can be broken; none where nothing can be broken at all.
        """
        kinds = [kind for kind in self._kinds if not (together and kind.blocked)]
        self._random.shuffle(kinds)
        if count > 1:
            # What rewrites a table makes an invalid index of it valid again: then there would have been no fault.
            kinds.sort(key=lambda kind: kind.blocked)
        async with await self._connect() as connection:
            if together:
                async with connection.transaction():
                    faults = await self._several(connection, kinds, count)
            else:
                faults = await self._several(connection, kinds, count)
            row = await (await connection.execute("select pg_catalog.clock_timestamp()")).fetchone()
        assert row is not None
        return tuple(replace(each, made_at=each.made_at if not together else row[0]) for each in faults)

    async def _several(
        self, connection: psycopg.AsyncConnection[Any], kinds: Sequence[FaultKind], count: int
    ) -> list[Fault]:
        faults: list[Fault] = []
        for kind in kinds:
            if len(faults) == count:
                break
            fault = await self._one(connection, kind, faults)
            if fault is not None:
                faults.append(fault)
        return faults

    async def _one(
        self, connection: psycopg.AsyncConnection[Any], kind: FaultKind, before: Sequence[Fault]
    ) -> Fault | None:
        """A fault of that kind; None where nothing is there that the server lets be broken so."""
        word = self._word()
        found = await (await connection.execute(kind.query, {"role": self._role, "word": word})).fetchall()
        near = await self._near(connection, before)
        struck = {(each.schema, each.object) for each in before}
        was = {each.word: each.object for each in before}
        victims = [
            Fault(kind, *row, word, was=was.get(row[2], ""))
            for row in found
            if (near is None or (row[0], row[1]) in near) and (row[0], row[2]) not in struck
        ]
        for fault in self._random.sample(victims, min(_TRIES, len(victims))):
            oid = await (await connection.execute(_OID, (fault.schema, fault.relation))).fetchone()
            if await self._done(connection, fault):
                row = await (await connection.execute("select pg_catalog.clock_timestamp()")).fetchone()
                assert row is not None
                return replace(fault, relation_oid=oid[0] or 0 if oid else 0, made_at=row[0])
        return None

    async def _done(self, connection: psycopg.AsyncConnection[Any], fault: Fault) -> bool:
        if fault.kind.blocked:
            meanwhile = f'lock table "{fault.schema}"."{fault.relation}" in row exclusive mode'
            failing = Failing(fault.statement, _LOCK_NOT_AVAILABLE)  # type: ignore[arg-type]
            await do(Deed(APPLICATION, ("set lock_timeout = '100ms'", failing), meanwhile), self._dsn)  # type: ignore[arg-type]
            return True
        try:
            async with connection.transaction():
                await connection.execute(fault.statement.encode())
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] not in _REFUSALS:
                raise
            return False
        return True

    async def _near(
        self, connection: psycopg.AsyncConnection[Any], before: Sequence[Fault]
    ) -> set[tuple[str, str]] | None:
        """The tables that were struck and those that foreign keys tie to them; None: any."""
        if not before:
            return None
        oids = [each.relation_oid for each in before]
        tied = await (await connection.execute(_NEIGHBOURS, (oids,))).fetchall()
        return (
            {(each.schema, each.relation) for each in before}
            | set(tied)
            | {(each.schema, each.word) for each in before}
        )

    def _word(self) -> str:
        """A name that nothing has yet, and that needs quotes."""
        self._words += 1
        return f'Lab "ü" {self._words} {self._random.randrange(16**4):04x}'

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, application_name=APPLICATION)
