"""Rows that refer to a key that is not there, as a query whose every row is a counter-example."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from ...catalog.snapshot import Table
from ..composed import columns, identifier, query, relation, verbatim
from ..plan import Check

Operator = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key's columns and what they refer to; `operators` compare key and referring column, by position."""

    table: Table
    columns: tuple[str, ...]
    referenced: Table
    referenced_columns: tuple[str, ...]
    operators: tuple[Operator, ...]
    match_full: bool

    def orphans(self) -> Check:
        """The check that PostgreSQL makes of all rows when it validates the foreign key, showing primary keys."""
        text = sql.SQL(
            "select {shown} from {only}{table} as referring where {present} and not exists ("
            "select from {referenced_only}{referenced} as referenced where {matching}){partly_null}"
        ).format(
            shown=columns(tuple(dict.fromkeys((*_key_of(self.table), *self.columns)))),
            only=_only(self.table),
            table=relation(self.table),
            present=sql.SQL(" and ").join(sql.SQL("{} is not null").format(each) for each in self._referring()),
            referenced_only=_only(self.referenced),
            referenced=relation(self.referenced),
            matching=sql.SQL(" and ").join(self._matches()),
            partly_null=self._partly_null(),
        )
        objects = {(self.table.schema, self.table.name), (self.referenced.schema, self.referenced.name)}
        return Check(
            "no orphans",
            query(text, *objects),
            f"Rows of {self.table.qualified_name} without their row in {self.referenced.qualified_name}.",
        )

    def _referring(self) -> list[sql.Identifier]:
        return [identifier("referring", name) for name in self.columns]

    def _matches(self) -> list[sql.Composed]:
        return [
            sql.SQL("{} operator({}.{}) {}").format(
                identifier("referenced", key),
                identifier(schema),
                verbatim(operator),
                referring,
            )
            for key, (schema, operator), referring in zip(
                self.referenced_columns, self.operators, self._referring(), strict=True
            )
        ]

    def _partly_null(self) -> sql.Composable:
        """MATCH FULL: a row with some columns null and some not is wrong by itself."""
        if not self.match_full or len(self.columns) == 1:
            return sql.SQL("")
        return sql.SQL(" or pg_catalog.num_nulls({0}) between 1 and {1}").format(
            sql.SQL(", ").join(self._referring()), sql.Literal(len(self.columns) - 1)
        )


def _key_of(table: Table) -> tuple[str, ...]:
    key = table.primary_key
    return table.names(key.columns) if key else ()


def _only(table: Table) -> sql.SQL:
    return sql.SQL("" if table.kind == "p" else "only ")
