"""What has to hold once it is quiet again: nothing under way, nothing left over, no table between before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg

from tests.support.workshop import STRUCTURE

from .scene import Scene

Structure = Sequence[tuple[Any, ...]]

# All that is ours and may not stay: a fix on its way, a step without an end, a registration, an index that is not
# valid, a column, trigger or function that a change needs meanwhile, a backup that nobody knows.
_DISORDER = """
select 'fix ' || f.state || ': ' || coalesce(f.reason, f.kind) from pgmend.fix as f
where f.state in ('approved', 'queued', 'running', 'deferred', 'rollback_requested', 'rolling_back')
union all
select 'event not read: ' || e.command_tag from pgmend.ddl_log as e where e.processed_at is null
union all
select 'step without an end: ' || s.title from pgmend.fix_step as s where s.state = 'intended'
union all
select 'registration of process ' || o.backend_pid from pgmend.own_backend as o
union all
select 'index not valid: ' || i.indexrelid::regclass::text from pg_catalog.pg_index as i where not i.indisvalid
union all
select 'left over: ' || a.attrelid::regclass::text || '.' || a.attname from pg_catalog.pg_attribute as a
where a.attname like 'pgmend%' and not a.attisdropped and a.attrelid::regclass::text !~ '^pgmend'
union all
select 'left over: trigger ' || t.tgname from pg_catalog.pg_trigger as t where t.tgname like '%pgmend%'
union all
select 'backup that nobody knows: ' || c.relname from pg_catalog.pg_class as c
where c.relnamespace = 'pgmend_backup'::regnamespace and c.relkind = 'r'
  and not exists (select from pgmend.fix as f where f.state = 'applied' and f.plan::text like '%' || c.relname || '%')
"""
_LOOK_SECONDS = 0.2


async def structure(scene: Scene) -> Structure:
    """Everything about the application's schema that a fix may change."""
    return await asyncio.to_thread(scene.database.fetch, STRUCTURE)  # type: ignore[arg-type]


async def seconds_until_order(
    scene: Scene, wanted: Sequence[Structure], patience: float
) -> tuple[float | None, tuple[str, ...]]:
    """How long it took until nothing was under way and the structure one of those `wanted`, any where none is.

    None after `patience` seconds, with what was not in order.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    amiss: tuple[str, ...] = ("nobody could be asked",)
    while (passed := loop.time() - began) < patience:
        try:
            amiss = await _amiss(scene, wanted)
        except psycopg.OperationalError as error:
            amiss = (f"the server does not answer: {error}",)
        if not amiss:
            return passed, ()
        await scene.revive()
        await asyncio.sleep(_LOOK_SECONDS)
    return None, amiss


async def _amiss(scene: Scene, wanted: Sequence[Structure]) -> tuple[str, ...]:
    found = tuple(str(row[0]) for row in await scene.fetch(_DISORDER))
    if found or not wanted:
        return found
    now = await structure(scene)
    if now in wanted:
        return ()
    return tuple(
        f"{sign} {row}"
        for sign, rows in (("has", set(now) - set(wanted[0])), ("lacks", set(wanted[0]) - set(now)))
        for row in sorted(rows, key=str)
    )
