"""Names as code says them: which relation one leads to, and what its columns come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...catalog.snapshot import AttributeNumber, Oid, Snapshot, Table


class Origin(NamedTuple):
    """A column of a table."""

    table: Oid
    number: AttributeNumber


Columns = Mapping[str, Origin | None]
"""The columns of something that can be selected from, and where each comes from (None: computed, or not known)."""


class Names:
    """The relations of one moment: a snapshot's tables, and views as far as their columns were followed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._tables = snapshot.by_name
        self._views: dict[tuple[str, str], Columns] = {}
        self._seen: dict[Oid, Columns] = {}

    def add_view(self, schema: str, name: str, columns: Columns) -> None:
        """Let the view's name be found."""
        self._views[schema, name] = columns

    def columns(self, schema: str | None, name: str, search_path: Iterable[str]) -> Columns | None:
        """The columns of what the name leads to, the first of the path; None where that is nothing known."""
        for place in (schema,) if schema is not None else search_path:
            table = self._tables.get((place, name))
            if table is not None:
                return self.of_table(table)
            view = self._views.get((place, name))
            if view is not None:
                return view
        return None

    def of_table(self, table: Table) -> Columns:
        """The table's own columns."""
        found = self._seen.get(table.oid)
        if found is None:
            found = self._seen[table.oid] = {each.name: Origin(table.oid, each.number) for each in table.columns}
        return found
