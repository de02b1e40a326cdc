"""The issues that are open as of the last look, held by id and by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..catalog.snapshot import DATABASE, Oid
from ..issue import Issue
from .cause import Causes


class HeldIssues:
    """Issues by id; those of no table are DATABASE's."""

    def __init__(self) -> None:
        self._by_id: dict[str, Issue] = {}
        self._by_table: dict[Oid, set[str]] = {}
        self._ever_backlog: set[str] = set()

    def know_backlog(self, identities: Iterable[str]) -> None:
        """These were backlog once, whether or not they are open."""
        self._ever_backlog.update(identities)

    def hold(self, issues: Iterable[Issue]) -> None:
        """These are open now, or say something else now."""
        for issue in issues:
            self._by_id[issue.issue_id] = issue
            self._by_table.setdefault(issue.table_oid, set()).add(issue.issue_id)
            if issue.backlog:
                self._ever_backlog.add(issue.issue_id)

    def let_go(self, identities: Iterable[str]) -> None:
        """These are open no longer."""
        for identity in identities:
            issue = self._by_id.pop(identity)
            self._by_table[issue.table_oid].discard(identity)

    def __contains__(self, identity: str) -> bool:
        return identity in self._by_id

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._by_id.values())

    def get(self, identity: str) -> Issue | None:
        """The issue with that id."""
        return self._by_id.get(identity)

    def in_code(self) -> tuple[str, ...]:
        """The ids of those in an application's code."""
        return tuple(identity for identity, issue in self._by_id.items() if issue.site is not None)

    def returning(self, issues: Iterable[Issue]) -> list[Issue]:
        """Those that were backlog once: of these the store knows whether they are so again."""
        return [issue for issue in issues if issue.issue_id in self._ever_backlog]

    @property
    def tables(self) -> frozenset[Oid]:
        """The tables that ever had an issue, DATABASE among them."""
        return frozenset(self._by_table)

    def missing(self, focus: Iterable[Oid], found: Mapping[str, Issue]) -> list[Issue]:
        """Those of the tables in `focus` that were not found again."""
        held = {identity for oid in focus for identity in self._by_table.get(oid, ())}
        return [self._by_id[identity] for identity in held - found.keys()]

    def changed(self, found: Iterable[Issue], causes: Causes) -> list[Issue]:
        """Those that were found to say something else than before; and those of no table whose event is heard only now,
        since a look at all sees what is not heard of yet."""
        changed: dict[str, Issue] = {}
        for issue in found:
            before = self._by_id.get(issue.issue_id)
            if before is not None:
                after = replace(issue, backlog=before.backlog, event_id=issue.event_id or before.event_id)
                if replace(issue, backlog=before.backlog, event_id=before.event_id) != before:
                    changed[issue.issue_id] = after
        for identity in self._by_table.get(DATABASE, set()) - changed.keys():
            issue = self._by_id[identity]
            if issue.event_id is None and (event := causes.on_object(issue)) is not None:
                changed[identity] = replace(issue, event_id=event.event_id)
        return list(changed.values())
