"""Acting at a point of a fix, and the schema that most of these tests mend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pgmend.listener.remedy import AddForeignKey, CreateIndex

from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.users (id int primary key);
create table app.orders (id int primary key, user_id int);
create table app.other (id int);
insert into app.users select n from generate_series(1, 100) n;
insert into app.orders select n, n from generate_series(1, 100) n;
"""


def foreign_key(workshop: Workshop) -> AddForeignKey:
    """From orders to users: an index, the constraint, its validation."""
    return AddForeignKey(workshop.oid("app.orders"), (2,), workshop.oid("app.users"), (1,))


def index(workshop: Workshop) -> CreateIndex:
    return CreateIndex(workshop.oid("app.orders"), (2,))


def at(point: str, act: Callable[[], Awaitable[object]]) -> Callable[[str], Awaitable[None]]:
    """A checkpoint that acts when that point is reached for the first time."""
    reached: list[str] = []

    async def checkpoint(name: str) -> None:
        reached.append(name)
        if name == point and reached.count(point) == 1:
            await act()

    return checkpoint


def executing(workshop: Workshop, statement: str) -> Callable[[], Awaitable[None]]:
    """What `at` may do: run a statement on another session."""

    async def act() -> None:
        await asyncio.to_thread(workshop.database.execute, statement.encode())

    return act
