"""`pgmend.aftermath`: fixes whose statements are watched, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

State = Literal["quiet", "regressed", "ended"]

# A fix that was applied, undone and applied again is watched anew.
_AWAIT = """
insert into pgmend.aftermath (fix_id, state, load_before)
values (%(fix_id)s, 'awaited', %(before)s)
on conflict (fix_id) do update set state = excluded.state, began_at = excluded.began_at, ends_at = null,
  looked_at = excluded.looked_at, told = null, load_before = excluded.load_before, load_then = null, waits_seen = 0
"""
# Whoever applied them: a listener that died right after it watches nothing.
_APPLIED = """
select a.fix_id, f.plan::text as plan from pgmend.aftermath as a join pgmend.fix as f using (fix_id)
where a.state = 'awaited' and f.state = 'applied' order by a.fix_id
"""
_BEGIN = """
update pgmend.aftermath set state = 'watching', began_at = pg_catalog.clock_timestamp(),
  looked_at = pg_catalog.clock_timestamp(), ends_at = pg_catalog.clock_timestamp() + %(time)s, load_then = %(then)s
where fix_id = %(fix_id)s and state = 'awaited'
"""
_DUE = """
select a.fix_id, a.load_before, a.load_then, f.plan::text as plan, f.state = 'applied' as is_applied,
  a.ends_at <= pg_catalog.clock_timestamp() as is_over, a.waits_seen
from pgmend.aftermath as a join pgmend.fix as f using (fix_id)
where a.state = 'watching' and f.state not in ('rollback_requested', 'rolling_back')
  and (a.looked_at <= pg_catalog.clock_timestamp() - %s or a.ends_at <= pg_catalog.clock_timestamp())
order by a.looked_at
"""
_LOOKED = "update pgmend.aftermath set looked_at = pg_catalog.clock_timestamp(), waits_seen = %s where fix_id = %s"
_END = """
update pgmend.aftermath set state = %s, told = %s, looked_at = pg_catalog.clock_timestamp()
where fix_id = %s and state = 'watching'
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A fix that is watched and due for a look. `is_over` says that it is the last one; at `waits_seen` looks in a row
    before it sessions waited."""

    fix_id: UUID
    load_before: dict[str, Any]
    load_then: dict[str, Any]
    plan: str
    is_applied: bool
    is_over: bool
    waits_seen: int


async def expect(connection: AsyncConnection[TupleRow], fix_id: UUID, before: dict[str, Any]) -> None:
    """The fix is about to be made, and is to be watched once it is applied."""
    await connection.execute(_AWAIT, {"fix_id": fix_id, "before": Jsonb(before)})


async def applied(connection: AsyncConnection[TupleRow]) -> list[tuple[UUID, str]]:
    """The fixes, each with its plan, that were awaited and are applied by now."""
    return [(fix_id, plan) for fix_id, plan in await (await connection.execute(_APPLIED)).fetchall()]


async def begin(connection: AsyncConnection[TupleRow], fix_id: UUID, time: timedelta, then: dict[str, Any]) -> None:
    """Watch the fix for that time."""
    await connection.execute(_BEGIN, {"fix_id": fix_id, "time": time, "then": Jsonb(then)})


async def due(connection: AsyncConnection[TupleRow], again_after: timedelta) -> list[Watched]:
    """Those that were not looked at for so long, or whose time is over."""
    async with connection.cursor(row_factory=class_row(Watched)) as cursor:
        return await (await cursor.execute(_DUE, (again_after,))).fetchall()


async def looked(connection: AsyncConnection[TupleRow], fix_id: UUID, waits_seen: int) -> None:
    """It was looked at, and there is nothing to say yet."""
    await connection.execute(_LOOKED, (waits_seen, fix_id))


async def end(connection: AsyncConnection[TupleRow], fix_id: UUID, state: State, told: str) -> None:
    """It is watched no longer."""
    await connection.execute(_END, (state, told, fix_id))
