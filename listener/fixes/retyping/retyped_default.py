"""A column's default in another type, where it can be proved to give the same value; else the change is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pglast
import psycopg
from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..composed import verbatim
from ..dependents import Subject
from ..dependents.definition import literal, verified
from .casts import Cast

_DEFAULT = """
select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where d.adrelid = %s::oid and d.adnum = %s and a.attgenerated = ''
"""
# Functions that take values of one family only: whether an expression is such a value is asked by parsing alone.
_TAKES = {
    "integer": "pg_catalog.int8abs({})",
    "uuid": "pg_catalog.uuid_hash({})",
    "boolean": "pg_catalog.boolne({}, {})",
}
_SELECT = "select "


@dataclass(frozen=True, slots=True)
class RetypedDefault:
    """The default as it is and as it will be; None where the column has none. `canonical` where it is spelled anew."""

    before: str | None
    after: str | None
    canonical: bool = False

    def dropped(self, subject: Subject) -> Iterator[str]:
        """ALTER TYPE would cast the default by the rules of assignment, or fail: it goes first."""
        if self.before is not None:
            yield verified(f"{_alter(subject)} drop default")

    def set(self, subject: Subject) -> Iterator[str]:
        """The default in the new type."""
        if self.after is not None:
            yield verified(f"{_alter(subject)} set default {self.after}")

    def set_back(self, subject: Subject) -> Iterator[str]:
        """The default as it was."""
        if self.before is not None:
            yield verified(f"{_alter(subject)} set default {self.before}")


async def retyped_default(connection: AsyncConnection[TupleRow], subject: Subject) -> RetypedDefault:
    """The column's default after the change; raises PlanRefused where no equal one is known."""
    row = await (await connection.execute(_DEFAULT, (subject.table.oid, subject.column.number))).fetchone()
    if row is None:
        return RetypedDefault(None, None)
    before: str = row[0]
    parsed = _parsed(before)
    if _is_constant(parsed):
        return await _constant(connection, before, subject.cast)
    # ALTER TYPE casts a default by assignment, which is not shown: then what is shown is what was cast.
    inner = _without_cast(before, parsed, subject.cast) or before
    if await _is_exactly(connection, inner, subject.cast):
        return RetypedDefault(before, inner)
    if _keeps_its_text(subject.cast):
        return RetypedDefault(before, before)
    raise PlanRefused(
        f"The default of {subject.column.name} ({before}) cannot be proved to give the same value as"
        f" {subject.cast.target.spelled}. Cure: drop or change the default first."
    )


def _alter(subject: Subject) -> str:
    return f"alter table only {subject.table_name} alter column {subject.quoted_column}"


def _parsed(expression: str) -> ast.Node | None:
    statement = cast("Any", pglast.parse_sql(_SELECT + expression)[0].stmt)
    return statement.targetList[0].val


def _is_constant(node: ast.Node | None) -> bool:
    """Whether it is a literal, perhaps negated, in casts between built-in types: computing it runs nobody's code."""
    if isinstance(node, ast.A_Const):
        return True
    if isinstance(node, ast.TypeCast) and node.typeName is not None:
        names = [cast("ast.String", name).sval for name in node.typeName.names or ()]
        # Under our search_path a name without a schema is PostgreSQL's own.
        return _is_constant(node.arg) and (len(names) == 1 or names[0] == "pg_catalog")
    if isinstance(node, ast.A_Expr) and node.lexpr is None:
        operator = cast("tuple[ast.String, ...]", node.name or ())
        return (
            [each.sval for each in operator] == ["-"] and isinstance(node.rexpr, ast.Node) and _is_constant(node.rexpr)
        )
    return False


async def _constant(connection: AsyncConnection[TupleRow], before: str, cast_: Cast) -> RetypedDefault:
    value = f"({before})::{cast_.source.sql}"
    converted = f"case when {cast_.castable('v')} then {cast_.converted('v')}::pg_catalog.text end"
    query = f"select {cast_.class_of('v')}, {converted} from (select {value} as v offset 0) as d"
    row = await (await connection.execute(verbatim(query))).fetchone()
    if row is None or row[0] == "lossy":
        raise PlanRefused(
            f"The default {before} has no place in {cast_.target.spelled}. Cure: drop or change it first."
        )
    return RetypedDefault(before, _spelled(row[1], cast_), row[0] == "canonical")


def _spelled(value: str | None, cast_: Cast) -> str:
    """The constant as people write it, without a type, so that a restored default reads as it did before."""
    if value is None:
        return "null"
    number = cast_.target.family in {"integer", "numeric"} and value[-1].isdigit()
    return value if number else literal(value)


def _without_cast(before: str, parsed: ast.Node | None, cast_: Cast) -> str | None:
    """What an outermost cast to the old type was applied to."""
    if not isinstance(parsed, ast.TypeCast) or not before.startswith("(") or parsed.location is None:
        return None
    inner, type_name = before[: parsed.location - len(_SELECT)], before[parsed.location - len(_SELECT) :]
    return inner if type_name == f"::{cast_.source.spelled}" else None


async def _is_exactly(connection: AsyncConnection[TupleRow], inner: str, cast_: Cast) -> bool:
    """Whether the inner value is of the new type's family, and the way through the old type was exact for all of it."""
    taker = _TAKES.get(cast_.target.family)
    if taker is None or cast_.source.name not in {"text", "varchar"} or cast_.source.length is not None:
        return False
    try:
        async with connection.transaction():
            await connection.execute(verbatim(f"prepare pgmend_default as select {taker.replace('{}', inner)}"))
            await connection.execute("deallocate pgmend_default")
    except psycopg.DatabaseError:
        if connection.closed:
            raise
        return False
    return True


def _keeps_its_text(cast_: Cast) -> bool:
    """Whether an expression for the old type is one for the new, by assignment, with the same value or an error."""
    if cast_.source.family == cast_.target.family == "string":
        return {cast_.source.name, cast_.target.name} <= {"text", "varchar"}
    return cast_.source.family == cast_.target.family == "integer"
