"""The proof that known statements are the same after a plan: described before and after, none has another type."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...statements.comparison import Change, Undescribed, Witness, compare, types_in
from ...statements.description import Description, describe, type_names
from ...statements.meaning import Meaning, Shapes, read_shapes
from ...statements.statement import Known, Origin, Statement
from ...statements.stored import otherwise, read_stored
from ..plan import Proof, Verdict

NAME: Final = "known statements keep their types"
# Of views and functions alone nobody knows who uses them.
_SENT: Final = frozenset({Origin.OBSERVED, Origin.CODE})


class Descriptions:
    """Described statements before a change, to be compared with those after it.

    `exact` says that the change loses no value, either way. Descriptions end after `time`: what was not reached is not
    proved.
    """

    def __init__(
        self, known: Known, witnesses: Sequence[Witness], time: timedelta, most_shown: int, *, exact: bool
    ) -> None:
        self._known = known
        self._witnesses = witnesses
        self._time = time
        self._most_shown = most_shown
        self._exact = exact
        self._shapes = Shapes([], frozenset())
        self._stored: Mapping[str, str] = {}
        self._before: dict[Statement, Description] = {}

    async def begin(self, ground: AsyncConnection[TupleRow]) -> None:
        """Describe what there is time for."""
        self._shapes = await read_shapes(ground)
        self._stored = await read_stored(ground)
        end = monotonic() + self._time.total_seconds()
        async for statement, description in describe(ground, self._known.statements, trees=True):
            self._before[statement] = description
            if monotonic() > end:
                break

    async def compared(self, ground: AsyncConnection[TupleRow]) -> Proof:
        """Describe the same again, and say what differs."""
        after = {
            statement: description async for statement, description in describe(ground, [*self._before], trees=True)
        }
        meaning = Meaning(self._shapes, await read_shapes(ground), self._exact)
        stored = await read_stored(ground)
        found = await asyncio.to_thread(lambda: list(compare(self._before, after, meaning)))
        stored_otherwise = await asyncio.to_thread(lambda: list(otherwise(self._stored, stored, meaning)))
        changes = [each for each in found if isinstance(each, Change)]
        changes = [each for each in changes if each.otherwise or not self._is_harmless(each)]
        types = await type_names(ground, list(types_in(changes)))
        doubts = [(each, _doubt(each, harmless=self._is_harmless(each))) for each in changes]
        broken = [each for each, doubt in doubts if doubt is None]
        doubtful = [f"{each.told(types)}; {doubt}" for each, doubt in doubts if doubt is not None]
        unproved = [
            *doubtful,
            *stored_otherwise,
            *(each.told() for each in found if isinstance(each, Undescribed)),
            *self._unread(),
        ]
        return self._proof([each.told(types) for each in broken], unproved)

    def _is_harmless(self, change: Change) -> bool:
        return change.is_seen and any(witness.is_harmless(change) for witness in self._witnesses)

    def _unread(self) -> list[str]:
        """What was not described at all, and what nobody knows."""
        late = [each for each in self._known.statements if each not in self._before]
        told = [f"{each.name}: there was no time to describe it" for each in late]
        return [*not_known(self._known), *told]

    def _proof(self, broken: Sequence[str], unproved: Sequence[str]) -> Proof:
        count = self._known.counted() or "no statement is known"
        described = f"{count}; described before and after on an empty copy"
        notes = "".join(f"; {note}" for note in self._known.notes)
        if broken:
            verdict, said = Verdict.REFUTED, f"{len(broken)} would break or have other types"
        elif unproved:
            verdict, said = Verdict.UNPROVED, f"{len(unproved)} reasons why not all is proved"
        else:
            verdict, said = Verdict.PROVED, "none has another type"
        examples = (*broken, *unproved)[: self._most_shown]
        return Proof(NAME, verdict, f"{described}: {said}{notes}", examples, alone=True)


def not_known(known: Known) -> list[str]:
    """Why not all can be proved, whatever comes of a rehearsal."""
    told = [*known.gaps, *(f"{each.name}: {each.reason}" for each in known.unread)]
    if not known.read and not any(each.origin in _SENT for each in known.statements):
        told.append("no statement on these tables is known, so that none is proved to work")
    return told


def _doubt(change: Change, *, harmless: bool) -> str | None:
    """Why nobody may be hurt by the change. What a view shows is read by statements, which are described themselves."""
    if harmless or not change.is_seen:
        return "whether it still does what it is meant to do is not proved"
    if change.statement.origin is Origin.VIEW and change.error is None:
        return "whoever reads the view without being known gets the new type"
    return change.statement.doubt
