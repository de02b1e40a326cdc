"""What names became, through as many renames as pgmend saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..schema import Former, Name, Relation


class Renamed(NamedTuple):
    """What it is called now, and the sentences that say so."""

    name: str
    told: str


class History:
    """The renames, as `read_former` gives them: newest first. `columns` are names that columns had."""

    def __init__(self, former: Sequence[Former]) -> None:
        self._tables = [each for each in former if each.kind.startswith("table")]
        self._columns = [each for each in former if each.kind.startswith("column")]
        self.columns = frozenset(each.before for each in self._columns if each.after is not None)

    def table(self, schema: str | None, name: str) -> tuple[Name, str] | None:
        """The schema and name of what was called so, and what happened; None where it was dropped, never seen
        renamed, or where tables of several schemas were."""
        found: dict[str, Renamed] = {}
        for each in self._tables:
            if each.before == name and schema in (None, each.schema) and each.schema not in found:
                there = [one for one in self._tables if one.schema == each.schema]
                if (now := _followed(each, there)) is None:
                    return None
                found[each.schema] = now
        if len(found) != 1:
            return None
        ((where, now),) = found.items()
        return (where, now.name), now.told

    def column(self, relation: Relation, name: str) -> Renamed | None:
        """What the relation's column of that name is called now; None where it has none of the kind."""
        there = [
            each for each in self._columns if each.schema == relation.schema and each.table in self._names(relation)
        ]
        first = next((each for each in there if each.before == name), None)
        now = None if first is None else _followed(first, there)
        return now if now is not None and now.name in relation.columns else None

    def _names(self, relation: Relation) -> set[str]:
        """What the relation is called, and was before."""
        names = {relation.name}
        for each in self._tables:  # newest first
            if each.schema == relation.schema and each.after in names:
                names.add(each.before)
        return names


def _followed(first: Former, others: Iterable[Former]) -> Renamed | None:
    """The end of the chain that begins with that rename."""
    chain = list(_chain(first, others))
    if (now := chain[-1].after) is None:
        return None
    return Renamed(now, " ".join(each.sentence for each in chain))


def _chain(first: Former, others: Iterable[Former]) -> Iterator[Former]:
    yield first
    for each in sorted(others, key=lambda one: one.seen_at):
        if each.seen_at > first.seen_at and each.before == first.after:
            yield each
            first = each
