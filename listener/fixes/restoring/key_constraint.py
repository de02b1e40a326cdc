"""UNIQUE and PRIMARY KEY: an index built beside the writers, NOT NULL where a key needs it, then one short lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pglast.enums import AlterTableType, ConstrType

from ...errors import PlanRefused
from ..constraints.steps import constraint_probe
from ..indexes.definition import IndexDefinition
from ..indexes.steps import create_step, drop_step
from ..kinds.create_index import indexable
from ..names import free_relation_name
from ..plan import Check, Hazard, Lock, Plan, Step
from .constraint_definition import ConstraintDefinition, names_in
from .exclusion_constraint import replace_exclusion, restore_exclusion
from .nullability import NotNull
from .place import quote
from .standing_constraint import APPROVAL, exchange, read_standing, until
from .subject import Subject


async def restore_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint where there is none of its name; its index has its name from the beginning."""
    if definition.parsed.without_overlaps:
        return await restore_exclusion(subject, definition)
    name = definition.name
    if await free_relation_name(subject.site.connection, definition.table.schema, name, "") != name:
        raise PlanRefused(f"Something else in schema {definition.table.schema} is called {name} by now.")
    key = _Key(subject, definition, name)
    add = Step(
        title=f"Add constraint {name} on that index",
        statements=(key.use(), *definition.comment(name, subject.expected.comment)),
        transactional=True,
        probe=constraint_probe(definition.table, name, present="done", absent="before"),
        locks=key.locks,
        compares=not key.not_nulls,
    )
    drop = Step(
        title=f"Drop constraint {name}",
        statements=(definition.drop(name),),
        transactional=True,
        probe=constraint_probe(definition.table, name, present="before", absent="done"),
        locks=key.locks,
    )
    return subject.plan(
        f"Add {subject.said} without blocking writes",
        [key.build(), *key.made_not_null(), add],
        [drop, key.unbuild(), *key.nullable_again()],
        checks=key.checks,
        hazards=key.hazards,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(name, *(each.check for each in key.not_nulls)),
    )


async def replace_key(subject: Subject, definition: ConstraintDefinition) -> Plan:
    """The constraint in the place of the one of its name, each on an index that is built before."""
    standing = await read_standing(subject)
    old = standing.definition
    if definition.parsed.without_overlaps or old.kind not in {ConstrType.CONSTR_UNIQUE, ConstrType.CONSTR_PRIMARY}:
        return await replace_exclusion(subject, definition)
    coming, returning = _Key(subject, definition, standing.coming), _Key(subject, old, standing.returning)
    name = definition.name
    steps = [coming.build(), *coming.made_not_null()]
    turn = exchange(
        subject,
        standing,
        len(steps) + 1,
        there=(old.drop(name), coming.use(), *definition.comment(name, standing.comment)),
        back=(definition.drop(name), returning.use(), *definition.comment(name, standing.comment)),
        locks=coming.locks,
    )
    return subject.plan(
        f"Change {subject.said} to what is expected",
        [until(steps[0], turn.left), *steps[1:], turn.step(compares=not coming.not_nulls)],
        [until(returning.build(), turn.taken_back), turn.inverse(), coming.unbuild(), *coming.nullable_again()],
        approval=APPROVAL,
        checks=coming.checks,
        inverse_checks=returning.checks,
        hazards=coming.hazards,
        affected_rows=max(0, round(definition.table.statistics.rows)),
        makes=(*standing.makes, *(each.check for each in coming.not_nulls)),
    )


@dataclass(frozen=True)
class _Key:
    """A unique constraint or primary key on an index of that name."""

    subject: Subject
    definition: ConstraintDefinition
    index_name: str

    @property
    def locks(self) -> tuple[Lock, ...]:
        return (Lock("ACCESS EXCLUSIVE", self.subject.table_name),)

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
        return tuple(NotNull(table, each, self.subject.table_name) for each in found if not each.not_null)

    @property
    def checks(self) -> tuple[Check, ...]:
        duplicates = self.index.duplicates(self.definition.table)
        return (*((duplicates,) if duplicates else ()), *(each.no_nulls() for each in self.not_nulls))

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        scan = (Hazard.FULL_SCAN,) if self.not_nulls else ()
        return (Hazard.ACCESS_EXCLUSIVE_LOCK, Hazard.INDEX_BUILD, *scan)

    def build(self) -> Step:
        """CREATE UNIQUE INDEX CONCURRENTLY; raises PlanRefused with the cure for a table on which there is none."""
        if self.definition.table.kind == "p":
            raise PlanRefused(self._why_not_in_parts())
        table = indexable(self.subject.site, self.definition.table.oid)
        create = self.index.create(table, self.index_name)
        return create_step(table, self.index_name, create, self.index.shape(table), self.subject.table_name)

    def _why_not_in_parts(self) -> str:
        """PostgreSQL's manual, on keys of partitioned tables: USING INDEX is for their partitions alone."""
        kind, name = self._kind, quote(self.definition.name)
        columns = ", ".join(quote(each) for each in self.definition.key)
        include = names_in(self.definition.parsed.including)
        more = f" include ({', '.join(quote(each) for each in include)})" if include else ""
        return (
            f"{self.definition.table.qualified_name} is partitioned, and PostgreSQL makes no key of it out of an index"
            f" that was built before. Cure: alter table only {self.subject.table_name} add constraint {name} {kind}"
            f" ({columns}){more}; then on each partition CREATE UNIQUE INDEX CONCURRENTLY on these columns and ALTER"
            f" TABLE … ADD {kind.upper()} USING INDEX; then, with each of these indexes, alter index"
            f" {quote(self.definition.table.schema, self.definition.name)} attach partition."
        )

    def unbuild(self) -> Step:
        table = self.definition.table
        return drop_step(table, self.index_name, self.index.shape(table), self.subject.table_name)

    def made_not_null(self) -> Iterator[Step]:
        """Each column in turn; after the first the table is another one than the plan saw."""
        for number, each in enumerate(self.not_nulls):
            yield from (replace(step, compares=number == 0) for step in each.steps())

    def nullable_again(self) -> Iterator[Step]:
        for each in reversed(self.not_nulls):
            yield from each.inverse()

    def use(self) -> str:
        """ALTER TABLE that makes the index the constraint's, which gives it the constraint's name."""
        action = f"add constraint {quote(self.definition.name)} {self._kind} using index {quote(self.index_name)}"
        return self.definition.alter(action + self.definition.deferral, AlterTableType.AT_AddConstraint)


def _option(element: Any) -> str:
    value = element.arg.sval if hasattr(element.arg, "sval") else element.arg.ival
    return f"{quote(element.defname)} = '{value}'"
