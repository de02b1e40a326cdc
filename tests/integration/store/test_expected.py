"""What the schema should be, as `pgmend.expected_object` keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.connection import connect
from pgmend.listener.expected.portrait import Address, ObjectKind, ObjectName, Portrayed
from pgmend.listener.store.expected import (
    Expectation,
    clear_expected,
    read_expectation,
    read_expected,
    read_expected_one,
    write_expected,
)

from tests.support.database import Database

CAPTURED = Expectation("captured", True, None, "4f2a", 180004)
COLUMN = Portrayed(
    ObjectName(ObjectKind.COLUMN, 'Straße "1"', "t,able", "naïve\tcolumn\\"),
    "integer DEFAULT 1",
    {"type": "integer", "default": "1"},
    comment="a\nb",
    tree="x",
    address=Address(1259, 4_000_000_000, 3),
)
VIEW = Portrayed(
    ObjectName(ObjectKind.VIEW, "public", "", "v"), "create view …", owner="somebody", grants=("a=r/b", 'c"d=w/b')
)


async def test_reads_what_was_written(installed: Database) -> None:
    async with await connect(installed.dsn, "test") as connection:
        await write_expected(connection, CAPTURED, [COLUMN, VIEW])
        assert set(map(repr, await read_expected(connection))) == {repr(COLUMN), repr(VIEW)}
        assert await read_expected_one(connection, COLUMN.name) == COLUMN
        assert await read_expected_one(connection, COLUMN.name._replace(name="other")) is None
        kept = await read_expectation(connection)
        assert kept is not None
        assert replace(kept, captured_at=None, captured_by=None) == CAPTURED


async def test_nothing_is_expected_before_and_after(installed: Database) -> None:
    async with await connect(installed.dsn, "test") as connection:
        assert await read_expectation(connection) is None
        await write_expected(connection, CAPTURED, [COLUMN])
        await write_expected(connection, replace(CAPTURED, locked=False), [VIEW])
        assert await read_expected(connection) == (VIEW,)
        await clear_expected(connection)
        assert (await read_expectation(connection), await read_expected(connection)) == (None, ())


async def test_what_cannot_be_written_leaves_what_was_there(installed: Database) -> None:
    async with await connect(installed.dsn, "test") as connection:
        await write_expected(connection, CAPTURED, [COLUMN])
        with pytest.raises(ValueError, match="stop"):
            await write_expected(connection, CAPTURED, _one_and_then_an_error())
        assert await read_expected(connection) == (COLUMN,)


def _one_and_then_an_error():
    yield VIEW
    raise ValueError("stop")
