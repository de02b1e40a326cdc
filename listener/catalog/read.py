"""Looks at the catalogs: a frozen snapshot of any set of tables, from one flight to the server and back.

What we stand on: all rows come from one statement, or from one REPEATABLE READ transaction, and so from one MVCC
snapshot, and everyone can read the catalogs they come from, USAGE on a schema or not; so a table that is missing is
gone. What knows the present only are format_type, pg_get_userbyid, pg_get_indexdef and pg_locks. Catalog rows are read
without a lock on the user's tables: of all this only pg_get_indexdef would wait for an uncommitted ALTER, and it is not
asked for tables that are locked.

More flights are made only for what one cannot tell: the definitions of indexes whose fields do not say all, where
the last snapshot does not have them; who builds the indexes that are not valid, where all tables were read; and an
index that is not valid though nobody builds it, since the locks are looked at after the rows: a build that ended in
between is seen by looking again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from ..errors import CouldNotLook
from ..garbage import uncollected
from .affected import LOOKED_UP, Affected, any_renamed, carried_along
from .assembly.surroundings import build_surroundings
from .assembly.tables import Builder, Built, build_tables
from .definition import UNREAD
from .exclusion import DEFAULT, LeftAlone
from .look import Answer, answers_abreast, looking
from .queries import reading, reading_all, reading_around, remembering, text
from .rows import Around, Rows, aspects_of, sorted_out, sorted_out_around
from .snapshot import Index, Oid, Snapshot, Table
from .steadiness import steadily, unseen
from .surroundings import Surroundings

Question = tuple[str, Sequence[Collection[Oid] | None]]
EVERYTHING: Question = ("wanted", [None])
Opening = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
MUCH_BYTES: Final = 8 << 20
"""Of pg_attribute, which holds some 150 bytes for each column: from a few thousand tables on."""


async def read_snapshot(
    connection: AsyncConnection[Any],
    oids: Collection[Oid] | None = None,
    *,
    left_alone: LeftAlone = DEFAULT,
    known: Snapshot | None = None,
    second: Opening | None = None,
) -> Snapshot:
    """The tables with those OIDs, or all that people made (no temporary ones, none of schema pgmend).

    `known` lends the definitions of indexes that are still the same: to a partial reading always, to a full one where
    a lock is in the way (a function that an index uses may have a new name). Takes no lock but AccessShare on catalogs.
    The surroundings come with all tables, and not with some. `second` opens another session, which helps with reading
    where there is much to read.
    Inside the caller's transaction it reads what that sees, within a savepoint that leaves no trace. Raises
    CouldNotLook where the server does not let us see, SnapshotTorn where the catalogs do not hold still.
    """
    everything = oids is None
    snapshot, _ = await _steadily(connection, ("wanted", [oids]), left_alone, known, around=everything, second=second)
    return replace(snapshot, complete=everything)


async def read_affected(
    connection: AsyncConnection[Any], reach: Affected, before: Snapshot, *, left_alone: LeftAlone = DEFAULT
) -> tuple[Snapshot, frozenset[Oid]]:
    """What has become of the tables that events reach, and the OIDs it tells of: those it lacks are gone.

    Both go into `before.replaced`. One flight, and another where keys were made anew, partitions came and went, or a
    table has another name, by which its row type is called in the surroundings. Errors are those of `read_snapshot`.
    """
    if not any(reach.objects.values()) and not reach.surroundings:
        return replace(before, tables={}, complete=False, surroundings=None), frozenset()
    reached: Question = ("reached", [reach.objects.get(catalog, ()) for catalog in LOOKED_UP])
    part, found = await _steadily(connection, reached, left_alone, before, around=reach.surroundings)
    asked = reach.read | found
    while more := carried_along(before, part, asked):
        rest, _ = await _steadily(connection, ("wanted", [more]), left_alone, before)
        part, asked = part.replaced(rest, more), asked | more
    if part.surroundings is None and any_renamed(before, part):
        rest, _ = await _steadily(connection, ("wanted", [()]), left_alone, before, around=True)
        part = replace(part, surroundings=rest.surroundings)
    return part, asked


async def _steadily(
    connection: AsyncConnection[Any],
    question: Question,
    left_alone: LeftAlone,
    known: Snapshot | None,
    *,
    around: bool = False,
    second: Opening | None = None,
) -> tuple[Snapshot, frozenset[Oid]]:
    return await steadily(partial(_read, connection, question, left_alone, known, around=around, second=second))


async def _read(
    connection: AsyncConnection[Any],
    question: Question,
    left_alone: LeftAlone,
    known: Snapshot | None,
    *,
    around: bool,
    second: Opening | None,
) -> tuple[Snapshot, frozenset[Oid]]:
    """The snapshot, not said to be complete, and the OIDs that the question came to."""
    if connection.info.encoding == "ascii":
        raise CouldNotLook("The connection's client_encoding is SQL_ASCII; connect with client_encoding=utf8.")
    try:
        if question == EVERYTHING and connection.info.transaction_status == TransactionStatus.IDLE:
            taken_at, built, surroundings = await _everything(connection, left_alone, second)
            oids = built.tables
            await _ask_for_builders(connection, built)
        else:
            taken_at, oids, rows, rows_around = await _flight(connection, question, around=around)
            with uncollected():
                built = build_tables(rows, left_alone, connection.info.encoding)
                surroundings = build_surroundings(rows_around, left_alone) if rows_around else None
        await _see_builds(connection, built, known)
        await _define(connection, built, known, everything=question == EVERYTHING)
    except psycopg.Error as error:
        raise unseen(error) from error
    version = connection.info.server_version
    return Snapshot(built.tables, taken_at, version, complete=False, surroundings=surroundings), frozenset(oids)


async def _everything(
    connection: AsyncConnection[Any], left_alone: LeftAlone, second: Opening | None
) -> tuple[datetime, Built, Surroundings]:
    """All tables and the surroundings, over two sessions where there is much to read and another one can be had."""
    with suppress(psycopg.Error, CouldNotLook):  # then one has to do
        if second is not None and await _is_much(connection):
            async with second() as other:
                return await _in_stages(connection, left_alone, other)
    return await _in_stages(connection, left_alone)


async def _is_much(connection: AsyncConnection[Any]) -> bool:
    """Whether another session is worth what it takes to open it."""
    async with looking(connection) as look:
        answer = await look.ask(f"select pg_catalog.pg_relation_size('pg_catalog.pg_attribute') > {MUCH_BYTES}")
    return (await answer.fetchone()) == (True,)


async def _in_stages(
    connection: AsyncConnection[Any], left_alone: LeftAlone, second: AsyncConnection[Any] | None = None
) -> tuple[datetime, Built, Surroundings]:
    """All tables and the surroundings. Values are made of one stage while the server is busy with the next, and beside
    the event loop. Who is building indexes is not asked. A `second` session answers every other stage."""
    builder = Builder(left_alone, connection.info.encoding)
    stages: list[tuple[tuple[str, ...], Callable[..., Built | None]]] = [
        (("constraints",), builder.see_constraints),
        (("columns", "defaults"), builder.see_columns),
        (("indexes", "access_methods", "operator_classes"), builder.see_indexes),
        (
            ("schemas", "members", "tables", "triggers", "policies", "inheritance", "comments", "numberings"),
            builder.see_tables,
        ),
    ]
    version = connection.info.server_version
    queries = [*(reading_all(version, aspects) for aspects, _ in stages), reading_around(version)]
    built: Built | None = None
    with uncollected():
        async with aclosing(answers_abreast(connection, second, remembering(version), queries)) as answers:
            ((taken_at, _),) = await (await anext(answers)).fetchall()
            for aspects, see in stages:
                (fields,) = await (await anext(answers)).fetchall()
                built = await asyncio.to_thread(see, *aspects_of(fields, aspects))
            (fields_around,) = await (await anext(answers)).fetchall()
            surroundings = await asyncio.to_thread(build_surroundings, sorted_out_around(fields_around), left_alone)
            async for _ in answers:
                raise CouldNotLook("The server gave more answers than it was asked for.")
    assert built is not None
    return taken_at, built, surroundings


async def _flight(
    connection: AsyncConnection[Any], question: Question, *, around: bool = False
) -> tuple[datetime, Sequence[Oid], Rows, Around | None]:
    wanted, parameters = question
    version, answers = connection.info.server_version, list[Answer]()
    async with looking(connection) as look:
        answers.append(await look.ask(reading(wanted, version), *map(_array, parameters)))
        if around:
            answers.append(await look.ask(reading_around(version)))
    with uncollected():
        ((taken_at, oids, *fields),) = await answers[0].fetchall()
        rows_around = [sorted_out_around(row) for answer in answers[1:] for row in await answer.fetchall()]
        return taken_at, oids, sorted_out(fields), rows_around[0] if rows_around else None


def _array(oids: Collection[Oid] | None) -> str | None:
    """An oid[] as text: whatever the numbers, the statement stays the same prepared one."""
    return None if oids is None else f"{{{','.join(map(str, oids))}}}"


async def _ask_for_builders(connection: AsyncConnection[Any], built: Built) -> None:
    """See who is building the indexes that are not valid, where nobody was asked yet."""
    invalid = {
        oid: {index.oid for index in built.tables[oid].indexes if not index.valid}
        for oid in built.unfinished & built.tables.keys()
    }
    await _look_again(connection, built, invalid)


async def _see_builds(connection: AsyncConnection[Any], built: Built, known: Snapshot | None) -> None:
    """Look again at indexes that are not valid and seem to be nobody's: what is no longer so was being built."""
    tables = built.tables
    deserted = {
        oid: {index.oid for index in tables[oid].indexes if _deserted(index) and not _was_deserted(index, oid, known)}
        for oid in built.unfinished & tables.keys()
    }
    await _look_again(connection, built, deserted)


async def _look_again(connection: AsyncConnection[Any], built: Built, deserted: Mapping[Oid, set[Oid]]) -> None:
    tables, deserted = built.tables, {oid: indexes for oid, indexes in deserted.items() if indexes}
    if not deserted:
        return
    _, _, rows, _ = await _flight(connection, ("wanted", [deserted]))
    again = build_tables(rows, DEFAULT, connection.info.encoding).tables
    for oid, indexes in deserted.items():
        still = {index.oid for index in again[oid].indexes if _deserted(index)} if oid in again else set[Oid]()
        tables[oid] = _with_indexes(
            tables[oid],
            (
                index._replace(being_built=True) if index.oid in indexes - still else index
                for index in tables[oid].indexes
            ),
        )


def _deserted(index: Index) -> bool:
    return not index.valid and not index.being_built


def _was_deserted(index: Index, table: Oid, known: Snapshot | None) -> bool:
    before = known and known.tables.get(table)
    was = before and before.index(index.oid)
    return was is not None and _deserted(was)


async def _define(connection: AsyncConnection[Any], built: Built, known: Snapshot | None, *, everything: bool) -> None:
    """Fill in the definitions of indexes whose fields do not say all."""
    tables, silent = built.tables, built.silent
    remembered: dict[Oid, str] = {}
    for oid in silent:
        remembered |= _remembered(tables[oid], known and known.tables.get(oid))
    definitions: dict[Oid, str] = {}
    unknown = [index for indexes in silent.values() for index in indexes if everything or index not in remembered]
    if unknown:
        async with looking(connection) as look:
            answer = await look.ask(text("index_definitions", connection.info.server_version), _array(unknown))
        definitions = {oid: definition for oid, definition in await answer.fetchall() if definition is not None}
    definitions = remembered | definitions
    for oid, indexes in silent.items():
        tables[oid] = _with_indexes(
            tables[oid],
            (
                index._replace(definition=definitions.get(index.oid, UNREAD)) if index.oid in indexes else index
                for index in tables[oid].indexes
            ),
        )


def _remembered(table: Table, before: Table | None) -> dict[Oid, str]:
    """Definitions that a table's last state tells, if all is called as it was."""
    if before is None or (table.schema, table.name, table.columns) != (before.schema, before.name, before.columns):
        return {}
    same = {index.oid: index for index in table.indexes}
    return {
        index.oid: index.definition
        for index in before.indexes
        if index.definition and index.oid in same and same[index.oid]._replace(definition=index.definition) == index
    }


def _with_indexes(table: Table, indexes: Iterable[Index]) -> Table:
    return table._replace(indexes=tuple(indexes))
