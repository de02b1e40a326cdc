"""ALTER TABLE … ENABLE ROW LEVEL SECURITY; always by approval: rows vanish from the sight of those it binds."""

from __future__ import annotations

from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Table
from ...errors import PlanRefused
from ...relations.wording import listed
from ...remedy import EnableRowSecurity
from ..composed import query, relation, statement
from ..fix_kind import fix_kind
from ..plan import Hazard, Lock, Plan, Step
from ..site import Site

_IS = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_class c where c.oid = {table}::oid and c.relrowsecurity = {on})
  then 'done' else 'before' end"""
)


@fix_kind(EnableRowSecurity)
async def enable_row_security(remedy: EnableRowSecurity, site: Site) -> Plan:
    """Row security switched on, with the policies that are there."""
    table = site.table(remedy.table)
    if table.row_security:
        raise PlanRefused(f"Row security of {table.qualified_name} is on by now.")
    if table.kind == "f":
        raise PlanRefused(f"{table.qualified_name} is a foreign table, which has no row security.")
    name = site.names[table.oid]
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Enable row security of {name}",
        remedy=remedy,
        steps=(_step("Enable row security", "enable", table, name, on=True),),
        inverse=(_step("Disable row security again", "disable", table, name, on=False),),
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
        needs_approval="it enables row security: that takes an approval",
        notes=(_who_sees_what(table),),
    )


def _who_sees_what(table: Table) -> str:
    bound = "everyone but its owner, superusers and roles with BYPASSRLS"
    bound = "everyone but superusers and roles with BYPASSRLS" if table.force_row_security else bound
    if not table.policies:
        return f"It has no policy: {bound} will see no row of it and write none."
    policies = [policy.name for policy in table.policies]
    return f"Then {bound} will see and write only what {listed(policies)} let through."


def _step(title: str, switch: LiteralString, table: Table, name: str, *, on: bool) -> Step:
    text = sql.SQL("alter table {} {} row level security").format(relation(table), sql.SQL(switch))
    command = AlterTableType.AT_EnableRowSecurity if on else AlterTableType.AT_DisableRowSecurity
    return Step(
        title=title,
        statements=(statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=(command,)),),
        transactional=True,
        probe=query(_IS.format(table=sql.Literal(table.oid), on=sql.Literal(on)), ("pg_catalog", "pg_class")),
        locks=(Lock("ACCESS EXCLUSIVE", name),),
    )
