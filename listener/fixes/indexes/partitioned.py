"""An index on a partitioned table, built as PostgreSQL's manual says: ON ONLY the parent, where there are no rows, then
CONCURRENTLY on each partition, then attached. It is valid once the last partition's is attached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Table
from ...errors import PlanRefused
from ..composed import identifier, query, statement
from ..names import free_relation_name, index_stem
from ..plan import Step
from ..site import Site
from .definition import IndexDefinition
from .steps import create_step, drop_plainly, drop_step, made_probe

_ATTACHED = sql.SQL(
    """select case when exists (
  select from pg_catalog.pg_inherits h
  where h.inhrelid = pg_catalog.to_regclass({child}) and h.inhparent = pg_catalog.to_regclass({parent}))
then 'done' else 'before' end"""
)


@dataclass(frozen=True, slots=True)
class _Part:
    """The index on one table of the tree; `above` is the part that it is attached to."""

    table: Table
    table_name: str
    name: str
    above: _Part | None = None


@dataclass(frozen=True, slots=True)
class PartitionedIndex:
    """The index in all its parts: the whole one first, each before those below it."""

    definition: IndexDefinition
    parts: tuple[_Part, ...]

    def steps(self) -> Iterator[Step]:
        """Every part is made, and attached once all below it are: what is attached is whole."""
        for part in self.parts:
            yield self._made(part)
        for part in reversed(self.parts[1:]):
            yield _attached(part)

    def inverse(self) -> Iterator[Step]:
        """The whole goes with all that is attached; what an undone attempt has not attached goes by itself."""
        for place, part in enumerate(self.parts):
            shape = self.definition.shape(part.table)
            if part.table.kind == "p":
                yield drop_plainly(part.table, part.name, shape, part.table_name)
            else:
                yield replace(drop_step(part.table, part.name, shape, part.table_name), compares=place == 0)

    @property
    def tables(self) -> tuple[int, ...]:
        """The OIDs of the tables of the tree."""
        return tuple(part.table.oid for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """What its parts are called."""
        return tuple(part.name for part in self.parts)

    @property
    def rows(self) -> int:
        """How many rows it is of, as far as the planner knows."""
        return sum(max(0, round(part.table.statistics.rows)) for part in self.parts if part.table.kind != "p")

    def _made(self, part: _Part) -> Step:
        shape, table, name = self.definition.shape(part.table), part.table, part.name
        if table.kind != "p":
            return create_step(table, name, self.definition.create(table, name), shape, part.table_name)
        return Step(
            title=f"Create index {name} on the partitioned table alone",
            statements=(self.definition.create(table, name, only=True),),
            transactional=True,
            probe=made_probe(table, name, shape, whole=False),
        )


async def partitioned_index(site: Site, table: Table, definition: IndexDefinition, name: str) -> PartitionedIndex:
    """The index of that name on the tree of the table; raises PlanRefused where a part cannot have one."""
    parts = [_Part(table, site.names[table.oid], name)]
    for part in parts:
        if part.table.kind != "p":
            continue
        for oid in site.snapshot.children.get(part.table.oid, ()):
            child = site.table(oid)
            if child.kind not in ("r", "p"):
                raise PlanRefused(
                    f"Partition {child.qualified_name} is a foreign table, on which there is no index: one on"
                    f" {table.qualified_name} would never be valid. Cure: an index on each other partition."
                )
            stem = index_stem(child, child.names(tuple(n for n in definition.shape(child).columns if n)))
            taken = {each.name for each in parts if each.table.schema == child.schema}
            own = await free_relation_name(site.connection, child.schema, stem, "_idx", taken)
            parts.append(_Part(child, site.names[child.oid], own, part))
    return PartitionedIndex(definition, tuple(parts))


def _attached(part: _Part) -> Step:
    above = part.above
    assert above is not None
    parent, child = (above.table.schema, above.name), (part.table.schema, part.name)
    text = sql.SQL("alter index {} attach partition {}").format(identifier(*parent), identifier(*child))
    probe = _ATTACHED.format(
        child=sql.Literal(identifier(*child).as_string()), parent=sql.Literal(identifier(*parent).as_string())
    )
    return Step(
        title=f"Attach index {part.name} to {above.name}",
        statements=(statement(text, ast.AlterTableStmt, parent, child, commands=(AlterTableType.AT_AttachPartition,)),),
        transactional=True,
        probe=query(probe, ("pg_catalog", "pg_inherits")),
    )
