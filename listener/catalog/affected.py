"""From DDL events to the tables that they can have changed, and on to those that must be judged again.

The objects that events name suffice, and statement texts are not asked (docs/decisions/0004): what an object led to
before is in the last snapshot, what it leads to now in the catalogs (`sql/catalog/reached.sql`, in one flight with the
reading), and what neither knows was made and dropped since the last look. What no event mentions, the foreign keys of
other tables that are made anew along with a key, shows in the key itself (`carried_along`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..event import Event
from .change import Change, ChangeKind
from .snapshot import Oid, Snapshot, Table

# OIDs of catalogs are the same on every server.
PG_CLASS, PG_CONSTRAINT, PG_TRIGGER, PG_POLICY, PG_TYPE, PG_EXTENSION = 1259, 2606, 2620, 3256, 1247, 3079
PG_ATTRDEF, PG_PROC, PG_NAMESPACE = 2604, 1255, 2615
LOOKED_UP = (PG_CLASS, PG_CONSTRAINT, PG_TRIGGER, PG_POLICY, PG_TYPE, PG_EXTENSION)

# A schema's new name is one for all its tables; nothing tells which tables have left an extension.
_EVERYWHERE = frozenset({"ALTER SCHEMA", "ALTER EXTENSION"})
# What the surroundings hold, and what they call it by. A GRANT names no object.
_AROUND = frozenset({PG_PROC, PG_NAMESPACE, PG_TYPE, PG_EXTENSION})
_VIEWS = frozenset({"view", "materialized view"})
_GRANTS = frozenset({"GRANT", "REVOKE"})
_INWARD = frozenset(
    {
        ChangeKind.TABLE_ALTERED,
        ChangeKind.COLUMN_DEFAULT,
        ChangeKind.TRIGGER_ADDED,
        ChangeKind.TRIGGER_DROPPED,
        ChangeKind.TRIGGER_RENAMED,
        ChangeKind.TRIGGER_ALTERED,
        ChangeKind.TRIGGER_REMADE,
        ChangeKind.POLICY_ADDED,
        ChangeKind.POLICY_DROPPED,
        ChangeKind.POLICY_RENAMED,
        ChangeKind.POLICY_ALTERED,
        ChangeKind.POLICY_REMADE,
    }
)
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^."\s]+)')


@dataclass(frozen=True, slots=True)
class Affected:
    """Where some events lead. `objects` are what to ask the catalogs about, by catalog; `full` says: everywhere.

    `surroundings` says that a view, routine, schema, type or grant was among them.
    """

    objects: Mapping[Oid, frozenset[Oid]]
    full: bool
    surroundings: bool = False

    @property
    def read(self) -> frozenset[Oid]:
        """Tables to be read again, as far as the last snapshot tells (an object that is no table does no harm)."""
        return self.objects.get(PG_CLASS, frozenset())

    def judge(self, snapshot: Snapshot, changes: Collection[Change] | None = None) -> frozenset[Oid]:
        """Tables whose issues may differ now: those read, and the neighbours of those that changed visibly to them.

        Without `changes` every table that was read counts as changed. Neighbours are what a table refers to and what
        refers to it, its partitions, children and parents.
        """
        if changes is None:
            moved = self.read
        else:
            moved = frozenset(change.table_oid for change in changes if change.kind not in _INWARD)
        return self.read | moved | frozenset(_neighbours(snapshot, moved))


def affected(events: Sequence[Event], snapshot: Snapshot) -> Affected:
    """What those events reach, given the last snapshot before them."""
    objects: dict[Oid, set[Oid]] = {catalog: set() for catalog in LOOKED_UP}
    for event in events:
        if event.class_id in objects and event.object_id:
            objects[event.class_id].add(event.object_id)
        objects[PG_CLASS].update(_known_tables(event, snapshot))
    objects[PG_CLASS].update(_descendants(snapshot, objects[PG_CLASS]))
    return Affected(
        {catalog: frozenset(oids) for catalog, oids in objects.items()},
        full=any(event.command_tag in _EVERYWHERE for event in events),
        surroundings=any(_is_around(event) for event in events),
    )


def any_renamed(before: Snapshot, part: Snapshot) -> bool:
    """Whether a table has another name than before."""
    for oid, table in part.tables.items():
        was = before.tables.get(oid)
        if was is not None and (was.schema, was.name) != (table.schema, table.name):
            return True
    return False


def carried_along(before: Snapshot, part: Snapshot, asked: frozenset[Oid]) -> frozenset[Oid]:
    """Tables beyond the `asked` ones that changed with them, or that nobody knew of.

    A key whose index was made anew had the foreign keys that point at it made anew. A partition that comes or goes
    adds or takes a foreign key on each table that refers to a parent of it.
    """
    more: set[Oid] = set()
    for oid in asked:
        was, now = before.tables.get(oid), part.tables.get(oid)
        if was is not None and (now is None or _keys(was) - _keys(now)):
            more.update(before.referencing.get(oid, ()))
        if (was.parents if was else ()) != (now.parents if now else ()):
            for ancestor in _ancestors(oid, before, part):
                more.update(before.referencing.get(ancestor, ()))
        if now is not None:
            more.update(each for each in _named_by(now) if each not in before.tables)
    return frozenset(more - asked)


def _is_around(event: Event) -> bool:
    return event.class_id in _AROUND or event.object_type in _VIEWS or event.command_tag in _GRANTS


def _known_tables(event: Event, snapshot: Snapshot) -> Iterator[Oid]:
    """The table that an event's object belonged to at the last look."""
    ways = {
        PG_CLASS: snapshot.table_of_index,
        PG_CONSTRAINT: snapshot.table_of_constraint,
        PG_TRIGGER: snapshot.table_of_trigger,
        PG_POLICY: snapshot.table_of_policy,
    }
    if event.class_id in ways:
        oid = ways[event.class_id].get(event.object_id)
        if oid is not None:
            yield oid
    elif event.class_id == PG_ATTRDEF:
        # Where its table was renamed since the last look, the renaming named the table.
        match names_in(event.identity or ""):
            case (schema, name, _) if table := snapshot.by_name.get((schema, name)):
                yield table.oid
            case _:
                pass


def _descendants(snapshot: Snapshot, oids: Iterable[Oid]) -> set[Oid]:
    found: set[Oid] = set()
    waiting = list(oids)
    while waiting:
        for child in snapshot.children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _ancestors(oid: Oid, *snapshots: Snapshot) -> set[Oid]:
    found: set[Oid] = set()
    waiting = [oid]
    while waiting:
        each = waiting.pop()
        for parent in {parent for of in snapshots if each in of.tables for parent in of.tables[each].parents}:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _neighbours(snapshot: Snapshot, oids: Iterable[Oid]) -> Iterator[Oid]:
    for oid in oids:
        yield from snapshot.referencing.get(oid, ())
        yield from snapshot.children.get(oid, ())
        if oid in snapshot.tables:
            yield from _named_by(snapshot.tables[oid])


def _named_by(table: Table) -> Iterator[Oid]:
    yield from table.parents
    yield from (key.referenced_table for key in table.foreign_keys)


def _keys(table: Table) -> set[Oid]:
    return {index.oid for index in table.indexes if index.unique}


def names_in(identity: str) -> tuple[str, ...]:
    """The dotted names at the end of an object's identity: `for public."a.b".c` has three."""
    names: list[str] = []
    end = len(identity)
    for match in reversed(list(_NAME.finditer(identity))):
        if match.end() != end:
            break
        names.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        end = match.start() - 1
        if end < 0 or identity[end] != ".":
            break
    return tuple(reversed(names))
