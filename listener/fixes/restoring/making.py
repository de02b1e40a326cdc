"""The statements that make an object as it is portrayed, by its owner's rights, and those that unmake it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pglast import ast
from pglast.enums import AlterTableType

from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ..composed import statement, verbatim
from ..dependents.definition import literal
from ..dependents.grants import grant_again
from .comment import comment_statement
from .enabled import enable_statement
from .place import quote, spelled
from .rights import given, grants_others, rights_of
from .stored import definition, position, verified
from .subject import Subject

_NODES: dict[ObjectKind, tuple[type[ast.Node], ...]] = {
    ObjectKind.EXTENSION: (ast.CreateExtensionStmt,),
    ObjectKind.SCHEMA: (ast.CreateSchemaStmt,),
    ObjectKind.TYPE: (ast.CreateEnumStmt, ast.CompositeTypeStmt, ast.CreateDomainStmt, ast.CreateRangeStmt),
    ObjectKind.SEQUENCE: (ast.CreateSeqStmt,),
    ObjectKind.FUNCTION: (ast.CreateFunctionStmt, ast.DefineStmt),
    ObjectKind.INDEX: (ast.IndexStmt,),
    ObjectKind.VIEW: (ast.ViewStmt,),
    ObjectKind.MATERIALIZED_VIEW: (ast.CreateTableAsStmt,),
    ObjectKind.RULE: (ast.RuleStmt,),
    ObjectKind.TRIGGER: (ast.CreateTrigStmt,),
    ObjectKind.POLICY: (ast.CreatePolicyStmt,),
    ObjectKind.STATISTICS: (ast.CreateStatsStmt,),
}
_OWNED = frozenset(
    {
        *(ObjectKind.SCHEMA, ObjectKind.TYPE, ObjectKind.SEQUENCE, ObjectKind.FUNCTION),
        *(ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.STATISTICS),
    }
)
_QUOTED = re.compile(r'"(?:[^"]|"")*"|[^,\s]+')
# A schema of pg_database_owner is the database owner's.
_USUAL_OWNER = """
(select pg_catalog.pg_get_userbyid(case when r.rolname = 'pg_database_owner' then
    (select d.datdba from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  else n.nspowner end)::text
from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner where n.nspname = {schema})
"""


@dataclass(frozen=True, slots=True)
class Making:
    """The statements, in order, and why they need an approval, where they do."""

    statements: tuple[str, ...]
    approval: str | None = None


def parsed_definition(each: Portrayed) -> tuple[str, Any]:
    """The object's statement, and what it parses to; raises PlanRefused where it is not what the name says."""
    return definition(each, *_NODES[each.name.kind])


async def make(subject: Subject, each: Portrayed) -> Making:
    """The object with its owner, rights, comment and whatever else its portrait holds."""
    text, node = parsed_definition(each)
    if each.name.kind is ObjectKind.MATERIALIZED_VIEW:
        text += " with no data"
    owner, approval = await owner_of(subject, each)
    statements = [*_quiet(each), *as_owner(subject, owner, [text])]
    if owner is not None:
        statements += await given(subject, each.name, owner, each.grants)
        if each.grants and grants_others(owner, await rights_of(subject, each.grants)):
            approval = approval or "it grants rights to others than the owner"
    if each.comment is not None:
        statements.append(comment_statement(each.name, each.comment))
    if owner is not None and each.name.kind in {ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW}:
        statements += await _columns(subject, each, owner)
    statements += _settings(each)
    return Making(tuple(statements), approval or why_shown(node))


def unmake(each: Portrayed) -> str:
    """DROP of the object, which fails where anything stands on it."""
    return verified(f"drop {spelled(each.name, called=plain_name(each))}", ast.DropStmt)


def plain_name(each: Portrayed) -> str | None:
    """What a routine is called, without its arguments."""
    if each.name.kind is not ObjectKind.FUNCTION:
        return None
    node: Any = parsed_definition(each)[1]
    return getattr(node, "funcname" if type(node) is ast.CreateFunctionStmt else "defnames")[-1].sval


def as_owner(subject: Subject, owner: str | None, statements: Sequence[str]) -> list[str]:
    """The statements, run as that role where it is another one than ours."""
    if owner is None or owner == subject.role:
        return list(statements)
    there, back = f"set local role {quote(owner)}", f"set local role {quote(subject.role)}"
    return [verified(there, ast.VariableSetStmt), *statements, verified(back, ast.VariableSetStmt)]


async def owner_of(subject: Subject, each: Portrayed) -> tuple[str | None, str | None]:
    """Who is to own the object, and what speaks against it; None where it has no owner of its own."""
    if each.name.kind not in _OWNED:
        return None, None
    if each.owner is not None:
        await subject.may_act_for(each.owner)
        return each.owner, None
    owner = await subject.value(_USUAL_OWNER.format(schema=literal(each.name.schema))) or subject.role
    await subject.may_act_for(owner)
    superuser = await subject.value(
        f"(select r.rolsuper from pg_catalog.pg_roles r where r.rolname = {literal(owner)})"
    )
    return owner, f"nothing says who should own it: it would be superuser {owner}'s" if superuser else None


def why_shown(node: Any) -> str | None:
    """Why a definition is for a person to look at."""
    if isinstance(node, ast.CreateExtensionStmt):
        return "an extension's script runs with the rights of a superuser"
    options = node.options if isinstance(node, ast.CreateFunctionStmt) else ()
    if any(option.defname == "security" and option.arg.boolval for option in options or ()):
        return "it runs with the rights of its owner (SECURITY DEFINER)"
    return None


def _quiet(each: Portrayed) -> list[str]:
    """A body is stored as it was, whether what it names is there or not, as pg_dump restores it."""
    if each.name.kind is not ObjectKind.FUNCTION:
        return []
    return [verified("set local check_function_bodies = off", ast.VariableSetStmt)]


def _settings(each: Portrayed) -> list[str]:
    """What CREATE does not say."""
    fields, statements = each.fields, list[str]()
    if each.name.kind in {ObjectKind.TRIGGER, ObjectKind.RULE} and fields.get("enabled", "O") != "O":
        statements.append(enable_statement(each.name, fields["enabled"]))
    if each.name.kind is ObjectKind.STATISTICS and "target" in fields:
        text = f"alter {spelled(each.name)} set statistics {int(fields['target'])}"
        statements.append(verified(text, ast.AlterStatsStmt))
    if each.name.kind is ObjectKind.SEQUENCE and "owned_by" in fields:
        statements.append(verified(f"alter {spelled(each.name)} owned by {fields['owned_by']}", ast.AlterSeqStmt))
    return statements


async def _columns(subject: Subject, each: Portrayed, owner: str) -> list[str]:
    """Comments, defaults and rights of a view's columns."""
    name, statements = each.name, list[str]()
    where = quote(name.schema, name.name)
    for column, text in by_column(each, "column_comments").items():
        statements.append(comment_statement(column_of(name, column), text))
    for column, text in by_column(each, "column_defaults").items():
        statements.append(default_of(name, column, text))
    for column, items in by_column(each, "column_grants").items():
        rights = await rights_of(subject, items)
        granted = grant_again(f"table {where}", owner, subject.role, rights, f" ({quote(column)})")
        statements += [verified(grant, ast.GrantStmt, ast.VariableSetStmt) for grant in granted]
    return statements


def by_column(each: Portrayed, field: str) -> dict[str, Any]:
    """What a field of a view says of its columns, by their names."""
    return json.loads(each.fields.get(field, "{}"))


def column_of(view: ObjectName, column: str) -> ObjectName:
    """A view's column, which is portrayed with the view."""
    return ObjectName(ObjectKind.COLUMN, view.schema, view.name, column)


def default_of(view: ObjectName, column: str, expression: str | None) -> str:
    """ALTER VIEW that sets the default of a column, or drops it where it is None."""
    action = "drop default" if expression is None else f"set default {expression}"
    text = f"alter view {quote(view.schema, view.name)} alter column {quote(column)} {action}"
    commands = (AlterTableType.AT_ColumnDefault,)
    return statement(verbatim(text), ast.AlterTableStmt, (view.schema, view.name), commands=commands)


def quoted_columns(each: Portrayed) -> tuple[str, ...]:
    """The columns of a view as SQL quotes them."""
    return tuple(_QUOTED.findall(each.fields.get("columns", "")))


def or_replace(text: str, keyword: str) -> str:
    """The CREATE statement as CREATE OR REPLACE; `keyword` is the one of its kind (VIEW, RULE, TRIGGER)."""
    return f"create or replace {text[position(text, keyword) :]}"
