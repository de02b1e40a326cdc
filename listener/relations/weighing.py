"""Weighing: the candidates for a table's columns, what speaks for and against each, and which is believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..catalog.snapshot import Table
from ..evidence import Evidence
from .families import Fit
from .kind import Candidate, Sight, builtin_kinds, candidate_of
from .kinds.composite_names import NAME as COMPOSITE_NAMES
from .kinds.containment import NAME as CONTAINMENT
from .kinds.containment import most_by_counting
from .register import Register, free_columns, may_refer
from .relation import Link, Relation, link_of
from .weights import BELIEVED, DECLARED, MARGIN, PRIOR
from .wording import columns_of


def weigh(table: Table, sight: Sight) -> tuple[Relation, ...]:
    """The relations that no foreign key covers, strongest first."""
    candidates = candidates_of(table, sight)
    if not candidates:
        return ()
    weighed = [_weighed(each, candidates, sight) for each in candidates]
    weighed.sort(key=lambda each: (-each.belief, each.candidate.link))
    return tuple(_decided(each, weighed) for each in weighed)


def may_be_related(table: Table, sight: Sight) -> bool:
    """Whether anything at all could propose a link of the table: most say nothing, and are not looked at closer."""
    if not may_refer(table):
        return False
    return not sight.register.silent(table) or bool(table.column_comments) or table.oid in sight.changes


def candidates_of(table: Table, sight: Sight) -> list[Candidate]:
    """Every link that some kind of evidence proposes for the table's free columns."""
    if not may_be_related(table, sight):
        return []
    free = free_columns(table)
    links: dict[Link, None] = {}
    for kind in builtin_kinds():
        if kind.propose is not None:
            for link in kind.propose(table, free, sight):
                links[link] = None
    found = (candidate_of(link, sight.register) for link in links)
    return [candidate for candidate in found if candidate is not None]


def declared(table: Table, register: Register) -> tuple[Relation, ...]:
    """The relations that the table's foreign keys declare."""
    found: dict[Link, Relation] = {}
    for key in table.foreign_keys:
        link = link_of(table.oid, key.columns, key.referenced_table, key.referenced_columns)
        target = register.tables.get(key.referenced_table)
        what = columns_of(target, key.referenced_columns) if target is not None else "a table that was not looked at"
        evidence = Evidence("foreign_key", DECLARED, f"The foreign key {key.name} refers to {what}.")
        found.setdefault(link, Relation(link, (evidence,), DECLARED, declared=True, believed=True))
    return tuple(found.values())


class _Weighed(NamedTuple):
    candidate: Candidate
    evidence: tuple[Evidence, ...]
    belief: float


def _weighed(candidate: Candidate, candidates: Sequence[Candidate], sight: Sight) -> _Weighed:
    among = [each for each in candidates if each.link.columns == candidate.link.columns]
    evidence = tuple(_evidence(candidate, among, sight))
    return _Weighed(candidate, evidence, PRIOR + sum(each.weight for each in evidence))


def _evidence(candidate: Candidate, among: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    for kind in builtin_kinds():
        yield from kind.weigh(candidate, among, sight)


def _decided(weighed: _Weighed, rest: Sequence[_Weighed]) -> Relation:
    candidate, evidence, belief = weighed
    passes = belief >= BELIEVED
    rivals = tuple(
        other.candidate.link
        for other in rest
        if passes and other is not weighed and (_comes_near(other, weighed) or _may_hold_more(other, candidate))
    )
    told_by_more = any(other.belief >= BELIEVED and _holds(other.candidate, candidate) for other in rest)
    return Relation(
        candidate.link,
        evidence,
        belief,
        declared=False,
        believed=passes and not rivals and not told_by_more,
        rivals=() if told_by_more else rivals,
        fits=candidate.fit is not Fit.MISMATCH,
        at_best=_at_best(weighed),
    )


def _at_best(weighed: _Weighed) -> float:
    return weighed.belief - _counted(weighed) + most_by_counting(weighed.candidate)


def _counted(weighed: _Weighed) -> float:
    return sum(each.weight for each in weighed.evidence if each.kind == CONTAINMENT)


def _comes_near(other: _Weighed, weighed: _Weighed) -> bool:
    return other.belief > weighed.belief - MARGIN and _compete(other.candidate, weighed.candidate)


def _holds(composite: Candidate, one: Candidate) -> bool:
    """Whether a composite candidate has the column among its own: whoever means that says nothing by the one alone."""
    return len(composite.link.columns) > 1 and set(composite.link.columns) > set(one.link.columns)


def _may_hold_more(other: _Weighed, one: Candidate) -> bool:
    """Whether a composite candidate that nobody has disproved could be what is meant instead: the one column bears the
    name of a part of another table's key, and its neighbours those of the others."""
    return (
        _holds(other.candidate, one)
        and other.candidate.key_table is not one.key_table
        and any(each.kind == COMPOSITE_NAMES for each in other.evidence)
        and _at_best(other) >= BELIEVED
        and _counted(other) >= 0
    )


def _compete(one: Candidate, other: Candidate) -> bool:
    """Whether only one of the two can be meant: the same columns, or columns in common and the same table."""
    if one.link.columns == other.link.columns:
        return True
    return one.key_table is other.key_table and not set(one.link.columns).isdisjoint(other.link.columns)
