"""VALIDATE CONSTRAINT of a check or foreign key that holds for new rows only.

Undoing it drops and adds the constraint NOT VALID in one ALTER TABLE, so that new rows are checked at every instant.
"""

from __future__ import annotations

from typing import NamedTuple

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql
from psycopg.rows import class_row

from ...catalog.snapshot import Constraint, Table
from ...errors import PlanRefused
from ...remedy import ValidateConstraint
from ..composed import columns, identifier, query, relation, statement, verbatim
from ..constraints.orphans import Operator, Reference
from ..constraints.steps import validate_step
from ..fix_kind import fix_kind
from ..plan import Check, Hazard, Lock, Plan, Step
from ..site import Site

# pg_depend has no rows for what PostgreSQL itself brings, so each one found here is code of somebody's.
_READ = """
select pg_catalog.pg_get_constraintdef(t.oid) as definition, pg_catalog.pg_get_expr(t.conbin, t.conrelid) as expression,
  t.coninhcount > 0 or t.conparentid <> 0
    or exists (select from pg_catalog.pg_inherits i where i.inhparent = t.conrelid) as inherited,
  pg_catalog.obj_description(t.oid, 'pg_constraint') as comment,
  (select pg_catalog.array_agg(array[n.nspname::text, o.oprname::text] order by e.position)
   from pg_catalog.unnest(t.conpfeqop) with ordinality as e(operator, position)
     join pg_catalog.pg_operator o on o.oid = e.operator
     join pg_catalog.pg_namespace n on n.oid = o.oprnamespace) as operators,
  (select pg_catalog.min(p.oid::regprocedure::text)
   from pg_catalog.pg_depend d
     left join pg_catalog.pg_operator o on d.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = d.refobjid
     join pg_catalog.pg_proc p on p.oid = o.oprcode
       or d.refclassid = 'pg_catalog.pg_proc'::regclass and p.oid = d.refobjid
     join pg_catalog.pg_roles r on r.oid = p.proowner
   where d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = t.oid
     and not r.rolsuper and r.rolname <> current_user) as foreign_code
from pg_catalog.pg_constraint t where t.oid = %s
"""
_UNVALIDATED = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_constraint t where t.conrelid = {table}::oid and t.conname = {name} and t.convalidated)
  then 'before' else 'done' end"""
)


class _Facts(NamedTuple):
    """What no snapshot holds of a constraint. `foreign_code` names a function in it that is another role's."""

    definition: str
    expression: str | None
    inherited: bool
    comment: str | None
    operators: list[list[str]] | None
    foreign_code: str | None


@fix_kind(ValidateConstraint)
async def validate_constraint(remedy: ValidateConstraint, site: Site) -> Plan:
    """The constraint validated beside the writers, once no row breaks it."""
    table = site.table(remedy.table)
    constraint, facts = await _read(remedy, site, table)
    table_name = site.names[table.oid]
    more_locks = (Lock("ROW SHARE", site.names[constraint.referenced_table]),) if constraint.kind == "f" else ()
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Validate constraint {constraint.name} of {table_name} without blocking writes",
        remedy=remedy,
        tables=site.named(table.oid, *((constraint.referenced_table,) if constraint.kind == "f" else ())),
        checks=(_violations(site, table, constraint, facts),),
        steps=(validate_step(table, constraint.name, table_name, more_locks),),
        inverse=() if facts.inherited else (_invalidate(site, table, constraint, facts),),
        no_inverse="Its table has parents or children: it cannot be taken back on one alone."
        if facts.inherited
        else None,
        hazards=(Hazard.FULL_SCAN,),
        affected_rows=max(0, round(table.statistics.rows)),
        makes=(constraint.name,),
    )


async def _read(remedy: ValidateConstraint, site: Site, table: Table) -> tuple[Constraint, _Facts]:
    constraint = table.constraint(remedy.constraint)
    async with site.connection.cursor(row_factory=class_row(_Facts)) as cursor:
        await cursor.execute(_READ, (remedy.constraint,))
        facts = await cursor.fetchone()
    if constraint is None or facts is None:
        raise PlanRefused(f"The constraint is gone from {table.qualified_name}.")
    if constraint.validated:
        raise PlanRefused(f"Constraint {constraint.name} is valid by now.")
    if not constraint.enforced:
        raise PlanRefused(f"Constraint {constraint.name} is NOT ENFORCED: PostgreSQL validates only what it enforces.")
    if constraint.kind not in {"c", "f"}:
        raise PlanRefused(f"Constraint {constraint.name} is neither a check nor a foreign key.")
    if facts.foreign_code:
        raise PlanRefused(
            f"Constraint {constraint.name} calls {facts.foreign_code}, which another role owns and which would run with"
            f" our rights. Cure: ALTER TABLE … VALIDATE CONSTRAINT as the owner."
        )
    return constraint, facts


def _violations(site: Site, table: Table, constraint: Constraint, facts: _Facts) -> Check:
    if constraint.kind == "f":
        referenced = site.table(constraint.referenced_table)
        operators: tuple[Operator, ...] = tuple((schema, operator) for schema, operator in facts.operators or ())
        return Reference(
            table,
            table.names(constraint.columns),
            referenced,
            referenced.names(constraint.referenced_columns),
            operators,
            match_full=constraint.match_type == "f",
        ).orphans()
    key = table.primary_key
    shown = table.names(tuple(dict.fromkeys((*(key.columns if key else ()), *constraint.columns))))
    text = sql.SQL("select {} from {}{} where not ({})").format(
        columns(shown) if shown else sql.SQL("ctid"),
        sql.SQL("only " if constraint.no_inherit else ""),
        relation(table),
        verbatim(facts.expression or ""),
    )
    return Check(
        "no violations", query(text, (table.schema, table.name)), f"Rows that break constraint {constraint.name}."
    )


def _invalidate(site: Site, table: Table, constraint: Constraint, facts: _Facts) -> Step:
    """The step that makes it NOT VALID again, as its definition says now, comment included."""
    text = sql.SQL("alter table {only}{table} drop constraint {name}, add constraint {name} {definition}").format(
        only=sql.SQL("only " if constraint.kind == "f" and table.kind != "p" else ""),
        table=relation(table),
        name=identifier(constraint.name),
        definition=verbatim(facts.definition),
    )
    target, objects = (table.schema, table.name), {(table.schema, table.name)}
    locks = [Lock("ACCESS EXCLUSIVE", site.names[table.oid])]
    if constraint.kind == "f":
        referenced = site.table(constraint.referenced_table)
        objects.add((referenced.schema, referenced.name))
        if referenced.oid != table.oid:
            locks.append(Lock("ACCESS EXCLUSIVE", site.names[referenced.oid]))
    commands = (AlterTableType.AT_DropConstraint, AlterTableType.AT_AddConstraint)
    statements = [statement(text, ast.AlterTableStmt, *objects, commands=commands)]
    if facts.comment is not None:
        comment = sql.SQL("comment on constraint {} on {} is {}").format(
            identifier(constraint.name), relation(table), sql.Literal(facts.comment)
        )
        statements.append(statement(comment, ast.CommentStmt, (*target, constraint.name)))
    probe = _UNVALIDATED.format(table=sql.Literal(table.oid), name=sql.Literal(constraint.name))
    return Step(
        title=f"Make {constraint.name} NOT VALID again",
        statements=tuple(statements),
        transactional=True,
        probe=query(probe, ("pg_catalog", "pg_constraint")),
        locks=tuple(locks),
    )
