"""ALTER ROUTINE … SET search_path of a function or procedure; always by approval.

What its unqualified names mean is then the same for every caller. Which of them it needs no catalog tells, so the plan
says where they will be looked up, and nothing but a person can know that this is right.
"""

from __future__ import annotations

from typing import NamedTuple

from pglast import ast
from psycopg import sql
from psycopg.rows import class_row

from ...catalog.surroundings import path_names
from ...errors import PlanRefused
from ...remedy import SetSearchPath
from ..composed import columns, identifier, query, statement, verbatim
from ..fix_kind import fix_kind
from ..ownership import Owner, refuse_unless_ours
from ..plan import Check, Plan, Step
from ..site import Site

# Argument types are written qualified: only pg_catalog is on the path of the connection that plans.
_READ = """
select n.nspname as schema, p.proname as name, pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments,
  pg_catalog.pg_get_userbyid(p.proowner) as owner, pg_catalog.pg_has_role(p.proowner, 'usage') as ours,
  coalesce((select r.rolsuper from pg_catalog.pg_roles r where r.oid = p.proowner), false) as superuser,
  (select pg_catalog.substr(c.setting, 13) from pg_catalog.unnest(p.proconfig) c(setting)
   where pg_catalog.starts_with(c.setting, 'search_path=')) as path, p.prokind = 'a' as aggregate
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.oid = %s
"""
_STATE = sql.SQL(
    """select case when exists (select from pg_catalog.pg_proc p where p.oid = {routine}::oid and {path} is
  not distinct from (select pg_catalog.substr(c.setting, 13) from pg_catalog.unnest(p.proconfig) c(setting)
    where pg_catalog.starts_with(c.setting, 'search_path='))) then 'done' else 'before' end"""
)
_NOT_IT = sql.SQL(
    """select 'another routine has that name by now' as reason where not exists (
  select from pg_catalog.pg_proc p where p.oid = {routine}::oid and {path} is
  not distinct from (select pg_catalog.substr(c.setting, 13) from pg_catalog.unnest(p.proconfig) c(setting)
    where pg_catalog.starts_with(c.setting, 'search_path=')))"""
)
# As the server writes a path down.
_KEPT = sql.SQL(
    "(select pg_catalog.string_agg(pg_catalog.quote_ident(x.name), ', ' order by x.place)"
    " from pg_catalog.unnest({}::text[]) with ordinality as x(name, place))"
)
_OPEN = sql.SQL(
    """select n.nspname as schema,
  case a.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end as may_create
from pg_catalog.pg_namespace n
  cross join pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
  join pg_catalog.pg_proc p on p.oid = {routine}::oid
where n.nspname = any({schemas}) and a.privilege_type = 'CREATE' and a.grantee <> p.proowner
  and a.grantee <> n.nspowner
  and not exists (select from pg_catalog.pg_roles r where r.oid = a.grantee and r.rolsuper)"""
)
_PROC = ("pg_catalog", "pg_proc")


class _Routine(NamedTuple):
    """`arguments` and `path` are as the server writes them; `path` is None where none is fixed."""

    schema: str
    name: str
    arguments: str
    owner: str
    ours: bool
    superuser: bool
    path: str | None
    aggregate: bool

    @property
    def signature(self) -> str:
        return f"{self.schema}.{self.name}({self.arguments})"


@fix_kind(SetSearchPath)
async def set_search_path(remedy: SetSearchPath, site: Site) -> Plan:
    """The routine with that search path, and the way back to the one it had, or to none."""
    routine = await _read(remedy, site)
    if routine is None:
        raise PlanRefused(f"The routine {site.issue.where} is gone.")
    if routine.aggregate:
        raise PlanRefused(f"{routine.signature} is an aggregate, which has no search_path.")
    refuse_unless_ours(site, routine.signature, Owner(routine.owner, routine.ours, routine.superuser))
    was = None if routine.path is None else path_names(routine.path)
    if was == remedy.path:
        raise PlanRefused(f"{routine.signature} has that search_path by now.")
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Fix the search_path of {routine.signature} to {', '.join(remedy.path)}",
        remedy=remedy,
        checks=(_open(remedy),),
        steps=(_step("Fix its search_path", routine, remedy, remedy.path),),
        inverse=(_step("Set it back", routine, remedy, was),),
        needs_approval="it changes where a routine looks names up",
        notes=(f"Its unqualified names will be looked up in {', '.join(remedy.path)} and nowhere else.",),
    )


async def _read(remedy: SetSearchPath, site: Site) -> _Routine | None:
    async with site.connection.transaction(), site.connection.cursor(row_factory=class_row(_Routine)) as cursor:
        await cursor.execute("set local search_path = pg_catalog")
        return await (await cursor.execute(_READ, (remedy.object,))).fetchone()


def _open(remedy: SetSearchPath) -> Check:
    values = {"routine": sql.Literal(remedy.object), "schemas": sql.Literal(list(remedy.path))}
    return Check(
        "nobody else may create on the path",
        query(_OPEN.format(**values), ("pg_catalog", "pg_namespace"), _PROC, ("pg_catalog", "pg_roles")),
        "Who may create in a schema of the path and plant there what the routine would find.",
    )


def _step(title: str, routine: _Routine, remedy: SetSearchPath, path: tuple[str, ...] | None) -> Step:
    name = (routine.schema, routine.name)
    text = sql.SQL("alter routine {}({}) {}").format(
        identifier(*name),
        verbatim(routine.arguments),
        sql.SQL("reset search_path")
        if path is None
        else sql.SQL("set search_path = {}").format(columns(path) if path else sql.Literal("")),
    )
    values = {
        "routine": sql.Literal(remedy.object),
        "path": _KEPT.format(sql.Literal(None if path is None else list(path or ("",)))),
    }
    return Step(
        title=title,
        statements=(statement(text, ast.AlterFunctionStmt, name),),
        transactional=True,
        probe=query(_STATE.format(**values), _PROC),
        checks=(Check("it is this routine", query(_NOT_IT.format(**values), _PROC), "Whether the statement met it."),),
    )
