"""A key by its parts: an index built beside the writers, NOT NULL where it is needed, and the constraint on that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pglast.enums import AlterTableType, ConstrType

from ..indexes.definition import IndexDefinition
from ..indexes.steps import create_step, drop_step
from ..kinds.create_index import indexable
from ..plan import Check, Hazard, Lock, Step
from ..site import Site
from .constraint_definition import ConstraintDefinition, names_in
from .nullability import NotNull
from .place import quote


@dataclass(frozen=True)
class UniqueKey:
    """A unique constraint or primary key of a table with rows of its own, on an index of that name. `table_name` is the
    table as `format('%I.%I')` writes it."""

    site: Site
    definition: ConstraintDefinition
    table_name: str
    index_name: str

    @property
    def locks(self) -> tuple[Lock, ...]:
        return (Lock("ACCESS EXCLUSIVE", self.table_name),)

    @property
    def _kind(self) -> str:
        return "primary key" if self.definition.kind is ConstrType.CONSTR_PRIMARY else "unique"

    @property
    def index(self) -> IndexDefinition:
        parsed = self.definition.parsed
        include = names_in(parsed.including)
        parts = [
            f"create unique index {quote(self.index_name)}",
            f"on {quote(self.definition.table.schema, self.definition.table.name)}",
            f"using btree ({', '.join(quote(each) for each in self.definition.key)})",
            *([f"include ({', '.join(quote(each) for each in include)})"] if include else []),
            *(["nulls not distinct"] if parsed.nulls_not_distinct else []),
            *([f"with ({', '.join(_option(each) for each in parsed.options)})"] if parsed.options else []),
        ]
        return IndexDefinition.read(" ".join(parts))

    @property
    def not_nulls(self) -> tuple[NotNull, ...]:
        """The columns of a primary key that may be NULL as yet."""
        if self.definition.kind is not ConstrType.CONSTR_PRIMARY:
            return ()
        table = self.definition.table
        found = [column for name in self.definition.key if (column := table.column_named(name)) is not None]
        return tuple(NotNull(table, each, self.table_name) for each in found if not each.not_null)

    @property
    def checks(self) -> tuple[Check, ...]:
        duplicates = self.index.duplicates(self.definition.table)
        return (*((duplicates,) if duplicates else ()), *(each.no_nulls() for each in self.not_nulls))

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        scan = (Hazard.FULL_SCAN,) if self.not_nulls else ()
        return (Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.INDEX_BUILD, *scan)

    def build(self) -> Step:
        """CREATE UNIQUE INDEX CONCURRENTLY; raises PlanRefused for a table on which there is none."""
        table = indexable(self.site, self.definition.table.oid)
        create = self.index.create(table, self.index_name)
        return create_step(table, self.index_name, create, self.index.shape(table), self.table_name)

    def unbuild(self) -> Step:
        table = self.definition.table
        return drop_step(table, self.index_name, self.index.shape(table), self.table_name)

    def made_not_null(self) -> Iterator[Step]:
        """Each column in turn; after the first the table is another one than the plan saw."""
        for number, each in enumerate(self.not_nulls):
            yield from (replace(step, compares=number == 0) for step in each.steps())

    def nullable_again(self) -> Iterator[Step]:
        for each in reversed(self.not_nulls):
            yield from each.inverse()

    def add(self, comment: str | None = None) -> Step:
        """The constraint, on the index that is built."""
        title = f"Add constraint {self.definition.name} on that index"
        return self.definition.adding(self.use(), self.locks, comment, title=title, compares=not self.not_nulls)

    def drop(self) -> Step:
        """The constraint dropped; of a partition, what an undone attempt has not attached."""
        return self.definition.dropping(self.locks)

    def use(self) -> str:
        """ALTER TABLE that makes the index the constraint's, which gives it the constraint's name."""
        action = f"add constraint {quote(self.definition.name)} {self._kind} using index {quote(self.index_name)}"
        return self.definition.alter(action + self.definition.deferral, AlterTableType.AT_AddConstraint)


def _option(element: Any) -> str:
    value = element.arg.sval if hasattr(element.arg, "sval") else element.arg.ival
    return f"{quote(element.defname)} = '{value}'"
