"""Writers who never stop, and who know of every row what it has to be: what committed, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg

from .application import LEDGERS, USERS, Ledger, Row

_PAUSE_SECONDS = 0.008
# A table whose type changes in place waits for a moment without a reader of it.
_SLOW_PAUSE_SECONDS = 0.15
_AGAIN_SECONDS = 0.05
_RECEIPT = "insert into public.receipts values (%s) returning pg_catalog.pg_current_xact_id()::text"


@dataclass(slots=True)
class Writer:
    """Writes the rows of one ledger whose id leaves `place` when divided by `places`; `rows` is its oracle.

    `failed` are writes that the server refused though it was there: nobody's write may fail because of a mender.
    """

    dsn: str
    ledger: Ledger
    place: int
    places: int
    random: Random
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    written: int = 0
    lost_connections: int = 0
    failed: list[str] = field(default_factory=list[str])
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.rows = {key: row for key, row in self.ledger.first_rows().items() if key % self.places == self.place}

    def stop(self) -> None:
        """No more after the write that is under way."""
        self._stopping = True

    async def run(self) -> None:
        """Write until `stop`; after a lost connection on a new one, once the server says what became of the last
        transaction."""
        pause = _PAUSE_SECONDS if self.ledger.table == "orders" else _SLOW_PAUSE_SECONDS
        connection = await self._connect()
        while not self._stopping:
            key, row = self._choose()
            transaction_id, receipt = None, uuid4()
            try:
                async with connection.transaction():
                    cursor = await connection.execute(_RECEIPT, [receipt])
                    ((transaction_id,),) = await cursor.fetchall()
                    await self._write(connection, key, row)
                committed = True
            except psycopg.OperationalError:
                self.lost_connections += 1
                await connection.close()
                connection, committed = await self._find_out(transaction_id, receipt)
            except psycopg.Error as error:
                self.failed.append(f"{self.ledger.table} {key}: {error.sqlstate} {error}")
                committed = False
            if committed:
                self.written += 1
                if row is None:
                    del self.rows[key]
                else:
                    self.rows[key] = row
            await asyncio.sleep(pause)
        await connection.close()

    def _choose(self) -> tuple[int, Row | None]:
        """A row to write: a new one, another content of one that is there, or none instead."""
        what = self.random.random()
        row = Row(str(self.random.randint(1, USERS)), f"note {self.random.random()}", f"{self.random.random():.2f}")
        if what < 0.3 or not self.rows:
            return (max(self.rows, default=0) // self.places + 1) * self.places + self.place, row
        return self.random.choice(list(self.rows)) if what < 0.4 else self._any_key(), None if what > 0.85 else row

    def _any_key(self) -> int:
        """A key without a walk over all of them."""
        keys = iter(self.rows)
        for _ in range(self.random.randint(0, min(50, len(self.rows) - 1))):
            next(keys)
        return next(keys)

    async def _write(self, connection: psycopg.AsyncConnection[Any], key: int, row: Row | None) -> None:
        table = f"public.{self.ledger.table}"
        if row is None:
            await connection.execute(f"delete from {table} where id = %s".encode(), [key])
        elif key in self.rows:
            statement = f"update {table} set user_id = %s, note = %s, amount = %s where id = %s"
            await connection.execute(statement.encode(), [row.user_id, row.note, row.amount, key])
        else:
            statement = f"insert into {table} (id, user_id, note, amount) values (%s, %s, %s, %s)"
            await connection.execute(statement.encode(), [key, row.user_id, row.note, row.amount])

    async def _find_out(self, transaction_id: str | None, receipt: UUID) -> tuple[psycopg.AsyncConnection[Any], bool]:
        """A new connection, and whether the transaction had committed: nobody answered its COMMIT.

        Its number says only whether it may still do so. After a crash the same number may be another transaction's.
        """
        while True:
            connection = await self._connect()
            try:
                if transaction_id is None or not await self._is_under_way(connection, transaction_id):
                    cursor = await connection.execute("select from public.receipts where id = %s", [receipt])
                    return connection, await cursor.fetchone() is not None
            except psycopg.OperationalError:
                pass  # the server went again
            await connection.close()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _is_under_way(self, connection: psycopg.AsyncConnection[Any], transaction_id: str) -> bool:
        try:
            cursor = await connection.execute("select pg_catalog.pg_xact_status(%s::xid8)", [transaction_id])
        except psycopg.errors.InvalidParameterValue:
            return False  # no such transaction: a crash came before anything of it was written
        return await cursor.fetchone() == ("in progress",)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        while True:
            try:
                return await psycopg.AsyncConnection.connect(self.dsn, autocommit=True, prepare_threshold=None)
            except psycopg.OperationalError:
                await asyncio.sleep(_AGAIN_SECONDS)


def writers(dsn: str, random: Random) -> list[Writer]:
    """Three on the busy table, one on the quiet one."""
    orders, invoices = LEDGERS
    return [
        *(Writer(dsn, orders, place, 3, Random(random.random())) for place in range(3)),
        Writer(dsn, invoices, 0, 1, Random(random.random())),
    ]


def differences(found: dict[int, Row], known: dict[int, Row]) -> tuple[int, int, int]:
    """Rows that are lost, that are other than they should be, and that nobody wrote."""
    changed = sum(found[key] != row for key, row in known.items() if key in found)
    return len(known.keys() - found.keys()), changed, len(found.keys() - known.keys())
