"""NOT NULL of a column: a CHECK for new rows, validated beside the writers, lets PostgreSQL skip its own scan.

On 18 as well, which has NOT NULL NOT VALID: there the column counts as NOT NULL in pg_attribute from then on, before
its rows are looked at. Whoever compares it meanwhile would take for healed what may yet be taken back.
"""

from __future__ import annotations

from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Column, Table
from ...errors import PlanRefused
from ..composed import MAX_NAME_BYTES, columns, identifier, query, relation, statement
from ..constraints.steps import constraint_probe, validate_step
from ..dependents.definition import literal
from ..names import first_free, index_stem
from ..plan import Check, Hazard, Lock, Plan, Step
from .subject import Subject

# NOT NULL constraints have names of their own since 18, which this suffix stays clear of.
_NAMED_SINCE = 180000
_SUFFIX = "_present"
_NOT_NULL = sql.SQL(
    """select case when exists (select from pg_catalog.pg_attribute a
  where a.attrelid = {table}::oid and a.attnum = {column} and a.attnotnull) then {present} else {absent} end"""
)


async def restore_nullability(subject: Subject) -> Plan:
    """NOT NULL set or dropped, as expected."""
    table, column = subject.table, subject.column
    wanted = subject.flag("not_null")
    if column.not_null == wanted:
        raise PlanRefused(f"{subject.said} is {'NOT NULL' if wanted else 'nullable'} by now.")
    make = NotNull(table, column, subject.table_name, await _constraint_name(subject))
    if wanted:
        return subject.plan(
            f"Set {subject.said} NOT NULL without blocking writes",
            make.steps(),
            make.inverse(),
            checks=(make.no_nulls(),),
            hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.FULL_SCAN),
            affected_rows=max(0, round(table.statistics.rows)),
            makes=(make.check,),
        )
    if table.primary_key and column.number in table.primary_key.columns:
        raise PlanRefused(f"{subject.said} is a part of the primary key, which NULL cannot be.")
    return subject.plan(
        f"Let {subject.said} be NULL again",
        [make.dropped()],
        make.steps(),
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
        inverse_checks=(make.no_nulls(),),
        makes=(make.check,),
    )


async def _constraint_name(subject: Subject) -> str | None:
    """What the NOT NULL that was or is there is called; None where the server names none, or it is called as ever."""
    table, column = subject.table, subject.column
    if subject.site.connection.info.server_version < _NAMED_SINCE:
        return None
    if column.not_null:
        return await subject.value(
            "(select conname::pg_catalog.text from pg_catalog.pg_constraint where contype = 'n'"
            f" and conrelid = {table.oid} and conkey[1] = {column.number})"
        )
    # SET NOT NULL would number a name that another table of the schema has, and these need to be unique on one only.
    usual = f"{table.name}_{column.name}_not_null"
    name = subject.expected.fields.get("not_null_name", usual)
    taken = "exists (select from pg_catalog.pg_constraint where conrelid = {} and conname = {})"
    if len(name.encode()) > MAX_NAME_BYTES or await subject.value(taken.format(table.oid, literal(name))):
        return None
    return name


class NotNull:
    """The steps that make a column NOT NULL, under a name where one is given, and those that take it back."""

    def __init__(self, table: Table, column: Column, table_name: str, name: str | None = None) -> None:
        self._constraint = name
        self._table = table
        self._column = column
        self._lock = (Lock("ACCESS EXCLUSIVE", table_name),)
        self._table_name = table_name
        taken = {constraint.name for constraint in table.constraints}
        self.check = first_free(index_stem(table, (column.name,), _SUFFIX), _SUFFIX, taken)

    def no_nulls(self) -> Check:
        """The check that every row has a value."""
        key = self._table.primary_key
        shown = columns(self._table.names(key.columns)) if key else sql.SQL("ctid")
        text = sql.SQL("select {} from {} where {} is null").format(
            shown, relation(self._table), identifier(self._column.name)
        )
        return Check("no nulls", query(text, self._name), f"Rows without a value in {self._column.name}.")

    def steps(self) -> tuple[Step, ...]:
        """NOT NULL without a scan under the lock."""
        add = self._alter(
            AlterTableType.AT_AddConstraint,
            sql.SQL("add constraint {} check ({} is not null) not valid").format(
                identifier(self.check), identifier(self._column.name)
            ),
        )
        checked = Step(
            title=f"Let new rows have a value in {self._column.name}",
            statements=(add,),
            transactional=True,
            probe=self._checked_probe(),
            locks=self._lock,
        )
        validate = validate_step(self._table, self.check, self._table_name)
        made = Step(
            title=f"Make {self._column.name} NOT NULL",
            statements=(self._make(), self._drop_check()),
            transactional=True,
            probe=self._probe(present="done", absent="before"),
            locks=self._lock,
        )
        validated = Step(
            title=validate.title,
            statements=validate.statements,
            transactional=True,
            probe=self._validated_probe(),
            locks=validate.locks,
            long_running=True,
        )
        return checked, validated, made

    def dropped(self) -> Step:
        """NOT NULL taken away."""
        return Step(
            title=f"Let {self._column.name} be NULL",
            statements=(self._set("drop not null", AlterTableType.AT_DropNotNull),),
            transactional=True,
            probe=self._probe(present="before", absent="done"),
            locks=self._lock,
        )

    def inverse(self) -> tuple[Step, ...]:
        """NOT NULL taken away, and the check where it did not come to its end."""
        unchecked = Step(
            title=f"Drop constraint {self.check}",
            statements=(self._drop_check(),),
            transactional=True,
            probe=constraint_probe(self._table, self.check, present="before", absent="done"),
            locks=self._lock,
        )
        return self.dropped(), unchecked

    @property
    def _name(self) -> tuple[str, str]:
        return self._table.schema, self._table.name

    def _make(self) -> str:
        """The check proves either without a scan."""
        if self._constraint is None:
            return self._set("set not null", AlterTableType.AT_SetNotNull)
        named = sql.SQL("add constraint {} not null {}").format(
            identifier(self._constraint), identifier(self._column.name)
        )
        return self._alter(AlterTableType.AT_AddConstraint, named)

    def _set(self, action: LiteralString, command: AlterTableType) -> str:
        return self._alter(command, sql.SQL("alter column {} ").format(identifier(self._column.name)) + sql.SQL(action))

    def _drop_check(self) -> str:
        return self._alter(
            AlterTableType.AT_DropConstraint, sql.SQL("drop constraint {}").format(identifier(self.check))
        )

    def _alter(self, command: AlterTableType, action: sql.Composed) -> str:
        text = sql.SQL("alter table {} {}").format(relation(self._table), action)
        return statement(text, ast.AlterTableStmt, self._name, commands=(command,))

    def _probe(self, *, present: str, absent: str) -> str:
        text = _NOT_NULL.format(
            table=sql.Literal(self._table.oid),
            column=sql.Literal(self._column.number),
            present=sql.Literal(present),
            absent=sql.Literal(absent),
        )
        return query(text, ("pg_catalog", "pg_attribute"))

    def _checked_probe(self) -> str:
        return self._check_probe("true")

    def _validated_probe(self) -> str:
        return self._check_probe("t.convalidated")

    def _check_probe(self, state: LiteralString) -> str:
        """Done while the check is there in that state, and once it has done its work."""
        text = sql.SQL(
            "select case when exists (select from pg_catalog.pg_attribute a"
            " where a.attrelid = {table}::oid and a.attnum = {column} and a.attnotnull)"
            " or exists (select from pg_catalog.pg_constraint t"
            " where t.conrelid = {table}::oid and t.conname = {name} and {state}) then 'done' else 'before' end"
        ).format(
            table=sql.Literal(self._table.oid),
            column=sql.Literal(self._column.number),
            name=sql.Literal(self.check),
            state=sql.SQL(state),
        )
        return query(text, ("pg_catalog", "pg_attribute"), ("pg_catalog", "pg_constraint"))
