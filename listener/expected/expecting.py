"""Saying what the schema should be: as it is now, as files say, or as a command builds it; and how it differs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.exclusion import LeftAlone
from ..connection import connect
from ..errors import CouldNotLook
from ..store.expected import Expectation, clear_expected, read_expectation, read_expected, write_expected
from ..store.instance import require_installation
from .blame import Blame, blame
from .command import run_command
from .compare import Terms, compare
from .declaration import declared, is_blank
from .difference import Difference
from .identity import database_identity
from .portrait import Portrait
from .read import read_portrait, read_quiet_portrait
from .scratch import Scratch, nobody_left, scratch_database
from .script import replay, scripts_of
from .standing import Standing, standing
from .version import UnreadHistory, recorded_version

# A listener asks what is expected whenever it looks at everything.
_LOOK: Final = "select pgmend.request_scan()"
Build = Callable[[Scratch], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Told:
    """One difference, and who made it."""

    difference: Difference
    blame: Blame


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the database differs from what is expected; `standing` says whether that heals or only reports."""

    expectation: Expectation
    standing: Standing
    found: tuple[Told, ...]


async def capture(connection: AsyncConnection[TupleRow], left_alone: LeftAlone, *, lock: bool) -> int:
    """Expect the schema as it is now; how many objects that are. With `lock` differences are healed, else reported."""
    await require_installation(connection)
    portrait = await read_quiet_portrait(connection, left_alone=left_alone)
    expectation = Expectation(
        "captured",
        locked=lock,
        origin=None,
        migration_version=await _version(connection),
        server_version=connection.info.server_version,
        database=await database_identity(connection),
    )
    await write_expected(connection, expectation, portrait.objects.values())
    await connection.execute(_LOOK)
    return len(portrait.objects)


async def load(connection: AsyncConnection[TupleRow], dsn: str, path: Path, left_alone: LeftAlone) -> int:
    """Expect what a SQL file, or a folder of them, builds; how many objects that are."""
    scripts = scripts_of(path)

    async def build(scratch: Scratch) -> None:
        async with await connect(scratch.dsn, scratch.name) as building:
            # As psql would find it: a script sets its own search_path or relies on the usual one.
            await building.execute("reset search_path")
            for script in scripts:
                await replay(building, script)

    return await _declare(connection, dsn, build, str(path), left_alone)


async def from_command(
    connection: AsyncConnection[TupleRow], dsn: str, command: str, limit: timedelta, left_alone: LeftAlone
) -> int:
    """Expect what a command builds in an empty database; how many objects that are."""

    async def build(scratch: Scratch) -> None:
        await run_command(command, scratch.dsn, limit, alone=scratch.embedded)

    return await _declare(connection, dsn, build, command, left_alone)


async def clear(connection: AsyncConnection[TupleRow]) -> None:
    """Expect nothing any more."""
    await require_installation(connection)
    await clear_expected(connection)
    await connection.execute(_LOOK)


async def differences(connection: AsyncConnection[TupleRow], left_alone: LeftAlone) -> Comparison | None:
    """How the database differs from what is expected; None where nothing is."""
    await require_installation(connection)
    expectation = await read_expectation(connection)
    if expectation is None:
        return None
    expected = await read_expected(connection)
    portrait = await read_portrait(connection, left_alone=left_alone)
    found = compare(expected, portrait, await terms(connection, expectation))
    blamed = await blame(connection, expectation, found)
    return Comparison(
        expectation,
        await standing(connection, expectation),
        tuple(Told(each, by) for each, by in zip(found, blamed, strict=True)),
    )


async def terms(connection: AsyncConnection[Any], expectation: Expectation) -> Terms:
    """How to compare what is expected with this database."""
    known = expectation.database == await database_identity(connection)
    return Terms(known=known, declared=expectation.source == "declared")


async def _declare(
    connection: AsyncConnection[TupleRow], dsn: str, build: Build, origin: str, left_alone: LeftAlone
) -> int:
    await require_installation(connection)
    before = await read_portrait(connection, left_alone=left_alone)
    async with scratch_database(dsn) as scratch:
        await build(scratch)
        built, version = await _look_at(scratch, left_alone)
    live = await read_quiet_portrait(connection, left_alone=left_alone)
    if live != before:
        raise CouldNotLook(
            "The schema of the database itself changed meanwhile, so nothing is expected yet. Did the command do that?"
            " It has to build in the database that DATABASE_URL or PGMEND_SCRATCH_DSN names."
        )
    if is_blank(built):
        raise CouldNotLook(
            "Nothing was built in the scratch database. A command has to build in the one that DATABASE_URL or"
            " PGMEND_SCRATCH_DSN names."
        )
    (role,) = await (await connection.execute("select current_user")).fetchone() or ("",)
    objects = declared(built, scratch.role, live, role)
    expectation = Expectation(
        "declared",
        locked=False,
        origin=origin,
        migration_version=version or await _version(connection),
        server_version=connection.info.server_version,
        database=await database_identity(connection),
    )
    await write_expected(connection, expectation, objects)
    await connection.execute(_LOOK)
    return len(objects)


async def _look_at(scratch: Scratch, left_alone: LeftAlone) -> tuple[Portrait, str | None]:
    async with await connect(scratch.dsn, scratch.name) as connection:
        await nobody_left(connection, scratch)
        version = await recorded_version(connection, guarded=False)
        return await read_quiet_portrait(connection, left_alone=left_alone), version


async def _version(connection: AsyncConnection[Any]) -> str | None:
    try:
        return await recorded_version(connection)
    except UnreadHistory as error:
        raise CouldNotLook(f"What the migration tool has recorded cannot be read: {error}") from error
