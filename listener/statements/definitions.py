"""What the database itself runs on the relations: the views upon them, and the bodies of functions.

A SQL body is checked by the server when the function is defined, and so it is described: defined anew, and taken back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection, sql

from ..catalog.snapshot import Oid
from ..fixes.execution.blockers import presentable
from ..relations.reading.path import schemas_in
from ..relations.reading.texts import DEFAULT_PATH
from .dissection import NotTakenApart, dissect, named_in_function
from .plpgsql import Argument, Body, Routine, body_of, row_of
from .statement import Known, Origin, Statement, Unread
from .touched import Touched
from .whereabouts import Named, Whereabouts, read_whereabouts

_FUNCTIONS: Final = f"""
select p.oid::bigint, n.nspname::text, p.proname::text, p.oid::pg_catalog.regprocedure::text, l.lanname::text,
  pg_catalog.pg_get_functiondef(p.oid),
  coalesce(
    (select pg_catalog.substr(setting, 13) from pg_catalog.unnest(p.proconfig) as setting
      where setting like 'search\\_path=%'),
    {DEFAULT_PATH.format(role="s.setrole = 0")}
  ),
  exists (select from pg_catalog.unnest(p.proconfig) as setting where setting like 'search\\_path=%'),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
      coalesce(p.proargmodes[a.place], 'i'), coalesce(p.proargnames[a.place], ''),
      pg_catalog.format_type(a.oid, null)) order by a.place)
    from pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a (oid, place)),
  case when p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype then 'trigger' when p.proretset then 'set'
    when p.prorettype = 'pg_catalog.void'::pg_catalog.regtype or p.prokind = 'p' and p.prorettype = 0 then 'void'
    else 'value' end,
  p.prosrc,
  case when l.lanname = 'sql' then pg_catalog.format(
    'create %s pg_temp.%I(%s)%s language sql %s', case p.prokind when 'p' then 'procedure' else 'function' end,
    p.proname, pg_catalog.pg_get_function_arguments(p.oid),
    case when p.prokind = 'f' then ' returns ' || pg_catalog.pg_get_function_result(p.oid) end,
    coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), E'begin atomic\\n' || p.prosrc || E'\\n;\\nend')) end,
  case when p.prorettype <> 0 and (select t.typtype from pg_catalog.pg_type as t where t.oid = p.prorettype) <> 'p'
    then pg_catalog.format_type(p.prorettype, null) end,
  array(select distinct t.tgrelid::bigint from pg_catalog.pg_trigger as t where t.tgfoid = p.oid)
from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
where p.prokind in ('f', 'p') and l.lanname not in ('internal', 'c')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pgmend', 'pgmend_backup')
  and not exists (
    select from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
order by p.oid
"""

# The server's own triggers (of foreign keys) go by the columns' types.
_COMPILED: Final = """
select pg_catalog.format('trigger %%I on %%I.%%I', g.tgname, n.nspname, c.relname), p.oid::pg_catalog.regprocedure::text
from pg_catalog.pg_trigger as g join pg_catalog.pg_class as c on c.oid = g.tgrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace join pg_catalog.pg_proc as p on p.oid = g.tgfoid
where not g.tgisinternal and g.tgrelid = any(%s::oid[]) and p.oid <> all(%s::oid[])
order by 1
"""
_CONVERTED: Final = "what is put there is converted only when it runs"


class _Function(NamedTuple):
    oid: Oid
    schema: str
    plain_name: str
    signature: str
    language: str
    definition: str
    path: str
    has_path: bool
    arguments: Sequence[tuple[str, str, str]] | None
    gives: str
    source: str
    atomic: str | None
    returns: str | None
    triggers_of: Sequence[Oid]

    @property
    def name(self) -> str:
        return f"function {self.signature}"

    @property
    def routine(self) -> Routine:
        arguments = tuple(Argument(*each) for each in self.arguments or ())
        return Routine(self.plain_name, arguments, self.gives, self.source, self.returns)


class Definitions:
    """Views and functions of the database."""

    async def known(self, connection: AsyncConnection[Any], touched: Touched) -> Known:
        """Those that touch the relations."""
        views = Known(tuple(_view(each.schema, each.name) for each in touched.relations if each.is_view))
        try:
            rows = await (await connection.execute(_FUNCTIONS.encode())).fetchall()
            read, tables = [row[0] for row in rows], [each.oid for each in touched.relations]
            compiled = await (await connection.execute(_COMPILED, (tables, read))).fetchall()
        except psycopg.Error as error:
            if connection.broken:
                raise
            return Known.together((views, Known(gaps=(f"functions could not be read: {error.diag.message_primary}",))))
        functions = [_Function(*row) for row in rows]
        where = await read_whereabouts(connection, touched)
        bodies = await asyncio.to_thread(lambda: [_known(each, where) for each in functions])
        unread = tuple(Unread(name, f"it runs {function}, which nobody here reads") for name, function in compiled)
        return Known.together((views, *bodies, Known(unread=unread)))


def _view(schema: str, name: str) -> Statement:
    query = sql.SQL("select * from {}").format(sql.Identifier(schema, name)).as_string()
    return Statement(Origin.VIEW, f"view {schema}.{name}", query, ())


def _known(function: _Function, where: Whereabouts) -> Known:
    touched = where.touched
    mentioned = touched.mentioned_in(function.definition)
    rows = [row_of(each.schema, each.name) for each in touched.relations if each.oid in function.triggers_of]
    if function.language == "sql":
        return _sql(function, where) if mentioned else Known()
    if function.language != "plpgsql":
        return Known(unread=(Unread(function.name, f"nobody here reads {function.language}"),))
    if not (mentioned or rows or "execute" in function.definition.lower()):
        return Known()
    return Known.together(_body(function, where, row) for row in rows or [None])


def _sql(function: _Function, where: Whereabouts) -> Known:
    try:
        relations = named_in_function(function.definition)
    except NotTakenApart as error:
        return Known(unread=(Unread(function.name, str(error)),))
    path, doubt, unread = _path(function, relations, where)
    names = frozenset(name for _, name in relations)
    text, atomic = function.definition, function.atomic
    return Known((Statement(Origin.FUNCTION, function.name, text, path, names, defines=atomic, doubt=doubt),), unread)


def _path(
    function: _Function, relations: Collection[Named], where: Whereabouts
) -> tuple[tuple[str, ...], str | None, tuple[Unread, ...]]:
    """The schemas in which the names are looked for, why what becomes of it in them tells nothing certain, and why
    nothing does: without a search_path of its own a function has that of whoever calls it."""
    path = schemas_in(function.path)
    if function.has_path:
        return path, None, ()
    unread: tuple[Unread, ...] = ()
    if (name := where.ambiguous(relations)) is not None:
        why = f"its {name}, which is in several schemas, is what the caller's search_path says"
        unread = (Unread(function.name, why),)
    if (elsewhere := where.elsewhere(relations, path)) is not None:
        return (elsewhere.schema, *path), f"its {elsewhere.name} is what the caller's search_path says", unread
    return path, None, unread


def _body(function: _Function, where: Whereabouts, row: str | None) -> Known:
    try:
        body = body_of(function.routine, row)
    except NotTakenApart as error:
        return Known(unread=(Unread(function.name, str(error)),))
    unread = [Unread(function.name, why) for why in body.untold]
    if body.composes:
        unread.append(Unread(function.name, "it runs statements that it puts together itself"))
    statements = list[Statement]()
    for told in _statements(function, body, where):
        if isinstance(told, Unread):
            unread.append(told)
        else:
            statements.append(told)
    return Known(tuple(statements), tuple(unread))


def _statements(function: _Function, body: Body, where: Whereabouts) -> Iterator[Statement | Unread]:
    for piece in body.pieces:
        said = presentable(piece.text)
        name = f"{function.name}: {f'`{said}`' if said else 'a statement whose text is not to be shown'}"
        try:
            queries = dissect(piece.text)
        except NotTakenApart as error:
            yield Unread(name, str(error))
            continue
        for query in queries:
            if not query.touches(where.touched):
                continue
            if piece.untyped is not None:
                yield Unread(name, f"the type of variable {piece.untyped} is known only when it runs")
            else:
                path, doubt, unread = _path(function, query.relations, where)
                yield from unread
                yield Statement(Origin.FUNCTION, name, query.text, path, query.names, doubt=doubt)
    for place in body.places:
        for query in dissect(place.text):
            if query.touches(where.touched):
                name = f"{function.name}: {place.name}"
                path, _, _ = _path(function, query.relations, where)
                yield Statement(Origin.FUNCTION, name, query.text, path, query.names, doubt=_CONVERTED)
