"""What moved between two snapshots, told by OID and attribute number.

Laws. An empty diff means equal fingerprints, and the other way round. A name that changed on the same OID is a rename;
another table under the same name is a drop beside a create. Indexes and constraints whose OID is new are known again
by their name, since ALTER TABLE … TYPE and REINDEX CONCURRENTLY make them anew: with the same content they are
`…_remade`, with other content `…_altered`; so are triggers and policies that somebody drops and creates. A change has
digests for texts in which a secret may stand (`veil`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .change import Change, ChangeKind
from .definition import index_definition
from .snapshot import AttributeNumber, Column, Constraint, Index, Oid, Policy, Snapshot, Table, Trigger
from .veil import veiled, veiled_index, veiled_table

_PARTS = frozenset(
    {"columns", "constraints", "indexes", "triggers", "policies", "column_comments", "numberings", "statistics"}
)
_OWN = tuple(name for name in Table._fields if name not in _PARTS)
# Names have their own change; what settings say of a table is no change of it.
_ALTERED = tuple(name for name in _OWN if name not in {"oid", "schema", "name", "left_alone"})

Named = TypeVar("Named", Constraint, Index, Trigger, Policy)
Details = dict[str, Any]


def diff_snapshots(before: Snapshot, after: Snapshot, asked: frozenset[Oid] | None) -> tuple[Change, ...]:
    """Changes of the `asked` tables, or of all (None): what `after` lacks is then gone only if `after` is complete."""
    if asked is None:
        oids = after.tables.keys() | before.tables.keys() if after.complete else after.tables.keys()
    else:
        oids = asked
    changes: list[Change] = []
    for oid in sorted(oids):
        changes += diff_table(before.tables.get(oid), after.tables.get(oid))
    return tuple(changes)


def diff_table(before: Table | None, after: Table | None) -> tuple[Change, ...]:
    """Changes from one state of a table to the next; None where there was, or is, no such table."""
    if before is after or before == after:
        return ()
    if before is None or after is None or before.oid != after.oid:
        return (*_gone(before), *_come(after))
    return tuple(_moved(before, after))


def _gone(table: Table | None) -> Iterator[Change]:
    if table is not None:
        yield _change(ChangeKind.TABLE_DROPPED, table, table.name, table.oid, before=_whole(table))


def _come(table: Table | None) -> Iterator[Change]:
    if table is not None:
        yield _change(ChangeKind.TABLE_CREATED, table, table.name, table.oid, after=_whole(table))


def _moved(before: Table, after: Table) -> Iterator[Change]:
    if (before.schema, before.name) != (after.schema, after.name):
        yield _change(ChangeKind.TABLE_RENAMED, after, after.name, after.oid, before=_own(before), after=_own(after))
    if any(getattr(before, name) != getattr(after, name) for name in _ALTERED):
        yield _change(ChangeKind.TABLE_ALTERED, after, after.name, after.oid, before=_own(before), after=_own(after))
    yield from _columns(before, after)
    yield from _CONSTRAINTS.compare(before, after, before.constraints, after.constraints)
    yield from _INDEXES.compare(before, after, before.indexes, after.indexes)
    yield from _TRIGGERS.compare(before, after, before.triggers, after.triggers)
    yield from _POLICIES.compare(before, after, before.policies, after.policies)


def _columns(before: Table, after: Table) -> Iterator[Change]:
    old, new = ({column.number: column for column in table.columns} for table in (before, after))
    old_comments, new_comments = dict(before.column_comments), dict(after.column_comments)
    numbered = {each[0] for each in set(before.numberings) ^ set(after.numberings)}
    if old == new and old_comments == new_comments and not numbered:
        return
    for number in sorted(old.keys() | new.keys()):
        was, now = old.get(number), new.get(number)
        shown_before = was and _column(was, old_comments)
        shown_after = now and _column(now, new_comments)
        name = now.name if now else was.name if was else ""
        around = old_comments.get(number) != new_comments.get(number) or number in numbered
        for kind in _column_kinds(was, now, around):
            yield _change(kind, after, name, number=number, before=shown_before, after=shown_after)


def _column_kinds(was: Column | None, now: Column | None, around: bool) -> Iterator[ChangeKind]:
    """What became of a column. `around` says that its comment did, or what numbers it."""
    if was is None or now is None:
        yield ChangeKind.COLUMN_ADDED if was is None else ChangeKind.COLUMN_DROPPED
        return
    if was.name != now.name:
        yield ChangeKind.COLUMN_RENAMED
    if (was.type_oid, was.type_modifier, was.collation) != (now.type_oid, now.type_modifier, now.collation):
        yield ChangeKind.COLUMN_TYPE
        was = was._replace(type_name=now.type_name)
    if was.not_null != now.not_null:
        yield ChangeKind.COLUMN_NULLABILITY
    if was.default != now.default:
        yield ChangeKind.COLUMN_DEFAULT
    rest = (was.type_name, was.identity, was.generated, was.inherited)
    if around or rest != (now.type_name, now.identity, now.generated, now.inherited):
        yield ChangeKind.COLUMN_ALTERED


@dataclass(frozen=True, slots=True)
class _Comparison(Generic[Named]):
    """How objects of one sort are compared. `content` is what an object made anew has in common with the old one."""

    added: ChangeKind
    dropped: ChangeKind
    renamed: ChangeKind
    altered: ChangeKind
    remade: ChangeKind
    same: Callable[[Named], Named]
    content: Callable[[Named], tuple[object, ...]]
    details: Callable[[Table, Named], Details]

    def compare(self, before: Table, after: Table, old: Sequence[Named], new: Sequence[Named]) -> Iterator[Change]:
        if old == new:
            return
        olds: Mapping[Oid, Named] = {each.oid: each for each in old}
        news: Mapping[Oid, Named] = {each.oid: each for each in new}
        come = {each.name: each for each in new if each.oid not in olds}
        for was in old:
            now = news.get(was.oid) or come.pop(was.name, None)
            for kind in self._kinds(was, now):
                yield _change(
                    kind,
                    after,
                    (now or was).name,
                    (now or was).oid,
                    before=self.details(before, was),
                    after=now and self.details(after, now),
                )
        for now in come.values():
            yield _change(self.added, after, now.name, now.oid, after=self.details(after, now))

    def _kinds(self, was: Named, now: Named | None) -> Iterator[ChangeKind]:
        if now is None:
            yield self.dropped
        elif was.oid != now.oid:
            yield self.remade if self.content(was) == self.content(now) else self.altered
        else:
            if was.name != now.name:
                yield self.renamed
            if self.same(was) != self.same(now._replace(name=was.name)):
                yield self.altered


def _constraint_content(constraint: Constraint) -> tuple[object, ...]:
    return constraint._replace(oid=0, index_oid=0, parent=int(constraint.parent > 0))


def _index_content(index: Index) -> tuple[object, ...]:
    return _index_structure(index)._replace(oid=0, constraint=int(index.constraint > 0), parent=int(index.parent > 0))


def _index_structure(index: Index) -> Index:
    return index._replace(definition=None, being_built=False)


def _index_details(table: Table, index: Index) -> Details:
    kept = veiled_index(index)
    return {**kept._asdict(), "definition": index_definition(table, kept)}


_CONSTRAINTS: _Comparison[Constraint] = _Comparison(
    ChangeKind.CONSTRAINT_ADDED,
    ChangeKind.CONSTRAINT_DROPPED,
    ChangeKind.CONSTRAINT_RENAMED,
    ChangeKind.CONSTRAINT_ALTERED,
    ChangeKind.CONSTRAINT_REMADE,
    same=lambda constraint: constraint,
    content=_constraint_content,
    details=lambda _, constraint: constraint._asdict(),
)
_INDEXES: _Comparison[Index] = _Comparison(
    ChangeKind.INDEX_ADDED,
    ChangeKind.INDEX_DROPPED,
    ChangeKind.INDEX_RENAMED,
    ChangeKind.INDEX_ALTERED,
    ChangeKind.INDEX_REMADE,
    same=_index_structure,
    content=_index_content,
    details=_index_details,
)
_TRIGGERS: _Comparison[Trigger] = _Comparison(
    ChangeKind.TRIGGER_ADDED,
    ChangeKind.TRIGGER_DROPPED,
    ChangeKind.TRIGGER_RENAMED,
    ChangeKind.TRIGGER_ALTERED,
    ChangeKind.TRIGGER_REMADE,
    same=lambda trigger: trigger,
    content=lambda trigger: trigger._replace(oid=0, parent=int(trigger.parent > 0)),
    details=lambda _, trigger: trigger._asdict(),
)
_POLICIES: _Comparison[Policy] = _Comparison(
    ChangeKind.POLICY_ADDED,
    ChangeKind.POLICY_DROPPED,
    ChangeKind.POLICY_RENAMED,
    ChangeKind.POLICY_ALTERED,
    ChangeKind.POLICY_REMADE,
    same=lambda policy: policy,
    content=lambda policy: policy._replace(oid=0),
    details=lambda _, policy: policy._asdict(),
)


def _change(
    kind: ChangeKind,
    table: Table,
    name: str,
    oid: Oid = 0,
    *,
    number: AttributeNumber = 0,
    before: Details | None = None,
    after: Details | None = None,
) -> Change:
    return Change(kind, table.oid, table.schema, table.name, name, oid, number, before, after)


def _own(table: Table) -> Details:
    return {**{name: getattr(table, name) for name in _OWN}, "comment": veiled(table.comment)}


def _column(column: Column, comments: Mapping[AttributeNumber, str]) -> Details:
    return {**column._asdict(), "comment": veiled(comments.get(column.number))}


def _whole(table: Table) -> Details:
    """All of a table; `fingerprint.decode` reads it too."""
    return {
        **_own(table),
        "columns": [each._asdict() for each in table.columns],
        "constraints": [each._asdict() for each in table.constraints],
        "indexes": [_INDEXES.details(table, each) for each in table.indexes],
        "triggers": [each._asdict() for each in table.triggers],
        "policies": [each._asdict() for each in table.policies],
        "column_comments": veiled_table(table).column_comments,
        "numberings": [each._asdict() for each in table.numberings],
    }
