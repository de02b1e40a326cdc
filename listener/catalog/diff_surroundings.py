"""What moved around the tables between two looks: views, routines and schemas, known by OID.

Such a change is the database's (`table_oid` is DATABASE), and names its object's place. What settings say of an object
is no change of it; roles and search paths have none of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from .change import Change, ChangeKind
from .snapshot import DATABASE, Oid
from .surroundings import Place, Routine, Schema, Surroundings, View
from .veil import veiled_setting

Around = TypeVar("Around", View, Routine, Schema)


class _Kinds(NamedTuple):
    created: ChangeKind
    dropped: ChangeKind
    renamed: ChangeKind
    altered: ChangeKind


_VIEW = _Kinds(ChangeKind.VIEW_CREATED, ChangeKind.VIEW_DROPPED, ChangeKind.VIEW_RENAMED, ChangeKind.VIEW_ALTERED)
_ROUTINE = _Kinds(
    ChangeKind.ROUTINE_CREATED, ChangeKind.ROUTINE_DROPPED, ChangeKind.ROUTINE_RENAMED, ChangeKind.ROUTINE_ALTERED
)
_SCHEMA = _Kinds(
    ChangeKind.SCHEMA_CREATED, ChangeKind.SCHEMA_DROPPED, ChangeKind.SCHEMA_RENAMED, ChangeKind.SCHEMA_ALTERED
)


def diff_surroundings(before: Surroundings | None, after: Surroundings | None) -> Sequence[Change]:
    """Changes from one look to the next; none where one of them did not look."""
    if before is None or after is None or before is after:
        return ()
    return (
        *_moved(_VIEW, before.views, after.views),
        *_moved(_ROUTINE, before.routines, after.routines),
        *_moved(_SCHEMA, before.schemas, after.schemas),
    )


def _moved(kinds: _Kinds, before: Mapping[Oid, Around], after: Mapping[Oid, Around]) -> Iterator[Change]:
    if before == after:
        return
    for oid in sorted(before.keys() | after.keys()):
        was, now = before.get(oid), after.get(oid)
        if was == now:
            continue
        if was is None or now is None:
            yield _change(kinds.created if was is None else kinds.dropped, oid, was, now)
            continue
        if was.place != now.place:
            yield _change(kinds.renamed, oid, was, now)
        if _content(was) != _content(now):
            yield _change(kinds.altered, oid, was, now)


def _content(of: View | Routine | Schema) -> dict[str, Any]:
    fields = of._asdict()
    for name in ("schema", "name", "arguments", "left_alone"):
        fields.pop(name, None)
    return fields


def _change(
    kind: ChangeKind, oid: Oid, was: View | Routine | Schema | None, now: View | Routine | Schema | None
) -> Change:
    of = now or was
    place = of.place if of else Place("")
    return Change(kind, DATABASE, place.schema, place.name, place.part, oid, 0, _details(was), _details(now))


def _details(of: View | Routine | Schema | None) -> dict[str, Any] | None:
    if of is None:
        return None
    config = {"config": tuple(map(veiled_setting, of.config))} if isinstance(of, Routine) else {}
    return {**of._asdict(), **config, "place": list(of.place)}
