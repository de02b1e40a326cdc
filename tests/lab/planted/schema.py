"""The schema that planted code is written for: tables that refer to each other, with a column of every type that
matters."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from .names import Names, quoted
from .words import Name

_ROLES: Final = {
    "key": "integer",
    "label": "text",
    "code": "varchar(40)",
    "amount": "numeric(12,2)",
    "ratio": "double precision",
    "done": "boolean",
    "made": "timestamptz",
    "day": "date",
    "token": "uuid",
    "data": "jsonb",
    "tags": "text[]",
    "raw": "bytea",
    "big": "bigint",
    "small": "smallint",
    "parent": "integer",
    "told": "text",
}
"""By what a column is for: `parent` holds another's key, `told` holds it as text."""
_STEMS: Final = ("customer", "invoice", "journey", "parcel", "room", "shelf", "ticket", "vessel", "widget", "yard")
OTHER_SCHEMA: Final = "Lager 2"


@dataclass(frozen=True)
class Table:
    """A table with the names of its columns by role. It is in `schema` where it is not on the search_path."""

    schema: str
    name: str
    columns: dict[str, str]

    @property
    def called(self) -> Name:
        """As a statement has to name it."""
        return Name((self.schema, self.name) if self.schema else (self.name,))

    def column(self, role: str) -> str:
        """The column for that, as SQL has it."""
        return quoted(self.columns[role])

    def script(self) -> str:
        """The statement that makes it."""
        columns = [f"{quoted(self.columns[role])} {kind}" for role, kind in _ROLES.items()]
        columns[0] += " primary key"
        return f"create table {self.called.said} ({', '.join(columns)})"


@dataclass(frozen=True)
class Schema:
    """Tables; each may be joined with any other, by key and parent."""

    tables: tuple[Table, ...]
    made_by: str

    @staticmethod
    def drawn(seed: int) -> Schema:
        """The same for the same seed."""
        chance = random.Random(seed)
        names = Names(chance)
        tables: list[Table] = []
        for number, stem in enumerate(_STEMS):
            inner = Names(chance)
            columns = {role: inner.fresh(role) for role in _ROLES}
            tables.append(Table(OTHER_SCHEMA if number % 5 == 4 else "", names.fresh(stem), columns))
        made = [f"create schema {quoted(OTHER_SCHEMA)}", *(each.script() for each in tables)]
        return Schema(tuple(tables), ";\n".join(made))
