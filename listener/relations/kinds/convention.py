"""Convention: the schema's own foreign keys are called after their keys in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..appellation import Form, form_of
from ..conventions import weight_of
from ..families import Fit
from ..kind import Candidate, Kind, Sight
from .naming import is_named, named_tables

_HOW = {
    Form.TABLE: "after the table that they refer to",
    Form.ROLE: "after the table that they refer to, with a role",
    Form.KEY: "as the key that they refer to",
    Form.KEY_WITH_ROLE: "as the key that they refer to, with a role",
    Form.BARE: "as the table that they refer to",
    Form.PARENT: "parent, for a row of their own table",
}


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    table, key_table = candidate.table, candidate.key_table
    if len(candidate.columns) != 1 or candidate.fit is Fit.MISMATCH:
        return
    (column,), (key_column,) = candidate.columns, candidate.key_columns
    if key_table.oid not in named_tables(table, column, sight) or not is_named(candidate, column, key_column):
        return
    form = form_of(table, column, key_table, key_column)
    if form is None or form not in _HOW:
        return
    examples = sight.register.conventions.of(table.schema, form)
    weight = weight_of(examples)
    if weight:
        seen = (
            f"Foreign keys of {examples} or more names in {table.schema} are called {_HOW[form]}, as {column.name} is."
        )
        yield Evidence("convention", weight, seen)


KIND = Kind("convention", _weigh)
