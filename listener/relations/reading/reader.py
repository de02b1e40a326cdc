"""Reads the code that the database holds: views, functions and, where they are kept, the statements that ran.

Nothing of it is run: definitions come as text, and are parsed here. Views are printed under a search_path of pg_catalog
alone, so that every name in them is qualified. The names of functions and statements mean what their own search_path
says (the database's where they have none), and where that leads to nothing known, nothing is concluded.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import pglast
import psycopg
import structlog
from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.look import looking
from ...catalog.snapshot import Oid, Snapshot
from ...errors import CouldNotLook
from ...nesting import NestedTooDeeply, require_shallow
from ..sighting import Sighting, Source, SourceKind
from .joins import Joins
from .names import Columns, Names
from .path import schemas_in
from .reading import Place, Reading
from .texts import FUNCTIONS, OWN_PATH, STATEMENTS, VIEWS, WHERE_STATEMENTS_ARE

MOST_CHARACTERS = 2_000_000
"""Of all texts of one kind in one reading: a parser takes a second for a megabyte or two."""

_WRAPPED = "create function f() returns void language sql "
_READ = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
# Not loaded by the server, no right to it, moved or dropped this moment, or something in the way: another time.
_NO_STATEMENTS = frozenset({"55000", "42501", "42P01", "42703", "3F000", "55P03", "57014"})
_IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


log = structlog.get_logger()


class Piece(NamedTuple):
    """A statement of an application's code: `identity` is unique, `name` is where people find it."""

    identity: str
    name: str
    text: str


class _Text(NamedTuple):
    source: Source
    read: Callable[[], Joins]
    length: int


class _Finding(NamedTuple):
    seen: dict[Source, frozenset[Sighting]]
    unread: int


class CodeReader:
    """Reads on one idle connection in autocommit mode, and remembers what columns views have."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self._views: dict[Oid, tuple[str, str, Columns]] = {}

    async def everything(self, snapshot: Snapshot) -> Reading:
        """All views, functions and statements; raises CouldNotLook where the connection fails."""
        self._views.clear()
        readings = [await self._views_of(snapshot, None), await self._functions_of(snapshot, None)]
        readings.append(await self._statements(snapshot))
        return _together(readings)

    async def named(self, snapshot: Snapshot, views: Collection[Oid], functions: Collection[Oid]) -> Reading:
        """Only those views and functions; what is none of them any more is gone."""
        readings: list[Reading] = []
        if views:
            readings.append(await self._views_of(snapshot, views))
        if functions:
            readings.append(await self._functions_of(snapshot, functions))
        return _together(readings)

    async def code(self, snapshot: Snapshot, pieces: Sequence[Piece], silent: Collection[str] = ()) -> Reading:
        """Those statements, whose names mean what the search_path of this role says; the `silent` say nothing now."""
        row = await (await self._connection.execute(OWN_PATH.encode())).fetchone()
        path, names = schemas_in(*row) if row is not None else (), self._names(snapshot)

        def texts() -> Iterator[_Text]:
            for identity, name, text in pieces:
                yield _Text(
                    Source(SourceKind.CODE, identity, name), partial(_plain, Joins(names, path), text), len(text)
                )

        finding = await asyncio.to_thread(_read_all, texts())
        asked = frozenset((SourceKind.CODE, each) for each in (*(piece.identity for piece in pieces), *silent))
        return Reading(finding.seen, asked)

    async def _views_of(self, snapshot: Snapshot, oids: Collection[Oid] | None) -> Reading:
        rows = await self._rows(VIEWS, oids)
        if rows is None:
            return Reading()
        names = self._names(snapshot)

        def texts() -> Iterator[_Text]:
            for oid, schema, name, definition in rows:
                source = Source(SourceKind.VIEW, str(oid), f"the view {schema}.{name}")
                yield _Text(source, partial(self._view, oid, schema, name, definition, names), len(definition))

        return await _reading(SourceKind.VIEW, texts(), oids)

    def _view(self, oid: Oid, schema: str, name: str, definition: str, names: Names) -> Joins:
        joins = Joins(names, ())
        require_shallow(definition)
        (statement,) = pglast.parse_sql(definition)
        self._views[oid] = schema, name, joins.read(_node(statement))
        names.add_view(*self._views[oid])
        return joins

    async def _functions_of(self, snapshot: Snapshot, oids: Collection[Oid] | None) -> Reading:
        rows = await self._rows(FUNCTIONS, oids)
        if rows is None:
            return Reading()
        names = self._names(snapshot)

        def texts() -> Iterator[_Text]:
            for oid, schema, name, language, body, qualified, path, tables in rows:
                source = Source(SourceKind.FUNCTION, str(oid), f"the function {schema}.{name}")
                rows_of = _trigger_rows(snapshot, names, tables or ())
                joins = Joins(names, schemas_in(path), rows_of)
                read = _plpgsql if language == "plpgsql" else _qualified if qualified else _plain
                yield _Text(source, partial(read, joins, body), len(body))

        return await _reading(SourceKind.FUNCTION, texts(), oids)

    async def _statements(self, snapshot: Snapshot) -> Reading:
        try:
            async with looking(self._connection) as look:
                place = await look.ask(WHERE_STATEMENTS_ARE)
            found = await place.fetchone()
            if found is None:
                return Reading(whole=frozenset({SourceKind.STATEMENT}))
            async with looking(self._connection) as look:
                answer = await look.ask(STATEMENTS.format(view=found[0]), prepare=False)
            rows = await answer.fetchall()
        except psycopg.Error as error:
            if error.sqlstate in _NO_STATEMENTS:
                return Reading()
            raise CouldNotLook(f"Statements could not be read ({error.sqlstate}): {error}") from error
        names = self._names(snapshot)

        def texts() -> Iterator[_Text]:
            for identity, text, role, path in rows:
                source = Source(SourceKind.STATEMENT, str(identity), f"the statement {identity}")
                joins = Joins(names, schemas_in(path, role))
                yield _Text(source, partial(_plain, joins, text), len(text))

        return await _reading(SourceKind.STATEMENT, texts(), None)

    async def _rows(self, query: str, oids: Collection[Oid] | None) -> Sequence[TupleRow] | None:
        """None where a lock is in the way: what was seen before stands."""
        array = None if oids is None else f"{{{','.join(map(str, sorted(oids)))}}}"
        try:
            async with looking(self._connection) as look:
                answer = await look.ask(query, array)
            return await answer.fetchall()
        except _IN_THE_WAY:
            return None
        except psycopg.Error as error:
            raise CouldNotLook(f"Code could not be read ({error.sqlstate}): {error}") from error

    def _names(self, snapshot: Snapshot) -> Names:
        names = Names(snapshot)
        for view in self._views.values():
            names.add_view(*view)
        return names


def told(reading: Reading) -> Reading:
    """The reading, once the log says what is missing in it."""
    for gap in reading.gaps():
        log.info("not read", what=gap)
    return reading


async def _reading(kind: SourceKind, texts: Iterable[_Text], oids: Collection[Oid] | None) -> Reading:
    finding = await asyncio.to_thread(_read_all, texts)
    asked = frozenset[Place]() if oids is None else frozenset((kind, str(oid)) for oid in oids)
    whole = frozenset({kind}) if oids is None else frozenset[SourceKind]()
    return Reading(finding.seen, asked, whole, {kind: finding.unread} if finding.unread else {})


def _read_all(texts: Iterable[_Text]) -> _Finding:
    seen: dict[Source, frozenset[Sighting]] = {}
    unread, left = 0, MOST_CHARACTERS
    for text in texts:
        left -= text.length
        if left < 0:
            unread += 1
            continue
        try:
            sightings = text.read().sightings()
        except (pglast.Error, RecursionError, ValueError):
            unread += 1
            continue
        if sightings:
            seen[text.source] = seen.get(text.source, frozenset()) | sightings
    return _Finding(seen, unread)


def _plain(joins: Joins, text: str) -> Joins:
    """Statements as somebody wrote them."""
    require_shallow(text)
    for statement in pglast.parse_sql(text):
        if isinstance(_node(statement), _READ):
            joins.read(_node(statement))
    return joins


def _qualified(joins: Joins, body: str) -> Joins:
    """What stands in BEGIN ATOMIC … END or after RETURN, printed by the server."""
    require_shallow(body)
    (statement,) = pglast.parse_sql(_WRAPPED + body)
    for each in _flat(_node(statement).sql_body):
        joins.read(each)
    return joins


def _plpgsql(joins: Joins, definition: str) -> Joins:
    """Every query and expression of a function; what EXECUTE is given is text that nobody knows here."""
    for query, mode in _queries(json.loads(pglast.parser.parse_plpgsql_json(definition))):
        text = query
        if mode == _ASSIGNMENT:
            _, _, text = query.partition("=")
        if mode != 0:
            text = f"select {text}"
        try:
            _plain(joins, text)
        except NestedTooDeeply:
            raise
        except pglast.Error:
            continue  # an expression of PL/pgSQL's own, such as a target that is an array's element
    return joins


_ASSIGNMENT = 3


def _queries(tree: Any) -> Iterator[tuple[str, int]]:
    if isinstance(tree, dict):
        found = cast("dict[str, Any]", tree)
        if "PLpgSQL_expr" in found:
            yield found["PLpgSQL_expr"]["query"], found["PLpgSQL_expr"].get("parseMode", 0)
        for each in found.values():
            yield from _queries(each)
    elif isinstance(tree, list):
        for each in cast("list[Any]", tree):
            yield from _queries(each)


def _flat(body: Any) -> Iterator[ast.Node]:
    if isinstance(body, tuple):
        for each in cast("tuple[Any, ...]", body):
            yield from _flat(each)
    elif isinstance(body, ast.ReturnStmt):
        yield ast.SelectStmt(targetList=(ast.ResTarget(val=body.returnval),))
    elif body is not None:
        yield body


def _trigger_rows(snapshot: Snapshot, names: Names, tables: Sequence[Oid]) -> Mapping[str, Columns]:
    """NEW and OLD of a function that one table's triggers call."""
    table = snapshot.tables.get(tables[0]) if len(tables) == 1 else None
    return {} if table is None else dict.fromkeys(("new", "old"), names.of_table(table))


def _node(statement: Any) -> Any:
    return statement.stmt


def _together(readings: Iterable[Reading]) -> Reading:
    seen: dict[Source, frozenset[Sighting]] = {}
    asked, whole = frozenset[Place](), frozenset[SourceKind]()
    unread: dict[SourceKind, int] = {}
    for each in readings:
        seen |= each.seen
        asked |= each.asked
        whole |= each.whole
        unread |= each.unread
    return Reading(seen, asked, whole, unread)
