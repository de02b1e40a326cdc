"""REVOKE CREATE ON SCHEMA … FROM PUBLIC; by approval: who made objects there by that right alone no longer can."""

from __future__ import annotations

from typing import NamedTuple

from pglast import ast
from psycopg import sql
from psycopg.rows import class_row

from ...errors import PlanRefused
from ...remedy import RevokeCreate
from ..composed import identifier, query, statement
from ..fix_kind import fix_kind
from ..ownership import Owner, refuse_unless_ours
from ..plan import Check, Plan, Step
from ..site import Site

_READ = """
select n.nspname as name, pg_catalog.pg_get_userbyid(n.nspowner) as owner,
  pg_catalog.pg_has_role(n.nspowner, 'usage') as ours,
  coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.oid = n.nspowner), false) as superuser,
  exists (select from pg_catalog.aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE') as open,
  array(
    select distinct pg_catalog.pg_get_userbyid(c.relowner)::text
    from pg_catalog.pg_class c join pg_catalog.pg_roles r on r.oid = c.relowner
    where c.relnamespace = n.oid and c.relowner <> n.nspowner and not r.rolsuper and not exists (
      select from pg_catalog.aclexplode(n.nspacl) a
      where a.privilege_type = 'CREATE' and a.grantee <> 0
        and pg_catalog.pg_has_role(c.relowner, case a.grantee when 0 then c.relowner else a.grantee end, 'usage'))
      and not pg_catalog.pg_has_role(c.relowner, n.nspowner, 'usage')
    order by 1) as makers
from pg_catalog.pg_namespace n where n.oid = %s
"""
_STATE = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a
  where n.oid = {schema}::oid and a.grantee = 0 and a.privilege_type = 'CREATE') = {open}
  then 'done' else 'before' end"""
)
_NOT_SO = sql.SQL(
    """select 'another schema has that name by now, or another role granted it' as reason where exists (
  select from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a
  where n.oid = {schema}::oid and a.grantee = 0 and a.privilege_type = 'CREATE') <> {open}"""
)
_NAMESPACE = ("pg_catalog", "pg_namespace")


class _Schema(NamedTuple):
    """`open` says that PUBLIC may create in it; `makers` own objects there and could make them by that alone."""

    name: str
    owner: str
    ours: bool
    superuser: bool
    open: bool
    makers: list[str]


@fix_kind(RevokeCreate)
async def revoke_create(remedy: RevokeCreate, site: Site) -> Plan:
    """The schema closed to those who were not named; the undo opens it again."""
    async with site.connection.cursor(row_factory=class_row(_Schema)) as cursor:
        schema = await (await cursor.execute(_READ, (remedy.object,))).fetchone()
    if schema is None:
        raise PlanRefused(f"The schema {site.issue.where} is gone.")
    if not schema.open:
        raise PlanRefused(f"PUBLIC may not create in schema {schema.name} by now.")
    refuse_unless_ours(site, f"schema {schema.name}", Owner(schema.owner, schema.ours, schema.superuser))
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Revoke CREATE on schema {schema.name} from PUBLIC",
        remedy=remedy,
        steps=(_step("Close it", schema, remedy, opened=False),),
        inverse=(_step("Open it again", schema, remedy, opened=True),),
        needs_approval="it takes a right from everyone: that takes an approval",
        notes=tuple(
            f"By this right alone {maker} made objects there, and will make no more." for maker in schema.makers
        ),
    )


def _step(title: str, schema: _Schema, remedy: RevokeCreate, *, opened: bool) -> Step:
    text = sql.SQL("grant create on schema {} to public" if opened else "revoke create on schema {} from public")
    values = {"schema": sql.Literal(remedy.object), "open": sql.Literal(opened)}
    return Step(
        title=title,
        statements=(statement(text.format(identifier(schema.name)), ast.GrantStmt, (schema.name,)),),
        transactional=True,
        probe=query(_STATE.format(**values), _NAMESPACE),
        checks=(Check("it is this schema", query(_NOT_SO.format(**values), _NAMESPACE), "Whether it came to that."),),
    )
