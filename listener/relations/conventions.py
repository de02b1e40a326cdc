"""Conventions: in which forms a schema's own foreign keys call their keys, counted so far as it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..catalog.snapshot import Oid, Table
from .appellation import CONVENTIONAL, Form, form_of
from .relation import Key, UniqueKey
from .votes import OWN_TABLE, Votes
from .weights import CONVENTION

ENOUGH = CONVENTION[0][0]


class Conventions:
    """Counted of a schema when first asked for, and again once forgotten. A name that many tables have counts once."""

    def __init__(
        self,
        tables: Mapping[Oid, Table],
        votes: Mapping[str, Votes],
        keys: Callable[[Oid], Sequence[UniqueKey]],
    ) -> None:
        self._tables = tables
        self._votes = votes
        self._keys = keys
        self._known: dict[str, dict[Form, int]] = {}
        self._to_look_at: dict[str, Iterator[Form]] = {}

    def of(self, schema: str, form: Form) -> int:
        """How many names of the schema's columns call a key in that form, as their foreign keys say; at most ENOUGH."""
        known = self._known.get(schema)
        if known is None:
            known = self._known[schema] = dict.fromkeys(CONVENTIONAL, 0)
            self._to_look_at[schema] = self._forms(schema)
        if known[form] < ENOUGH and schema in self._to_look_at:
            for found in self._to_look_at[schema]:
                known[found] += 1
                if found is form and known[found] >= ENOUGH:
                    break
            else:
                del self._to_look_at[schema]
        return min(known[form], ENOUGH)

    def levels(self, schema: str) -> tuple[float, ...]:
        """What each form's weighs in the schema."""
        return tuple(weight_of(self.of(schema, form)) for form in CONVENTIONAL)

    def forget(self, schemas: Iterable[str]) -> None:
        """Count those schemas anew: a foreign key, a key or a name changed. So are those not counted to the end."""
        for schema in {*schemas, *self._to_look_at}:
            self._known.pop(schema, None)
            self._to_look_at.pop(schema, None)

    def _forms(self, schema: str) -> Iterator[Form]:
        for name, votes in self._votes.items():
            for key, tables in votes.of_schema(schema):
                form = self._form(name, key, min(tables))
                if form is not None and form in CONVENTIONAL:
                    yield form

    def _form(self, name: str, key: Key, referring: Oid) -> Form | None:
        oid = referring if key == OWN_TABLE else key.table
        own = [each.columns for each in self._keys(oid) if len(each.columns) == 1]
        columns = own[0] if key == OWN_TABLE and own else key.columns
        if columns not in own:
            return None
        table, key_table = self._tables[referring], self._tables[oid]
        column, key_column = table.column_named(name), key_table.column(columns[0])
        if column is None or key_column is None:
            return None
        return form_of(table, column, key_table, key_column)


def weight_of(examples: int) -> float:
    """What so many examples weigh."""
    return next((weight for least, weight in CONVENTION if examples >= least), 0.0)
