"""Whether what a statement switches is still to be switched: triggers, row security, options, settings, rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pglast import ast
from pglast.enums import AlterTableType, ObjectType, RoleSpecType
from pglast.stream import RawStream
from psycopg import sql

_TRIGGER = """exists (
  select from pg_catalog.pg_trigger as t
  join pg_catalog.pg_class as c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and t.tgname = {name} and t.tgenabled {state})"""
_ROW_SECURITY = """exists (
  select from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and c.relrowsecurity <> {on})"""
_OPTION = """exists (
  select from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {table} and {value} is distinct from (
    select o.option_value from pg_catalog.pg_options_to_table(c.reloptions) as o where o.option_name = {name}))"""
_SETTING = """exists (
  select from pg_catalog.pg_proc as p
  where p.oid = pg_catalog.to_regprocedure({routine}) and {value} is distinct from (
    select pg_catalog.substr(s.setting, {after}) from pg_catalog.unnest(p.proconfig) as s (setting)
    where pg_catalog.starts_with(s.setting, {start})))"""
# As the server writes a list of names down; the empty one stands for none.
_AS_KEPT = """(
  select pg_catalog.string_agg(pg_catalog.quote_ident(x.name), ', ' order by x.place)
  from pg_catalog.unnest({}::text[]) with ordinality as x (name, place))"""
_SCHEMA_RIGHT = """exists (
  select from pg_catalog.pg_namespace as n cross join pg_catalog.aclexplode(n.nspacl) as a
  where n.nspname = {schema} and a.grantee = 0 and a.privilege_type = {right})"""


def signature(named: Any) -> str:
    """The routine as to_regprocedure reads it."""
    name = sql.Identifier(*(part.sval for part in named.objname)).as_string()
    arguments = ", ".join(RawStream()(each) for each in named.objargs or ())
    return f"{name}({arguments})"


def _trigger(table: Any, command: Any) -> sql.Composed:
    """Whether it is disabled, or where it is to be disabled, enabled in any way."""
    is_to_go = command.subtype == AlterTableType.AT_DisableTrig
    return sql.SQL(_TRIGGER).format(
        schema=sql.Literal(table.schemaname),
        table=sql.Literal(table.relname),
        name=sql.Literal(command.name),
        state=sql.SQL("<> 'D'" if is_to_go else "= 'D'"),
    )


def _row_security(table: Any, *, on: bool) -> sql.Composed:
    return sql.SQL(_ROW_SECURITY).format(
        schema=sql.Literal(table.schemaname), table=sql.Literal(table.relname), on=sql.Literal(on)
    )


def _options(table: Any, command: Any) -> sql.Composed:
    """Whether one of the options has another value, or is set at all where it is to be reset."""
    is_reset = command.subtype == AlterTableType.AT_ResetRelOptions
    return sql.SQL(" or ").join(
        sql.SQL(_OPTION).format(
            schema=sql.Literal(table.schemaname),
            table=sql.Literal(table.relname),
            name=sql.Literal(each.defname),
            value=sql.Literal(None if is_reset else _option_value(each.arg)),
        )
        for each in command.def_
    )


def _option_value(given: Any) -> str:
    """As pg_class.reloptions has it: what is not given is true."""
    if given is None:
        return "true"
    return str(given.sval) if isinstance(given, ast.String) else RawStream()(given).strip("'")


def setting(node: Any) -> sql.Composed | None:
    """Whether the routine's setting is another one; of a list of names, as the server writes it down."""
    (action, *more) = node.actions
    given = action.arg
    if more or action.defname != "set" or given.name != "search_path":
        return None
    names = [each.val.sval for each in given.args or ()]
    start = f"{given.name}="
    return sql.SQL(_SETTING).format(
        routine=sql.Literal(signature(node.func)),
        value=sql.SQL(_AS_KEPT).format(sql.Literal(names)) if names else sql.NULL,
        start=sql.Literal(start),
        after=sql.Literal(len(start) + 1),
    )


def grant(node: Any) -> sql.Composed | None:
    """Whether PUBLIC has, or lacks, a right on a schema."""
    everyone = [each.roletype == RoleSpecType.ROLESPEC_PUBLIC for each in node.grantees]
    if node.objtype != ObjectType.OBJECT_SCHEMA or not all(everyone) or not node.privileges:
        return None
    found = [
        sql.SQL(_SCHEMA_RIGHT).format(schema=sql.Literal(schema.sval), right=sql.Literal(right.priv_name.upper()))
        for schema in node.objects
        for right in node.privileges
    ]
    return sql.SQL(" or ").join([sql.SQL("not ") + each for each in found] if node.is_grant else found)


SWITCHES: Final[Mapping[int, Callable[[Any, Any], sql.Composed]]] = {
    AlterTableType.AT_EnableTrig: _trigger,
    AlterTableType.AT_EnableAlwaysTrig: _trigger,
    AlterTableType.AT_EnableReplicaTrig: _trigger,
    AlterTableType.AT_DisableTrig: _trigger,
    AlterTableType.AT_EnableRowSecurity: lambda table, _: _row_security(table, on=True),
    AlterTableType.AT_DisableRowSecurity: lambda table, _: _row_security(table, on=False),
    AlterTableType.AT_SetRelOptions: _options,
    AlterTableType.AT_ResetRelOptions: _options,
}
"""By the part of ALTER TABLE or ALTER VIEW."""
