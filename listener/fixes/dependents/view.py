"""Views that show the column, and views on these: dropped, and made again with all that belongs to them.

ALTER TYPE is refused while a view mentions the column, and CREATE OR REPLACE VIEW cannot give a view's column another
type. What only a view's own OID could preserve (its row type in a function's signature, a security label) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..composed import identifier
from ..plan import Lock
from .definition import literal, verified
from .dependent import Dependent, Subject, refused
from .grants import RIGHTS, Right, grant_again, read_rights, revoke_all
from .rereading import Name, Rereading

_FALLEN = """
with recursive fallen (oid) as (
  select r.ev_class from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.rulename = '_RETURN'
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s
  union
  select r.ev_class from fallen f join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = f.oid
    join pg_catalog.pg_rewrite r on r.oid = d.objid
  where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.rulename = '_RETURN' and r.ev_class <> f.oid
)
"""
_VIEWS = f"""{_FALLEN}
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
  pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_get_viewdef(c.oid),
  coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(o.option_name, o.option_value))
    from pg_catalog.pg_options_to_table(c.reloptions) o), '[]'),
  c.relacl is not null, {RIGHTS.format(acl="c.relacl")},
  pg_catalog.obj_description(c.oid, 'pg_class'),
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attname, {RIGHTS.format(acl="a.attacl")},
      pg_catalog.col_description(c.oid, a.attnum), pg_catalog.pg_get_expr(f.adbin, f.adrelid),
      a.atttypid = %(old)s::oid) order by a.attnum)
    from pg_catalog.pg_attribute a
      left join pg_catalog.pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(r.rulename, pg_catalog.pg_get_ruledef(r.oid),
      r.ev_enabled, pg_catalog.obj_description(r.oid, 'pg_rewrite')) order by r.rulename)
    from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'), '[]'),
  coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(t.tgname, pg_catalog.pg_get_triggerdef(t.oid),
      t.tgenabled, pg_catalog.obj_description(t.oid, 'pg_trigger'),
      pg_catalog.has_function_privilege(t.tgfoid, 'execute'), t.tgfoid::pg_catalog.regprocedure) order by t.tgname)
    from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal), '[]'),
  coalesce((select pg_catalog.jsonb_agg(distinct b.oid::bigint) from fallen b
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = b.oid
      and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite r on r.oid = d.objid and r.ev_class = c.oid
    where b.oid <> c.oid), '[]'),
  (select pg_catalog.jsonb_agg(distinct x.grantee) from pg_catalog.pg_default_acl p,
      lateral (select case g.grantee when 0 then null else pg_catalog.pg_get_userbyid(g.grantee) end as grantee
        from pg_catalog.aclexplode(p.defaclacl) g) x
    where p.defaclrole = current_user::regrole and p.defaclobjtype = 'r'
      and p.defaclnamespace in (0, c.relnamespace)),
  pg_catalog.pg_has_role(c.relowner, 'usage')
    and pg_catalog.has_schema_privilege(c.relnamespace, 'create')
    and pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'create'),
  exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
    and d.deptype = 'e'),
  exists (select from pg_catalog.pg_seclabel s where s.classoid = 'pg_catalog.pg_class'::regclass and s.objoid = c.oid)
from fallen f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by n.nspname, c.relname
"""
# What a view's disappearance takes along and nothing here puts back.
_STANDING_ON = f"""{_FALLEN}
select gone.oid::bigint, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
from (
    select f.oid, 'pg_catalog.pg_class'::regclass as refclassid, f.oid as refobjid from fallen f
    union all
    select f.oid, 'pg_catalog.pg_type'::regclass, t.oid from fallen f join pg_catalog.pg_class c on c.oid = f.oid
      join pg_catalog.pg_type t on t.oid = c.reltype
        or t.oid = (select e.typarray from pg_catalog.pg_type e where e.oid = c.reltype)
  ) as gone
  join pg_catalog.pg_depend d on d.refclassid = gone.refclassid and d.refobjid = gone.refobjid
  left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
  left join pg_catalog.pg_trigger t on d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid
where d.deptype not in ('i', 'e')
  and not (r.oid is not null and (r.ev_class = gone.oid
    or (r.rulename = '_RETURN' and r.ev_class in (select oid from fallen) and gone.refclassid::oid = 1259)))
  and not (t.oid is not null and t.tgrelid = gone.oid)
  and d.classid not in ('pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_policy'::regclass)
order by 2
"""


@dataclass(frozen=True, slots=True)
class View:
    """A view with all that belongs to it. `shows` are the other views of the plan that it selects from."""

    oid: Oid
    name: Name
    kind: str
    persistence: str
    owner: str
    definition: str
    options: Sequence[tuple[str, str]]
    has_rights: bool
    rights: tuple[Right, ...]
    comment: str | None
    columns: Sequence[tuple[str, Any, str | None, str | None, bool]]
    rules: Sequence[tuple[str, str, str, str | None]]
    triggers: Sequence[tuple[str, str, str, str | None, bool, str]]
    shows: frozenset[Oid]
    default_grantees: Sequence[str | None]
    restorable: bool
    of_extension: bool
    labelled: bool
    standing_on: tuple[str, ...] = field(default=())

    @property
    def sql(self) -> str:
        """Its qualified name, as SQL."""
        return identifier(*self.name).as_string()

    @property
    def described(self) -> str:
        """As `description.py` calls it."""
        return f"view {self.name[0]}.{self.name[1]}"

    @property
    def retyped(self) -> tuple[str, ...]:
        """Names of its columns that may show the one that changes: those of the old type."""
        return tuple(name for name, *_, same_type in self.columns if same_type)


async def fallen_views(connection: AsyncConnection[TupleRow], subject: Subject) -> tuple[View, ...]:
    """The views that have to go, each after those that it selects from."""
    parameters = {"table": subject.table.oid, "column": subject.column.number, "old": subject.cast.source.oid}
    standing: dict[Oid, list[str]] = {}
    for oid, what in await (await connection.execute(_STANDING_ON, parameters)).fetchall():
        standing.setdefault(oid, []).append(what)
    rows = await (await connection.execute(_VIEWS, parameters)).fetchall()
    views = {row[0]: _view(row, tuple(standing.get(row[0], ()))) for row in rows}
    order = TopologicalSorter({view.oid: view.shows for view in views.values()}).static_order()
    return tuple(views[oid] for oid in order)


def _view(row: TupleRow, standing_on: tuple[str, ...]) -> View:
    oid, schema, name, kind, persistence, owner, definition, options, has_rights, rights, comment, *rest = row
    columns, rules, triggers, shows, default_grantees, restorable, of_extension, labelled = rest
    return View(
        oid,
        (schema, name),
        kind,
        persistence,
        owner,
        definition.strip().removesuffix(";"),
        options,
        has_rights,
        read_rights(rights),
        comment,
        columns,
        rules,
        triggers,
        frozenset(shows),
        default_grantees or (),
        restorable,
        of_extension,
        labelled,
        standing_on,
    )


async def reread(views: Sequence[View], rereading: Rereading) -> tuple[Rereading, dict[Oid, str]]:
    """The rereading with the views as they will look, and by view the server's objection to its definition."""
    objections: dict[Oid, str] = {}
    for view in views:
        objection = await rereading.objection_to(view.definition)
        if objection:
            objections[view.oid] = objection
        rewritten = rereading.rewritten(view.definition)
        if rewritten is not None and not objection:
            rereading = rereading.with_relation(view.name, rewritten)
    return rereading, objections


def dependents(views: Sequence[View], objections: dict[Oid, str], subject: Subject) -> Iterator[Dependent]:
    """The views as dependents, outermost first: their locks are taken in the order in which readers take them."""
    for view in reversed(views):
        reason = _refusal(view, objections, subject)
        if reason:
            yield refused(view.described, reason)
        else:
            yield Dependent(
                view.described,
                down=(verified(f"drop view {view.sql}"),),
                up=tuple(verified(each) for each in _made_again(view, subject)),
                locks=(Lock("ACCESS EXCLUSIVE", view.sql),),
            )


def held(views: Sequence[View]) -> tuple[str, ...]:
    """Statements that lock the views and change nothing, outermost first; LOCK TABLE would lock all that they show."""
    return tuple(
        verified(f"alter view {view.sql} owner to {identifier(view.owner).as_string()}") for view in reversed(views)
    )


def _refusal(view: View, objections: dict[Oid, str], subject: Subject) -> str | None:
    """Why the view can't be made again as it is."""
    disabled = [name for name, _, enabled, *_ in (*view.rules, *view.triggers) if enabled != "O"]
    forbidden = [function for *_, may_execute, function in view.triggers if not may_execute]
    reasons = {
        "is materialized: its rows would have to be computed anew": view.kind == "m",
        "is no view": view.kind not in {"v", "m"},
        "is temporary and of another session": view.persistence == "t",
        "belongs to an extension": view.of_extension,
        "has a security label": view.labelled,
        f"could not be read any more: {objections.get(view.oid)}": view.oid in objections,
        f"is what {', '.join(view.standing_on)} stands on": bool(view.standing_on),
        f"belongs to {view.owner}, whom {subject.role} may not act for, or who may not create in its schema":
            not view.restorable,
        f"has a rule or trigger {disabled[:1]} that is not enabled in the usual way": bool(disabled),
        f"has a trigger on {forbidden[:1]}, which {subject.role} may not execute": bool(forbidden),
    }  # fmt: skip
    return next((reason for reason, holds in reasons.items() if holds), None)


def _made_again(view: View, subject: Subject) -> Iterator[str]:
    options = ", ".join(f"{identifier(name).as_string()} = {literal(value)}" for name, value in view.options)
    yield f"create view {view.sql}{f' with ({options})' if options else ''} as {view.definition}"
    if view.owner != subject.role:
        yield f"alter view {view.sql} owner to {identifier(view.owner).as_string()}"
    if view.comment is not None:
        yield f"comment on view {view.sql} is {literal(view.comment)}"
    for column, _, comment, default, _ in view.columns:
        quoted = identifier(column).as_string()
        if default is not None:
            yield f"alter view {view.sql} alter column {quoted} set default {default}"
        if comment is not None:
            yield f"comment on column {view.sql}.{quoted} is {literal(comment)}"
    for name, definition, _, comment in view.rules:
        yield definition
        if comment is not None:
            yield f"comment on rule {identifier(name).as_string()} on {view.sql} is {literal(comment)}"
    for name, definition, _, comment, *_ in view.triggers:
        yield definition
        if comment is not None:
            yield f"comment on trigger {identifier(name).as_string()} on {view.sql} is {literal(comment)}"
    yield from _granted_again(view, subject)


def _granted_again(view: View, subject: Subject) -> Iterator[str]:
    """The rights as they were, instead of those that default privileges give the new view."""
    if view.has_rights:
        yield from revoke_all(view.sql, [*view.default_grantees, view.owner])
        yield from grant_again(view.sql, view.owner, subject.role, view.rights)
    else:
        yield from revoke_all(view.sql, (each for each in view.default_grantees if each != view.owner))
    for column, rights, *_ in view.columns:
        quoted = f" ({identifier(column).as_string()})"
        yield from grant_again(view.sql, view.owner, subject.role, read_rights(rights), quoted)
