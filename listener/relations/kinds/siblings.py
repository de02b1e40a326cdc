"""Siblings: columns of the same name in other tables, whose foreign keys say what the name means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...catalog.snapshot import Column, Oid, Table
from ...evidence import Evidence
from ..families import Fit, fit
from ..kind import Candidate, Kind, Sight
from ..name_sets import Names
from ..register import Register
from ..relation import Key, Link, link_of
from ..votes import ENOUGH, OWN_TABLE, Vote
from ..weights import (
    SIBLINGS,
    SIBLINGS_ABROAD,
    SIBLINGS_CONTESTED,
    SIBLINGS_DIVIDED,
    SIBLINGS_ELSEWHERE,
    SIBLINGS_OF_OTHER_TYPE,
)
from ..wording import columns_of


def _propose(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    register = sight.register
    for column in free:
        if column.name in register.votes:
            for key in _keys(table, (column.name,), register):
                yield Link(table.oid, (column.number,), key)
    sets = register.quarter(table.schema).vote_sets
    if not sets:
        return
    numbers = {column.name: column.number for column in free}
    for names in sets.within(numbers):
        for key in _keys(table, names, register):
            yield link_of(table.oid, tuple(numbers[name] for name in names), key.table, key.columns)


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    table, register = candidate.table, sight.register
    pairs = sorted(zip((column.name for column in candidate.columns), candidate.link.key.columns, strict=True))
    names = tuple(name for name, _ in pairs)
    key = Key(candidate.link.key.table, tuple(number for _, number in pairs))
    votes = register.votes_near(table.schema, names)
    near = _vote(table, key, votes, register)
    elsewhere = _elsewhere(candidate, votes, near, register) if votes else None
    if near is not None:
        scale = SIBLINGS_OF_OTHER_TYPE if candidate.fit is Fit.MISMATCH else SIBLINGS
        yield Evidence("siblings", scale[near.tables], _seen(candidate, near, register))
    if elsewhere is not None:
        yield Evidence("other_siblings", _against(near, elsewhere), _seen(candidate, elsewhere, register))
    if votes:
        return
    abroad = _vote(table, key, register.votes_abroad(names), register)
    if abroad is not None:
        yield Evidence("siblings", SIBLINGS_ABROAD[abroad.tables], _seen(candidate, abroad, register))


def _keys(table: Table, names: Names, register: Register) -> Iterator[Key]:
    for vote in (*register.votes_near(table.schema, names), *register.votes_abroad(names)):
        key = _resolved(table.oid, vote.key, register)
        if key is not None:
            yield key


def _vote(table: Table, key: Key, votes: Sequence[Vote], register: Register) -> Vote | None:
    return next((vote for vote in votes if _resolved(table.oid, vote.key, register) == key), None)


def _against(own: Vote | None, other: Vote) -> float:
    if own is None:
        return SIBLINGS_ELSEWHERE
    return SIBLINGS_DIVIDED if other.tables >= own.tables else SIBLINGS_CONTESTED


def _elsewhere(candidate: Candidate, votes: Sequence[Vote], own: Vote | None, register: Register) -> Vote | None:
    """The most frequent vote for another key that the columns' types fit."""
    others = [
        vote
        for vote in votes
        if vote is not own and not _is_its_own(vote, candidate) and _fits(candidate, vote, register)
    ]
    return max(others, key=lambda vote: vote.tables, default=None)


def _is_its_own(vote: Vote, candidate: Candidate) -> bool:
    """Whether it is the key's table alone that refers to itself: that is no other meaning."""
    return vote.key == OWN_TABLE and vote.tables == 1 and vote.example == candidate.link.key.table


def _fits(candidate: Candidate, vote: Vote, register: Register) -> bool:
    key = _resolved(candidate.table.oid, vote.key, register)
    target = register.tables.get(key.table) if key is not None and register.keys(key.table) else None
    if key is None or target is None:
        return False
    columns = sorted(candidate.columns, key=lambda column: column.name)
    keyed = [target.column(number) for number in key.columns]
    return all(
        theirs is not None and fit(ours.type_oid, theirs.type_oid) in (Fit.SAME, Fit.FITS)
        for ours, theirs in zip(columns, keyed, strict=True)
    )


def _resolved(table: Oid, key: Key, register: Register) -> Key | None:
    if key != OWN_TABLE:
        return key
    number = register.primary_column(table)
    return None if number is None else Key(table, (number,))


def _seen(candidate: Candidate, vote: Vote, register: Register) -> str:
    example = register.tables[vote.example].qualified_name
    name = ", ".join(column.name for column in candidate.columns)
    target = register.tables.get(vote.key.table)
    what = columns_of(target, vote.key.columns) if target is not None else "its own table's primary key"
    if vote.tables == 1:
        return f"The foreign key on {name} of {example} refers to {what}."
    number = f"{ENOUGH} or more" if vote.tables >= ENOUGH else str(vote.tables)
    return f"The foreign keys on {name} of {number} other tables, {example} among them, refer to {what}."


KIND = Kind("siblings", _weigh, _propose)
