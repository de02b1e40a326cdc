"""Statements that the server ran, as pg_stat_statements has them.

Their text is what some user of the database sent: it is taken apart here, and each query of it described alone. What
pgmend itself sent is left out: it is known by its role together with its mark (`hand.py`). Nobody but who has its
rights in any case can hide a statement so, and nobody does by chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection

from ..fixes.execution.blockers import presentable
from ..hand import is_ours
from ..relations.reading.path import schemas_in
from ..relations.reading.texts import DEFAULT_PATH, WHERE_STATEMENTS_ARE
from .coverage import coverage
from .dissection import NotTakenApart, Query, dissect
from .statement import Known, Origin, Statement, Unread
from .touched import Touched
from .whereabouts import Whereabouts, read_whereabouts

MOST_STATEMENTS: Final = 5_000
MOST_CHARACTERS: Final = 4_000_000
"""Of all texts that are parsed: a parser takes a second for a megabyte or two."""
# Then only a relation's alias tells statements apart, and of those that are one the first text is kept.
_BY_ALIAS_SINCE: Final = 180000
_STATEMENTS: Final = f"""
select q.queryid::text as identity, q.query as text, r.rolname::text as role,
  {DEFAULT_PATH.format(role="(s.setrole = 0 or s.setrole = r.oid)")} as path,
  r.rolname = current_user as ours, coalesce(pg_catalog.to_jsonb(q) ->> 'toplevel', 'true') = 'false'
from {{view}} as q join pg_catalog.pg_roles as r on r.oid = q.userid
where q.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
order by q.calls desc limit {{most}}
"""
_USABLE: Final = """
select asked.role, n.nspname::text
from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) as asked (role, schema)
join pg_catalog.pg_namespace as n on n.nspname = asked.schema
join pg_catalog.pg_roles as r on r.rolname = asked.role
where pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
"""


class _Row(NamedTuple):
    identity: str | None
    text: str | None
    role: str
    path: str
    ours: bool
    inner: bool

    @property
    def name(self) -> str:
        return self.called(self.text)

    def called(self, text: str | None) -> str:
        """Its name, with what may be shown of that part of its text."""
        said = presentable(text)
        return (
            f"statement {self.identity} of role {self.role}: {f'`{said}`' if said else 'its text is not to be shown'}"
        )


class _Found(NamedTuple):
    row: _Row
    query: Query
    path: tuple[str, ...]


class ObservedStatements:
    """The statements of pg_stat_statements, the most frequent first; it has to have seen them for as long as
    `seen_for`."""

    def __init__(self, seen_for: timedelta) -> None:
        self._seen_for = seen_for

    async def known(self, connection: AsyncConnection[Any], touched: Touched) -> Known:
        """Those that touch the relations; without pg_stat_statements nobody knows what the application runs."""
        try:
            place = await (await connection.execute(WHERE_STATEMENTS_ARE.encode())).fetchone()
            if place is None:
                return Known(gaps=(_absent("it is not there"),))
            rows = await _read(connection, place[0])
            lacking, notes = await coverage(connection, place[0], self._seen_for)
        except psycopg.Error as error:
            if connection.broken:
                raise
            # Not in shared_preload_libraries, no right to it, dropped this moment.
            return Known(gaps=(_absent(error.diag.message_primary or str(error)),))
        if connection.info.server_version >= _BY_ALIAS_SINCE:
            notes = (*notes, "statements that differ only in a table under the same alias are one to this server")
        gaps = [*lacking]
        if hidden := sum(row.identity is None for row in rows):
            gaps.append(f"{hidden} statements of other roles are hidden from this role. Cure: grant pg_read_all_stats")
        if lost := sum(row.identity is not None and row.text is None for row in rows):
            gaps.append(f"the server has lost the text of {lost} statements. Cure: pg_stat_statements_reset()")
        if len(rows) > MOST_STATEMENTS:
            gaps.append(f"there are more than {MOST_STATEMENTS} statements; the least frequent were not read")
        found, unread = await asyncio.to_thread(_taken_apart, rows[:MOST_STATEMENTS], touched)
        placed = await _placed(connection, found, await read_whereabouts(connection, touched))
        return Known.together((Known((), unread, tuple(gaps), notes), placed))


def _absent(why: str) -> str:
    return f"what the application runs is not known, since pg_stat_statements cannot be read: {why}"


async def _read(connection: AsyncConnection[Any], view: str) -> list[_Row]:
    rows = await (await connection.execute(_STATEMENTS.format(view=view, most=MOST_STATEMENTS + 1).encode())).fetchall()
    return [_Row(*row) for row in rows]


def _taken_apart(rows: Sequence[_Row], touched: Touched) -> tuple[list[_Found], tuple[Unread, ...]]:
    found, unread, left = list[_Found](), list[Unread](), MOST_CHARACTERS
    for row in rows:
        text = row.text or ""
        if row.identity is None or not touched.mentioned_in(text) or (row.ours and is_ours(text)):
            continue
        left -= len(text)
        if left < 0:
            unread.append(Unread(row.name, "so much text is not taken apart at once"))
            continue
        try:
            queries = dissect(text)
        except NotTakenApart as error:
            unread.append(Unread(row.name, str(error)))
            continue
        path = schemas_in(row.path, row.role)
        found += [_Found(row, query, path) for query in queries if query.touches(touched)]
    return found, tuple(unread)


async def _placed(connection: AsyncConnection[Any], found: Sequence[_Found], where: Whereabouts) -> Known:
    """The statements under the schemas that their roles may use."""
    pairs = {(each.row.role, schema) for each in found for schema in each.path}
    roles, schemas = [role for role, _ in pairs], [schema for _, schema in pairs]
    usable = {tuple(row) for row in await (await connection.execute(_USABLE, (roles, schemas))).fetchall()}
    statements, unread = list[Statement](), list[Unread]()
    for each in found:
        statement = _statement(each, usable, where)
        statements += _with_hidden(each, statement)
        # Then the session had another search_path than is known.
        if statement.doubt is not None and (name := where.ambiguous(each.query.relations)) is not None:
            unread.append(Unread(statement.name, f"{statement.doubt}, and {name} is in several schemas"))
    return Known(tuple(statements), tuple(unread))


def _with_hidden(each: _Found, statement: Statement) -> Iterator[Statement]:
    """The statement, and the one that it may hide: the server counts both as one, and keeps the text that came first,
    where a cast gives a column the type that it has."""
    yield statement
    if each.query.uncast is not None:
        doubt = "the server counts it as one with the same without a cast that changes nothing"
        yield replace(statement, text=each.query.uncast, doubt=doubt, behind=statement)


def _statement(each: _Found, usable: set[tuple[Any, ...]], where: Whereabouts) -> Statement:
    path = tuple(schema for schema in each.path if (each.row.role, schema) in usable)
    doubt, elsewhere = None, where.elsewhere(each.query.relations, path)
    if elsewhere is not None:
        name, schema = elsewhere
        doubt = f"under the search_path of role {each.row.role} its {name} is another one than {schema}.{name}"
        path = (schema, *path)
    return Statement(
        Origin.OBSERVED,
        each.row.called(each.query.text),
        each.query.text,
        path,
        each.query.names,
        doubt=doubt,
        inner=each.row.inner,
    )
