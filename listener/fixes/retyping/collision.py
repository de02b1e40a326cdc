"""Unique keys under another type: values that were different ('1' and '01') must not become equal."""

from __future__ import annotations

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ..composed import query, verbatim
from ..dependents import Subject
from ..plan import Check

_PREDICATES = """
select i.indexrelid::bigint, pg_catalog.pg_get_expr(i.indpred, i.indrelid)
from pg_catalog.pg_index i where i.indrelid = %s::oid and i.indisunique
"""


async def collisions(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Check]:
    """A check for each unique index with the column as a key.

    One with an expression has none: the index itself is built anew in the same transaction and finds them. Nor is there
    any for a cast that is always exact, to a type in which different values are never equal.
    """
    if subject.cast.always_exact and subject.cast.target.name != "citext":
        return []
    predicates = dict(await (await connection.execute(_PREDICATES, (subject.table.oid,))).fetchall())
    table, value = subject.table, subject.quoted_column
    checks: list[Check] = []
    for index in table.indexes:
        if not index.unique or subject.column.number not in index.columns or 0 in index.columns:
            continue
        keys = [sql.Identifier(name).as_string() for name in table.names(index.columns)]
        values = [
            f"case when {subject.cast.castable(value)} then {subject.cast.converted(value)} end as {value}"
            if key == value
            else key
            for key in keys
        ]
        predicate = predicates.get(index.oid)
        rows = f"select {', '.join(values)} from only {subject.table_name}" + (
            f" where {predicate}" if predicate else ""
        )
        filled = " and ".join(f"{key} is not null" for key in keys)
        text = (
            f"select {', '.join(keys)}, pg_catalog.count(*) as rows from ({rows}) as converted where {filled}"
            f" group by {', '.join(keys)} having pg_catalog.count(*) > 1"
        )
        checks.append(
            Check(
                f"keys of {index.name} stay unique",
                query(verbatim(text), (table.schema, table.name)),
                "Keys that would be there more than once.",
            )
        )
    return checks
