"""`pgmend.fix_step` and `pgmend.own_backend`: what a fix is about to do, and what came of it.

Whatever is written here is written under the lease: a listener that lost it writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...errors import LeaseLost
from ...hearing.lease import Lease
from ..plan import Step
from .session import Session

Direction = Literal["apply", "undo"]

_SUPERSEDE = """
update pgmend.fix_step set state = 'failed', finished_at = pg_catalog.clock_timestamp(), error = 'nobody saw its end'
where fix_id = %s and direction = %s and ordinal = %s and state = 'intended'
"""
_ABANDON = """
update pgmend.fix_step set state = 'failed', finished_at = pg_catalog.clock_timestamp(), error = 'nobody saw its end'
where fix_id = %s and direction = %s and state = 'intended'
"""
_INTEND = """
insert into pgmend.fix_step (fix_id, direction, ordinal, attempt, title, statements, state, backend_pid, backend_start)
select %(fix_id)s, %(direction)s, %(ordinal)s, coalesce(pg_catalog.max(attempt), 0) + 1, %(title)s, %(statements)s,
  %(state)s, %(backend_pid)s, %(backend_start)s
from pgmend.fix_step where fix_id = %(fix_id)s and direction = %(direction)s and ordinal = %(ordinal)s
"""
_END = sql.SQL(
    """update pgmend.fix_step set state = {}, finished_at = pg_catalog.clock_timestamp(), error = {}, left_behind = {}
where fix_id = {}::uuid and direction = {} and ordinal = {} and state = 'intended'"""
)
_IS_DONE = """
select exists (
  select from pgmend.fix_step where fix_id = %s and direction = %s and ordinal = %s and state = 'done')
"""
_DONE = """
select exists (
  select from pgmend.fix_step where fix_id = %s and direction = %s and state = 'done' and title not like 'Clean up: %%')
"""
_BEGUN = """
select exists (
  select from pgmend.fix_step where fix_id = %s and direction = %s and state <> 'skipped')
"""
_REGISTER = """
insert into pgmend.own_backend (backend_pid, backend_start, transaction_id, fix_id)
values (%s, %s, case when %s then pg_catalog.pg_current_xact_id() end, %s)
"""
_UNREGISTER = sql.SQL("delete from pgmend.own_backend where backend_pid = {} and backend_start = {}::timestamptz")


@dataclass(frozen=True, slots=True)
class Journal:
    """The record of one fix in one direction. Ordinals count from 1."""

    fix_id: UUID
    direction: Direction
    lease: Lease

    async def begun(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Whether a step of this direction was ever tried: then what is there may be ours."""
        return await _answer(connection, _BEGUN, self.fix_id, self.direction)

    async def has_done(self, connection: AsyncConnection[TupleRow]) -> bool:
        """Whether a step of this direction was done, by us: what was found done is none."""
        return await _answer(connection, _DONE, self.fix_id, self.direction)

    async def intend(self, session: Session, ordinal: int, step: Step, *, register: bool) -> None:
        """Record a step before it runs; with `register`, all DDL of the session counts as the fix's from now on."""
        async with session.connection.transaction():
            await self.hold(session.connection)
            await session.connection.execute(_SUPERSEDE, (self.fix_id, self.direction, ordinal))
            await self._insert(session, ordinal, step, "intended")
            if register:
                await self.register(session, this_transaction=False)

    async def register(self, session: Session, *, this_transaction: bool) -> None:
        """Let DDL of the session, or of its transaction alone, count as the fix's."""
        await session.connection.execute(
            _REGISTER, (session.backend_pid, session.backend_start, this_transaction, self.fix_id)
        )

    async def unregister(self, connection: AsyncConnection[TupleRow], session: Session) -> None:
        """Let DDL of the session be anybody's again."""
        await connection.execute(self.unregister_statement(session))

    def unregister_statement(self, session: Session) -> sql.Composed:
        """The statement of `unregister`, to be sent along with others."""
        return _UNREGISTER.format(session.backend_pid, session.backend_start.isoformat())

    async def end(
        self,
        connection: AsyncConnection[TupleRow],
        ordinal: int,
        state: Literal["done", "failed"],
        error: str | None = None,
    ) -> None:
        """Record what came of the step that was intended."""
        await connection.execute(self.end_statement(ordinal, state, error))

    def end_statement(
        self,
        ordinal: int,
        state: Literal["done", "failed"],
        error: str | None = None,
        left_behind: sql.Composable = sql.NULL,
    ) -> sql.Composed:
        """The statement of `end`, to be sent along with others; `left_behind` is what is to be known, in SQL."""
        return _END.format(state, error, left_behind, str(self.fix_id), self.direction, ordinal)

    async def found_done(self, session: Session, ordinal: int, step: Step) -> None:
        """Record that a step has nothing left to do: done, where it was intended; else skipped, unless it was done."""
        async with session.connection.transaction():
            await self.hold(session.connection)
            await self.end(session.connection, ordinal, "done")
            if not await _answer(session.connection, _IS_DONE, self.fix_id, self.direction, ordinal):
                await self._insert(session, ordinal, step, "skipped")

    async def abandon(self, connection: AsyncConnection[TupleRow]) -> None:
        """Record that the steps whose end nobody saw are not gone on with."""
        async with connection.transaction():
            await self.hold(connection)
            await connection.execute(_ABANDON, (self.fix_id, self.direction))

    async def hold(self, connection: AsyncConnection[TupleRow]) -> None:
        """Hold the lease until the transaction ends; raises LeaseLost."""
        if not await self.lease.hold(connection):
            raise LeaseLost(f"Fix {self.fix_id} stops here: another listener leads by now.")

    async def _insert(self, session: Session, ordinal: int, step: Step, state: str) -> None:
        values = {
            "fix_id": self.fix_id,
            "direction": self.direction,
            "ordinal": ordinal,
            "title": step.title,
            "statements": list(step.statements),
            "state": state,
            "backend_pid": session.backend_pid,
            "backend_start": session.backend_start,
        }
        await session.connection.execute(_INTEND, values)


async def _answer(connection: AsyncConnection[TupleRow], query: LiteralString, *parameters: object) -> bool:
    row = await (await connection.execute(query, parameters)).fetchone()
    assert row is not None
    return bool(row[0])
