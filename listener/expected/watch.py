"""Keeps in mind how the database differs from the expected schema, looking only at what moved since the last look.

Where nothing is expected it asks for that once with each full look, and otherwise does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.change import Change
from ..catalog.exclusion import LeftAlone
from ..catalog.snapshot import DATABASE, Oid
from ..errors import CouldNotLook
from ..event import Event
from ..garbage import uncollected
from ..store.expected import Expectation, read_expectation, read_expected, read_expected_of
from .compare import Terms, compare
from .difference import Difference
from .identity import database_identity
from .portrait import ObjectName, Portrayed
from .read import read_portrait
from .stamps import Moved, Stamp, moved, read_scope, read_stamps
from .standing import standing
from .state import Expected

# pg_class, pg_proc, pg_type, pg_namespace: their OIDs lead to all that is told of them.
_STAMPED: Final = frozenset({1259, 1255, 1247, 2615})
# pg_constraint, pg_rewrite, pg_trigger, pg_policy, pg_statistic_ext: while they are there, they lead to their tables.
_TOLD_BY_OID: Final = _STAMPED | {2606, 2618, 2620, 3256, 3381}


class Watch:
    """One pair of eyes on one database. `expected` is what the rules see; `began` says that the last look was the first
    one at what is expected now."""

    def __init__(self, connection: AsyncConnection[TupleRow], left_alone: LeftAlone) -> None:
        self._connection = connection
        self._left_alone = left_alone
        self._expectation: Expectation | None = None
        self._stamps: dict[Oid, Stamp] | None = None
        self._told: dict[ObjectName, tuple[Difference, ...]] = {}
        self.expected = Expected()
        self.began = False
        self._identity: str | None = None

    async def look(self) -> frozenset[Oid]:
        """Ask anew what is expected, and look at all that moved; the tables (or DATABASE) whose differences did."""
        expectation = await read_expectation(self._connection)
        self.began = expectation != self._expectation
        if self.began:
            self._expectation, self._stamps, self._told = expectation, None, {}
        if expectation is None:
            return self._tell(None)
        try:
            self._identity = self._identity or await database_identity(self._connection)
            stamps = await read_stamps(self._connection)
            if self._stamps is None:
                await self._look_at_all(expectation)
            elif (what := moved(self._stamps, stamps)).oids:
                await self._look_at(expectation, what)
        except CouldNotLook as error:
            self._stamps = None
            return self._blind(str(error))
        self._stamps = dict(stamps)
        return self._tell((await standing(self._connection, expectation)).only_reports)

    async def follow(self, events: Collection[Event], changes: Iterable[Change]) -> frozenset[Oid]:
        """Look at what the events reach; the tables (or DATABASE) whose differences moved by that."""
        expectation = self._expectation
        if expectation is None:
            return frozenset()
        self.began, changes = False, tuple(changes)
        if self._stamps is None or not all(self._leads(event, changes) for event in events):
            return await self.look()
        told = frozenset(event.object_id for event in events)
        tables = frozenset(change.table_oid for change in changes if change.table_oid != DATABASE)
        known = [self._stamps[oid] for oid in told | tables if oid in self._stamps]
        try:
            await self._look_at(
                expectation, Moved(told | tables, frozenset((each.schema, each.name) for each in known))
            )
        except CouldNotLook as error:
            self._stamps = None
            return self._blind(str(error))
        return self._tell((await standing(self._connection, expectation)).only_reports)

    def _leads(self, event: Event, changes: Collection[Change]) -> bool:
        """Whether the event alone leads to what it may have moved: of what is gone one has to know what it was."""
        if any(event.object_id == each.object_oid and each.table_oid != DATABASE for each in changes):
            return True  # a part of a table, which is looked at
        if self._stamps is None or event.class_id not in _TOLD_BY_OID:
            return False
        known = event.object_id in self._stamps or any(event.object_id == each.object_oid for each in changes)
        return event.kind != "drop" or (known and event.class_id in _STAMPED)

    async def _look_at_all(self, expectation: Expectation) -> None:
        expected = await read_expected(self._connection)
        portrait = await read_portrait(self._connection, left_alone=self._left_alone)
        self._told = {}
        with uncollected():
            self._hold(compare(expected, portrait, self._terms(expectation)))

    async def _look_at(self, expectation: Expectation, what: Moved) -> None:
        """Look at some objects, and at whatever has, had or should have a name of theirs."""
        wanted = await self._wanted(what)
        scope = await read_scope(self._connection, Moved(what.oids, what.names | _names(wanted)))
        portrait = await read_portrait(self._connection, scope, left_alone=self._left_alone)
        there = Moved(
            what.oids | scope.relations | scope.functions | scope.types, what.names | _names(portrait.objects.values())
        )
        if not (there.oids <= what.oids and there.names <= what.names | _names(wanted)):
            wanted = (*wanted, *await self._wanted(there))
        wanted = {each.name: each for each in wanted}
        for name in wanted:
            self._told.pop(name, None)
        self._remember(portrait.objects.values())
        self._hold(compare(wanted.values(), portrait, self._terms(expectation)))

    def _terms(self, expectation: Expectation) -> Terms:
        """What `expecting.terms` says, for a connection that stays in one database."""
        return Terms(known=expectation.database == self._identity, declared=expectation.source == "declared")

    def _remember(self, objects: Iterable[Portrayed]) -> None:
        """What these are called, should they go next; their next stamp is another one in any case."""
        named = {
            each.address.object_id: Stamp(0, each.name.schema, each.name.name.partition("(")[0])
            for each in objects
            if each.address is not None and not each.name.relation
        }
        if self._stamps is not None:
            self._stamps.update(named)

    async def _wanted(self, what: Moved) -> tuple[Portrayed, ...]:
        return await read_expected_of(self._connection, what.oids, what.names)

    def _hold(self, differences: Iterable[Difference]) -> None:
        for each in differences:
            if each.aspect != "unexpected":
                self._told[each.name] = (*self._told.get(each.name, ()), each)

    def _tell(self, only_reports: str | None) -> frozenset[Oid]:
        by_table: dict[Oid, list[Difference]] = {}
        for several in self._told.values():
            for each in several:
                by_table.setdefault(each.table, []).append(each)
        told: Mapping[Oid, tuple[Difference, ...]] = {oid: tuple(several) for oid, several in by_table.items()}
        return self._put(Expected(self._expectation, told, only_reports))

    def _blind(self, why: str) -> frozenset[Oid]:
        """What was found stands, and nothing is called gone."""
        before = self.expected
        return self._put(Expected(before.expectation, before.differences, before.only_reports, why))

    def _put(self, after: Expected) -> frozenset[Oid]:
        before, self.expected = self.expected, after
        if (before.expectation, before.only_reports, before.unseen) != (
            after.expectation,
            after.only_reports,
            after.unseen,
        ):
            return frozenset((*before.differences, *after.differences, DATABASE))
        oids = before.differences.keys() | after.differences.keys()
        return frozenset(oid for oid in oids if before.differences.get(oid) != after.differences.get(oid))


def _names(objects: Iterable[Portrayed]) -> frozenset[tuple[str, str]]:
    """The names of what stands by itself."""
    return frozenset((each.name.schema, each.name.name) for each in objects if not each.name.relation)
