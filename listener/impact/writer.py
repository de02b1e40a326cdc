"""Which of several statements wrote a table's rows anew, where text and types alone do not tell.

Writing rows anew makes new rows of pg_class for the table, its TOAST table and all its indexes; so the oldest of their
xmin is no older than the last that did it, be it an ALTER or a VACUUM FULL of which no event trigger hears (seen on
14 to 18).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..catalog.snapshot import AttributeNumber, Oid
from .commands import Sort
from .suspicion import Suspicion

_XIDS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Traces:
    """What transactions left in the catalogs, by their ids of 32 bits: in pg_class of a table's parts, of these its
    heaps alone (partitions' included), and in pg_attribute and pg_attrdef of each column.

    `added` are columns whose value for older rows is kept in the catalog: nobody has written these since.
    """

    files: Mapping[Oid, Sequence[int]] = field(default_factory=dict[Oid, Sequence[int]])
    heaps: Mapping[Oid, Sequence[int]] = field(default_factory=dict[Oid, Sequence[int]])
    columns: Mapping[tuple[Oid, AttributeNumber], Sequence[int]] = field(
        default_factory=dict[tuple[Oid, AttributeNumber], Sequence[int]]
    )
    added: frozenset[tuple[Oid, AttributeNumber]] = frozenset()


def by_the_writer(found: Iterable[Suspicion], traces: Traces) -> Iterator[Suspicion]:
    """The suspicions, of those that only may have written rows anew the ones that did by the traces."""
    doubtful: dict[Oid, list[Suspicion]] = {}
    for each in found:
        if not each.doubtful:
            yield each
        elif _may_have(each, traces):
            doubtful.setdefault(each.after.oid, []).append(each)
    for candidates in doubtful.values():
        last = max(each.event.transaction_id for each in candidates)
        yield from (each for each in candidates if each.event.transaction_id == last)


def _may_have(suspicion: Suspicion, traces: Traces) -> bool:
    """Whether rows were written no earlier than the statement's transaction, and no later than it touched its columns.

    Its own xid need not be there: in a subtransaction it has a later one, which its columns show.
    """
    oid, transaction = suspicion.after.oid, suspicion.event.transaction_id
    columns = [(oid, number) for number in suspicion.columns]
    if not traces.added.isdisjoint(columns):
        return False
    if suspicion.command.sort is Sort.STORAGE:
        # SET TABLESPACE moves the heap and leaves the indexes where they are.
        return min((_since(transaction, xid) for xid in traces.heaps.get(oid, ())), default=-1) >= 0
    written = min((_since(transaction, xid) for xid in traces.files.get(oid, ())), default=-1)
    return 0 <= written <= max((_touched(transaction, traces.columns.get(place, ())) for place in columns), default=0)


def _touched(transaction: int, xids: Iterable[int]) -> int:
    """Whoever adds a column or changes its type writes its default too; VACUUM FULL may write the column alone."""
    return min((_since(transaction, xid) for xid in xids), default=0)


def _since(transaction: int, xid: int) -> int:
    """How far that xid is from the transaction's, negative before it; they go round at 32 bits."""
    distance = (xid - transaction) % _XIDS
    return distance - _XIDS if distance >= _XIDS // 2 else distance
