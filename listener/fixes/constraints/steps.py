"""Steps on a constraint by name: validate it, drop it, and what became of either."""

from __future__ import annotations

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Table
from ..composed import identifier, query, relation, statement
from ..plan import Lock, Step

_PRESENT = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_constraint t where t.conrelid = {table}::oid and t.conname = {name})
  then {present} else {absent} end"""
)
_VALIDATED = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_constraint t where t.conrelid = {table}::oid and t.conname = {name} and t.convalidated)
  then 'done' else 'before' end"""
)


def constraint_probe(table: Table, name: str, *, present: str, absent: str) -> str:
    """The probe that answers `present` where the table has a constraint of that name."""
    text = _PRESENT.format(
        table=sql.Literal(table.oid),
        name=sql.Literal(name),
        present=sql.Literal(present),
        absent=sql.Literal(absent),
    )
    return query(text, ("pg_catalog", "pg_constraint"))


def validate_step(table: Table, name: str, table_name: str, more_locks: tuple[Lock, ...] = ()) -> Step:
    """VALIDATE CONSTRAINT: reads all rows and blocks no writer."""
    text = sql.SQL("alter table {} validate constraint {}").format(relation(table), identifier(name))
    probe = _VALIDATED.format(table=sql.Literal(table.oid), name=sql.Literal(name))
    return Step(
        title=f"Validate {name} for the rows that are there",
        statements=(_alter(table, text, AlterTableType.AT_ValidateConstraint),),
        transactional=True,
        probe=query(probe, ("pg_catalog", "pg_constraint")),
        locks=(Lock("SHARE UPDATE EXCLUSIVE", table_name), *more_locks),
        long_running=True,
    )


def drop_constraint_step(table: Table, name: str, locked: tuple[str, ...]) -> Step:
    """DROP CONSTRAINT under a short lock on all tables that it concerns."""
    text = sql.SQL("alter table {}{} drop constraint {}").format(
        sql.SQL("" if table.kind == "p" else "only "), relation(table), identifier(name)
    )
    return Step(
        title=f"Drop constraint {name}",
        statements=(_alter(table, text, AlterTableType.AT_DropConstraint),),
        transactional=True,
        probe=constraint_probe(table, name, present="before", absent="done"),
        locks=tuple(Lock("ACCESS EXCLUSIVE", each) for each in locked),
    )


def _alter(table: Table, text: sql.Composed, *commands: AlterTableType) -> str:
    return statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=commands)
