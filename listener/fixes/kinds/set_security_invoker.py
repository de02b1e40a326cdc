"""ALTER VIEW … SET (security_invoker); by approval, and only where all who read the view may read what it reads.

LOCK TABLE of a view would lock all that it reads as well: the statement's own lock has to do, and that it met this very
view is checked before the commit.
"""

from __future__ import annotations

from typing import NamedTuple

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql
from psycopg.rows import class_row

from ...errors import PlanRefused
from ...remedy import SetSecurityInvoker
from ..composed import identifier, query, statement
from ..fix_kind import fix_kind
from ..ownership import Owner, refuse_unless_ours
from ..plan import Check, Hazard, Lock, Plan, Step
from ..site import Site

_SINCE = 150000
_READ = """
select n.nspname as schema, c.relname as name, pg_catalog.pg_get_userbyid(c.relowner) as owner,
  pg_catalog.pg_has_role(c.relowner, 'usage') as ours,
  coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.oid = c.relowner), false) as superuser,
  (select o.option_value from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker')
    as option, coalesce((select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_invoker'), false) as invoker
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = %s and c.relkind = 'v'
"""
_STATE = sql.SQL(
    """select case when exists (select from pg_catalog.pg_class c where c.oid = {view}::oid and {invoker} is
  not distinct from (select o.option_value from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_invoker')) then 'done' else 'before' end"""
)
_NOT_IT = sql.SQL(
    """select 'another view has that name by now' as reason where not exists (
  select from pg_catalog.pg_class c where c.oid = {view}::oid and {invoker} is
  not distinct from (select o.option_value from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_invoker'))"""
)
_LOCKED_OUT = sql.SQL(
    """select distinct g.role, d.refobjid::regclass::text as may_not_read
from pg_catalog.pg_class c cross join lateral (
    select case a.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end::text as role
    from pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
    where a.privilege_type = 'SELECT' and a.grantee <> c.relowner) g
  join pg_catalog.pg_rewrite w on w.ev_class = c.oid and w.rulename = '_RETURN'
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> c.oid
  join pg_catalog.pg_class t on t.oid = d.refobjid and t.relkind in ('r', 'p', 'f', 'v', 'm')
where c.oid = {view}::oid and not pg_catalog.has_any_column_privilege(g.role, t.oid, 'select')"""
)
_CLASS = ("pg_catalog", "pg_class")


class _View(NamedTuple):
    """`option` is what security_invoker says, None where it is not set."""

    schema: str
    name: str
    owner: str
    ours: bool
    superuser: bool
    option: str | None
    invoker: bool

    @property
    def qualified_name(self) -> str:
        return f"{self.schema}.{self.name}"


@fix_kind(SetSecurityInvoker)
async def set_security_invoker(remedy: SetSecurityInvoker, site: Site) -> Plan:
    """The view with security_invoker on."""
    if site.snapshot.server_version < _SINCE:
        raise PlanRefused("security_invoker takes PostgreSQL 15.")
    async with site.connection.cursor(row_factory=class_row(_View)) as cursor:
        view = await (await cursor.execute(_READ, (remedy.object,))).fetchone()
    if view is None:
        raise PlanRefused(f"The view {site.issue.where} is gone.")
    if view.invoker:
        raise PlanRefused(f"{view.qualified_name} reads with the rights of whoever asks it by now.")
    refuse_unless_ours(site, view.qualified_name, Owner(view.owner, view.ours, view.superuser))
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Let view {view.qualified_name} read with the rights of whoever asks it",
        remedy=remedy,
        checks=(_locked_out(remedy),),
        steps=(_step("Set security_invoker", view, remedy, "true"),),
        inverse=(_step("Set it back", view, remedy, view.option),),
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
        needs_approval="it changes which rows a view shows to whom",
        notes=("Who reads it will see only the rows that policies let him see.",),
    )


def _locked_out(remedy: SetSecurityInvoker) -> Check:
    catalogs = (_CLASS, ("pg_catalog", "pg_rewrite"), ("pg_catalog", "pg_depend"))
    return Check(
        "its readers may read what it reads",
        query(_LOCKED_OUT.format(view=sql.Literal(remedy.object)), *catalogs),
        "Roles that read the view and would be refused. Cure: GRANT SELECT on what it reads.",
    )


def _step(title: str, view: _View, remedy: SetSecurityInvoker, invoker: str | None) -> Step:
    """The step that sets the option so, or takes it away where `invoker` is None."""
    name = (view.schema, view.name)
    command = AlterTableType.AT_SetRelOptions
    text = sql.SQL("alter view {} set (security_invoker = {})").format(identifier(*name), sql.Literal(invoker))
    if invoker is None:
        command = AlterTableType.AT_ResetRelOptions
        text = sql.SQL("alter view {} reset (security_invoker)").format(identifier(*name))
    values = {"view": sql.Literal(remedy.object), "invoker": sql.Literal(invoker)}
    return Step(
        title=title,
        statements=(statement(text, ast.AlterTableStmt, name, commands=(command,)),),
        transactional=True,
        probe=query(_STATE.format(**values), _CLASS),
        locks=(Lock("ACCESS EXCLUSIVE", view.qualified_name),),
        checks=(Check("it is this view", query(_NOT_IT.format(**values), _CLASS), "Whether the statement met it."),),
    )
