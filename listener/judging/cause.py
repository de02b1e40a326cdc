"""Who did it: changes joined to the events that made them, and issues to the changes that opened them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ..catalog.change import Change
from ..catalog.snapshot import DATABASE, Oid
from ..catalog.surroundings import Place
from ..event import Event
from ..issue import Issue
from .expectation import is_expected


class Causes:
    """The changes of one look, each with its event where one is known, and with the moment of the look.

    An event is a change's when it names the changed object or its table (by OID); failing that, when it is the only
    statement that was heard.
    """

    def __init__(self, events: Sequence[Event], changes: Sequence[Change], seen_at: datetime) -> None:
        self._seen_at = seen_at
        self._by_object: dict[Oid, Event] = {event.object_id: event for event in events if event.object_id}
        self._by_identity = {event.identity: event for event in events if event.identity}
        self._only = events[-1] if len({event.command for event in events}) == 1 else None
        self.changes = tuple(self._blamed(change) for change in changes)
        self._by_table: dict[Oid, Change] = {}
        self._by_place: dict[Place, Change] = {}
        for change in self.changes:
            if change.table_oid == DATABASE:
                self._by_place.setdefault(change.place, change)
            else:
                self._by_table.setdefault(change.table_oid, change)

    def of(self, issue: Issue) -> str | None:
        """The event that opened the issue: the one on its table, else on the table that its remedy refers to; or on the
        very view, routine or schema that it is about."""
        changes = [self._by_table.get(table) for table in issue.tables]
        if issue.table_oid == DATABASE:
            changes.append(self._by_place.get(issue.place))
        for change in changes:
            if change is not None and change.event_id:
                return change.event_id
        named = self._by_identity.get(issue.where) or self.on_object(issue)
        if named is not None:
            return named.event_id
        return self._only.event_id if self._only else None

    def explain(self, issue: Issue) -> bool:
        """Whether anything moved on the issue's table, or on the one that its remedy refers to; or the very thing in no
        table that it is about."""
        if issue.table_oid == DATABASE and (issue.place in self._by_place or self.on_object(issue) is not None):
            return True
        return any(table in self._by_table for table in (issue.table_oid, getattr(issue.remedy, "referenced_table", 0)))

    def on_object(self, issue: Issue) -> Event | None:
        """The event on what the remedy is about, where that is in no table."""
        objects = issue.remedy.objects if issue.remedy is not None else ()
        return next((self._by_object[oid] for oid in objects if oid in self._by_object), None)

    def _blamed(self, change: Change) -> Change:
        event = (
            self._by_object.get(change.object_oid)
            or self._by_object.get(change.table_oid)
            or self._by_identity.get(f"{change.schema}.{change.table}")
            or self._only
        )
        seen = replace(change, seen_at=self._seen_at)
        return seen if event is None else replace(seen, event_id=event.event_id, fix_id=event.fix_id)


def nobody_else_did(
    issue: Issue, causes: Causes, history: Mapping[Oid, Sequence[Change]], *, expectation_is_new: bool
) -> bool:
    """Whether nothing but our own fixes ever moved what the issue is about: then it was there at install, and only a
    count or a fix has brought it to light. What is in no table comes to light by nothing but a change; what differs
    from an expected schema was there before only where this is the first look at that."""
    if is_expected(issue):
        # What differs when a schema is declared is no accident that just happened.
        moved = [each for each in causes.changes if each.table_oid in issue.tables and not each.fix_id]
        return expectation_is_new and not moved and causes.of(issue) is None
    if issue.table_oid == DATABASE:
        return all(change.fix_id for change in causes.changes)
    return all(change.fix_id for table in issue.tables for change in history.get(table, ()))
