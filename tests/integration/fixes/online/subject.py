"""The table that these tests change under everybody's hands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pgmend.listener.remedy import ChangeColumnType

from tests.support.workshop import LIMITS, Workshop

APP = """
create schema app;
create table app.sessions (id int primary key, user_id {type}, seen text default 'now');
insert into app.sessions select n, {value}, 's' || n from generate_series(1, {rows}) n;
create index sessions_user_id_idx on app.sessions (user_id);
"""
# Batches of a page or two, so that there are many of them.
ONLINE = replace(
    LIMITS,
    online_changes=True,
    online_above=timedelta(milliseconds=1),
    batch_time=timedelta(microseconds=1),
    first_batch=2,
)


def setup(
    workshop: Workshop, type_name: str = "text", value: str = "n::text", more: str = "", rows: int = 2000
) -> None:
    """The table with those rows, and limits under which nothing is small enough for ALTER TYPE."""
    workshop.limits = ONLINE
    workshop.database.execute((APP.format(type=type_name, value=value, rows=rows) + more).encode())


def to_type(workshop: Workshop, type_name: str = "integer") -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 2, type_name)


def values(workshop: Workshop) -> dict[int, Any]:
    return dict(workshop.database.fetch("select id, user_id from app.sessions order by id"))


def type_of(workshop: Workshop) -> str:
    return workshop.database.value(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'app.sessions'::regclass and attname = 'user_id'"
    )


def left_over(workshop: Workshop) -> list[tuple[Any, ...]]:
    """What only the way leaves: shadows, triggers, functions, interim indexes and constraints, progress."""
    return workshop.leftovers() + workshop.database.fetch(
        """select 'column', attname::text from pg_attribute where attname like '%\\_pgmend%' and not attisdropped
        union all select 'relation', relname::text from pg_class where relname like '%\\_pgmend%'
        union all select 'trigger', tgname::text from pg_trigger where tgname like 'zzzz\\_%'
        union all select 'function', proname::text from pg_proc where pronamespace = 'pgmend_backup'::regnamespace
        union all select 'constraint', conname::text from pg_constraint where conname like '%\\_pgmend%'
        union all select 'progress', table_oid::text from pgmend.backfill where swapped_at is null"""
    )


def each_time(name: str, act: Callable[[], Awaitable[object]], most: int = 1000) -> Callable[[str], Awaitable[None]]:
    """A checkpoint that acts each time a point with that ending is reached."""
    acted = 0

    async def checkpoint(reached: str) -> None:
        nonlocal acted
        if reached.endswith(name) and acted < most:
            acted += 1
            await act()

    return checkpoint
