"""A column that was dropped: back as structure, as the last of its table; what it held is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pglast import ast
from pglast.enums import AlterTableType
from pglast.visitors import Visitor
from psycopg import sql

from ...catalog.snapshot import Table
from ...errors import PlanRefused, PlanWaits
from ...expected.portrait import ObjectName, Portrayed
from ...remedy import ChangeColumnType
from ..composed import columns, identifier, query, relation, statement, verbatim
from ..dependents.definition import literal
from ..dependents.grants import grant_again
from ..execution.guard import guard
from ..kinds.change_column_type import change_column_type
from ..plan import Check, Hazard, Lock, Plan
from ..retyping.rewrite_time import milliseconds_rewritten, size_of
from .alteration import alter_table
from .collation import restore_collation
from .column_default import default_statement
from .comment import comment_statement
from .found import read_found
from .place import described, quote, said_of
from .reading import wait_until_readable
from .rights import rights_of
from .stored import parsed, verified
from .strange_code import strange_code
from .subject import Subject
from .turn import Turn, written_by

# A domain's own checks, and those of the domains that it is made of.
_CHECKING_DOMAIN = """exists (
  with recursive d as (
    select t.* from pg_catalog.pg_type t where t.oid = pg_catalog.to_regtype({type})
    union all
    select t.* from d join pg_catalog.pg_type t on t.oid = d.typbasetype where d.typtype = 'd'
  )
  select from d where d.typtype = 'd' and (d.typnotnull or exists (
    select from pg_catalog.pg_constraint k where k.contypid = d.oid)))"""
GONE = "What it held is gone; only a backup of the database has it."


async def restore_column(subject: Subject) -> Plan:
    """The column with its type, default, comment and rights, as the last one of its table."""
    table, name, fields = subject.table, subject.name, subject.expected.fields
    if table.column_named(name.name) is not None:
        raise PlanRefused(f"{subject.said} is there by now.")
    computed = bool(fields.get("generated") or fields.get("identity"))
    default, notes = await _default(subject)
    rows = await subject.value(f"exists (select from {quote(table.schema, table.name)})")
    wanted = fields.get("not_null") == "true"
    at_once = default is not None and wanted and not _is_computed(default)
    not_null = wanted and (computed or at_once or not rows)
    if wanted and not not_null:
        notes = (*notes, "NOT NULL comes back once every row has a value.")
    if at_once:
        notes = (*notes, f"Rows that are there get the default: {default}.")
    add = await _add(subject, default if at_once else None, not_null=not_null)
    later = default_statement(subject, default) if default is not None and not at_once else None
    rewrites, estimate = await _writes_anew(subject), None
    if rewrites:
        estimate = milliseconds_rewritten(await size_of(subject.site.connection, table.oid))
        if estimate > (most := subject.site.limits.online_above / timedelta(milliseconds=1)):
            raise PlanRefused(
                f"{subject.said} is computed for each row, or checked by its domain: to add it writes"
                f" {table.qualified_name} anew, which would block everybody for about {estimate:.0f} ms, and"
                f" {most:.0f} ms are allowed (online_above). Cure: add it at a quiet hour."
            )
    undo_checks = () if computed else (_no_values(subject, default if at_once else None),)
    turn = Turn(
        title=f"Add {subject.said}",
        undo_title=f"Drop {subject.said}",
        state=said_of(name, "'there'"),
        before=None,
        left=written_by(subject.site.fix_id, name),
        statements=(add, *([later] if later else []), *await dressed(subject, subject.expected, table.owner)),
        undo=(*map(guard, undo_checks), drop_column(table, name.name)),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    return subject.plan(
        f"Add {subject.said} again, as the last column. {GONE}",
        [replace(turn.step(), rewrites=rewrites)],
        [turn.inverse()],
        approval=f"it undoes a DROP COLUMN. {GONE}",
        hazards=(
            *(Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.COLUMN_ORDER),
            *((Hazard.TABLE_REWRITE, Hazard.NOT_MVCC_SAFE) if rewrites else ()),
        ),
        inverse_checks=undo_checks,
        notes=(GONE, *notes),
        estimate_ms=estimate,
    )


async def restore_column_type(subject: Subject) -> Plan:
    """The type as expected, by the fix kind that changes types; or the collation, where nothing else differs."""
    table, column = subject.table, subject.column
    found = await read_found(subject)
    if found.fields["type"] == subject.expected.fields["type"]:
        return await restore_collation(subject, found)
    remedy = ChangeColumnType(table.oid, column.number, subject.expected.fields["type"], restores=not subject.declared)
    plan = subject.adopted(await change_column_type.plan(remedy, subject.site))
    if plan.refusal and table.kind == "p":
        action = f"alter column {quote(column.name)} type {remedy.type_name}"
        cure = alter_table((table.schema, table.name), action, AlterTableType.AT_AlterColumnType)
        plan = replace(plan, refusal=f"{plan.refusal}. Cure, when nobody uses it: {cure};")
    return plan


async def dressed(subject: Subject, each: Portrayed, owner: str) -> list[str]:
    """Statements for what ADD COLUMN and CREATE TABLE do not say of a column: comment, rights, storage, statistics."""
    name, fields = each.name, each.fields
    statements = [_alter(name, action) for action in _settings(fields)]
    if each.comment is not None:
        statements.append(comment_statement(name, each.comment))
    if each.grants is not None:
        where, column = quote(name.schema, name.relation), f" ({quote(name.name)})"
        rights = await rights_of(subject, each.grants)
        granted = grant_again(f"table {where}", owner, subject.role, rights, column)
        statements += [verified(grant, ast.GrantStmt, ast.VariableSetStmt) for grant in granted]
    return statements


def _settings(fields: Mapping[str, str]) -> list[str]:
    words = {
        "storage": "set storage {}",
        "compression": "set compression {}",
        "statistics": "set statistics {}",
        "options": "set ({})",
    }
    return [text.format(fields[key]) for key, text in words.items() if key in fields]


def _alter(name: ObjectName, action: str) -> str:
    where = quote(name.schema, name.relation)
    text = verified(f"alter table {where} alter column {quote(name.name)} {action}", ast.AlterTableStmt)
    node: ast.AlterTableStmt = parsed(text, ast.AlterTableStmt)  # pyright: ignore[reportAssignmentType]
    if len(node.cmds or ()) != 1:
        raise PlanRefused(f"This is no setting of {described(name)}: {action}")
    return text


async def _writes_anew(subject: Subject) -> bool:
    """Whether ADD COLUMN writes every row: for what each row computes, and for a domain that checks anything."""
    fields = subject.expected.fields
    if "identity" in fields or fields.get("generated", "").endswith("STORED"):
        return True
    return await subject.value(_CHECKING_DOMAIN.format(type=literal(fields["type"])))


async def _default(subject: Subject) -> tuple[str | None, tuple[str, ...]]:
    """The default, where what it names is there, and else a note: it comes back by itself, after that."""
    default = subject.expected.fields.get("default")
    if default is None:
        return None, ()
    try:
        await wait_until_readable(subject, f"select {default}")
    except PlanWaits as waits:
        return None, (f"Its default comes back later; it waits for {waits}",)
    return default, ()


async def _add(subject: Subject, default: str | None, *, not_null: bool) -> str:
    fields = {key: value for key, value in subject.expected.fields.items() if key != "default"}
    if default is not None:
        fields["default"] = default
    composed = add_column(subject.table, subject.name.name, fields, not_null=not_null)
    if code := await strange_code(subject, parsed(composed, ast.AlterTableStmt)):
        raise PlanRefused(f"{subject.said} calls {code}, which would run with our rights. Cure: add it as the owner.")
    return composed


def add_column(table: Table, name: str, fields: Mapping[str, str], *, not_null: bool) -> str:
    """ALTER TABLE that adds a column with what CREATE TABLE says of one; a column that is computed has no default."""
    options = f" ({fields['identity_options']})" if "identity_options" in fields else ""
    default = fields.get("default") if "generated" not in fields else None
    parts = [
        fields["type"],
        *([f"collate {fields['collation']}"] if "collation" in fields else []),
        *([f"generated always as {fields['generated']}"] if "generated" in fields else []),
        *([f"generated {fields['identity']} as identity{options}"] if "identity" in fields else []),
        *([f"default {default}"] if default is not None else []),
        *(["not null"] if not_null else []),
    ]
    text = sql.SQL("alter table {} add column {} {}").format(
        relation(table), identifier(name), verbatim(" ".join(parts))
    )
    commands = (AlterTableType.AT_AddColumn,)
    return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=commands)


def drop_column(table: Table, name: str) -> str:
    """ALTER TABLE that drops the column, which fails where another object than an index stands on it."""
    text = sql.SQL("alter table {} drop column {}").format(relation(table), identifier(name))
    commands = (AlterTableType.AT_DropColumn,)
    return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=commands)


def _no_values(subject: Subject, default: str | None) -> Check:
    """The check that nobody has written anything into the column."""
    table, key = subject.table, subject.table.primary_key
    shown = columns((*(table.names(key.columns) if key else ()), subject.name.name))
    text = sql.SQL("select {} from {} where {} is distinct from ({})").format(
        shown, relation(table), identifier(subject.name.name), verbatim(default or "null")
    )
    meaning = f"Rows with a value in {subject.name.name} that was written since."
    return Check("no values", query(text, (table.schema, table.name)), meaning)


def _is_computed(expression: str) -> bool:
    """Whether a default calls something, so that each row may get another value."""
    calls = _Calls()
    calls(parsed(f"select {expression}", ast.SelectStmt))
    return calls.found


class _Calls(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def visit_FuncCall(self, _: object, __: ast.FuncCall) -> None:  # noqa: N802 - pglast finds it by this name
        self.found = True

    def visit_SQLValueFunction(self, _: object, __: ast.SQLValueFunction) -> None:  # noqa: N802
        self.found = True
