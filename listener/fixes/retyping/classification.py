"""What a cast does to the rows of a table: how many values it keeps, respells and loses, with examples."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...hand import MARK
from ..composed import verbatim
from ..dependents import Subject
from ..plan import Proof, Verdict
from ..shown import shown_in_sql
from .backup import key_columns


@dataclass(frozen=True, slots=True)
class Classification:
    """Counts of rows by class; NULLs are exact. `examples` are values that are not.

    Where the types alone prove the cast, nobody `counted`: `exact` is an estimate then.
    """

    exact: int
    canonical: int
    lossy: int
    examples: tuple[str, ...]
    counted: bool = True

    @classmethod
    def by_type(cls, rows: int) -> Classification:
        """What is known of a cast that is exact for every value there can be."""
        return cls(rows, 0, 0, (), counted=False)

    @property
    def rows(self) -> int:
        """All rows of the table."""
        return self.exact + self.canonical + self.lossy

    @property
    def proof(self) -> Proof:
        """The counts as the plan shows them."""
        if not self.counted:
            figures = f"Every value of the type comes back as it was; about {self.rows} rows."
            return Proof("class of the cast", Verdict.PROVED, figures)
        figures = f"{self.rows} rows: {self.exact} exact, {self.canonical} canonical, {self.lossy} lossy."
        verdict = Verdict.REFUTED if self.lossy else Verdict.PROVED
        return Proof("class of the cast", verdict, figures, self.examples)


async def classify(connection: AsyncConnection[TupleRow], subject: Subject, most_examples: int) -> Classification:
    """Look at every row, with row security off; lossy values come first among the examples.

    Raises InsufficientPrivilege where row security would hide rows from this role.
    """
    value = subject.quoted_column
    cast = subject.cast
    classes = f"select {cast.class_of(value)} as class from only {subject.table_name}"
    counted = f"{MARK} select class, pg_catalog.count(*) from ({classes}) as classes group by class"
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        await connection.execute("set local row_security = off")
        counts = dict(await (await connection.execute(verbatim(counted))).fetchall())
        examples: tuple[str, ...] = ()
        if counts.get("canonical") or counts.get("lossy"):
            rows = await connection.execute(verbatim(_examples(subject, most_examples)))
            examples = tuple(text for (text,) in await rows.fetchall())
    return Classification(counts.get("exact", 0), counts.get("canonical", 0), counts.get("lossy", 0), examples)


def _examples(subject: Subject, most: int) -> str:
    cast, value = subject.cast, subject.quoted_column
    keys = [column.name for column in key_columns(subject.table)]
    shown = [f"{sql.Literal(f'{key}=').as_string()}, {shown_in_sql(sql.Identifier(key).as_string())}" for key in keys]
    becomes = f"case when {cast.castable(value)} then {shown_in_sql(cast.converted(value))} end"
    parts = [
        ", ', ', ".join(shown) or "'row ', ctid",
        f"': ', pg_catalog.quote_nullable({shown_in_sql(value)})",
        f"' becomes ', coalesce({becomes}, 'nothing'), ' (', judged.\"its class\", ')'",
    ]
    return (
        f"{MARK} select pg_catalog.concat({', '.join(parts)}) from only {subject.table_name},"
        f' lateral (select {cast.class_of(value)} as "its class" offset 0) as judged'
        f' where judged."its class" <> \'exact\' order by judged."its class" desc limit {most}'
    )
