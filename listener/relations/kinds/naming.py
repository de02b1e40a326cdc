"""Naming: `user_id` and a table `users` with the key `id`; also `app_user`, `author_user_id`, `userId`, `user_uuid`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto

from ...catalog.snapshot import Column, Oid, Table
from ...evidence import Evidence
from ..families import UUID, Fit, fit
from ..kind import Candidate, Kind, Sight
from ..naming import Reading, read_column, read_table, spellings, words_of
from ..register import Quarter, Register, UniqueKey
from ..relation import Key, Link, link_of
from ..weights import (
    NAMED,
    NAMED_ABROAD,
    NAMED_BY_TAIL,
    NAMED_PRIMARY_KEY,
    NAMED_TABLE_ONLY,
    NAMED_WITH_ROLE,
)

_MOST_TABLES = 4
_NONE: frozenset[Oid] = frozenset()


class KeyName(Enum):
    """How the key column's name stands to the referring column's."""

    NAMED = auto()
    PRIMARY = auto()
    OTHER = auto()


def named_tables(table: Table, column: Column, sight: Sight) -> frozenset[Oid]:
    """The tables that the column's name speaks of."""
    reading = read_column(column.name)
    if reading is None:
        return _NONE
    place = table.oid, column.name
    found = sight.named.get(place)
    if found is None:
        found = sight.named[place] = _named_by(table, reading, sight.register)
    return found


def _named_by(table: Table, reading: Reading, register: Register) -> frozenset[Oid]:
    """The tables of the longest stem that names any; none where it names its own table alone, or many."""
    quarter = register.quarter(table.schema)
    own = words_of(table.name)
    for place, stem in enumerate(reading.stems):
        found = _near(own, stem, quarter)
        if not found and place == 0:
            found = _tails(stem, quarter) or _abroad(stem, register)
        if found:
            # In `jobs_assets`, `asset_id` could be its own, but for the table `assets`.
            others = found - {table.oid}
            return frozenset(others) if len(others) <= _MOST_TABLES else _NONE
    return _NONE


def key_name(reading: Reading, column: Column, key_column: Column, key_table: Table, *, primary: bool) -> KeyName:
    """Whether the name speaks of this very key column."""
    words = words_of(key_column.name)
    stemmed = words[:-1] and "_".join(words[:-1]) in {spelling for stem in reading.stems for spelling in stem}
    if key_column.name == column.name or words == (reading.suffix,) or (stemmed and words[-1] == reading.suffix):
        return KeyName.NAMED
    theirs = read_column(key_column.name)
    if theirs is not None and theirs.suffix == reading.suffix:
        words = (*theirs.words, theirs.suffix)
    of_table = words[:-1] and "_".join(words[:-1]) in spellings(read_table(key_table.name))
    if of_table and words[-1] == reading.suffix:
        return KeyName.NAMED
    by_type = reading.suffix in ("uuid", "guid", "uid") and key_column.type_oid == UUID
    return KeyName.PRIMARY if primary and (reading.means_primary_key or by_type) else KeyName.OTHER


def _near(own: tuple[str, ...], stem: tuple[str, ...], quarter: Quarter) -> set[Oid]:
    found: set[Oid] = set()
    prefix = ""
    for start in range(max(len(own), 1)):
        for spelling in stem:
            found |= quarter.stems.under(prefix + spelling)
        prefix = "_".join(own[: start + 1]) + "_"
    return found


def _tails(stem: tuple[str, ...], quarter: Quarter) -> set[Oid]:
    return {oid for spelling in stem for oid in quarter.tails.under(spelling)}


def _abroad(stem: tuple[str, ...], register: Register) -> set[Oid]:
    return {
        oid
        for spelling in stem
        if register.stems.count(spelling) <= _MOST_TABLES
        for oid in register.stems.under(spelling)
    }


def _propose(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    register = sight.register
    for column in free:
        for target in named_tables(table, column, sight):
            key_table = register.tables[target]
            for key in register.keys(target):
                yield from _links(table, free, column, key_table, key)


def _links(table: Table, free: Sequence[Column], column: Column, key_table: Table, key: UniqueKey) -> Iterator[Link]:
    reading = read_column(column.name)
    if reading is None:
        return
    if len(key.columns) == 1:
        key_column = key_table.column(key.columns[0])
        if key_column is not None and (
            fit(column.type_oid, key_column.type_oid) in (Fit.SAME, Fit.FITS)
            or key_name(reading, column, key_column, key_table, primary=key.primary) is not KeyName.OTHER
        ):
            yield Link(table.oid, (column.number,), Key(key_table.oid, key.columns))
        return
    numbers = {each.name: each.number for each in free}
    pairs: list[tuple[int, int]] = []
    for number in key.columns:
        key_column = key_table.column(number)
        if key_column is None:
            return
        if key_name(reading, column, key_column, key_table, primary=False) is KeyName.NAMED:
            pairs.append((column.number, number))
        elif key_column.name in numbers:
            pairs.append((numbers[key_column.name], number))
    if len({ours for ours, _ in pairs}) == len(key.columns) and column.number in (ours for ours, _ in pairs):
        yield link_of(table.oid, tuple(ours for ours, _ in pairs), key_table.oid, tuple(theirs for _, theirs in pairs))


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    if candidate.link.table == candidate.link.key.table:
        return
    for column, key_column in zip(candidate.columns, candidate.key_columns, strict=True):
        reading = read_column(column.name)
        if reading is None or candidate.link.key.table not in named_tables(candidate.table, column, sight):
            continue
        weight = _weight(candidate, reading, column, key_column)
        target = f"{candidate.key_table.qualified_name}({key_column.name})"
        yield Evidence("naming", weight, f"The name {column.name} speaks of {target}.")
        return


def _weight(candidate: Candidate, reading: Reading, column: Column, key_column: Column) -> float:
    key_table = candidate.key_table
    match key_name(reading, column, key_column, key_table, primary=candidate.primary):
        case KeyName.OTHER:
            return NAMED_TABLE_ONLY
        case KeyName.PRIMARY:
            weight = NAMED_PRIMARY_KEY
        case KeyName.NAMED:
            weight = 0.0
    weight += _of_table(candidate.table, reading, key_table)
    return weight if key_table.schema == candidate.table.schema else weight + NAMED_ABROAD


def _of_table(table: Table, reading: Reading, key_table: Table) -> float:
    """What it weighs how much of the stem names how much of the table, a prefix that both tables share apart."""
    own, theirs = words_of(table.name), words_of(key_table.name)
    shared = 0
    while shared < min(len(own), len(theirs) - 1) and own[shared] == theirs[shared]:
        shared += 1
    called = {spelling for start in range(shared + 1) for spelling in spellings("_".join(theirs[start:]))}
    whole, *with_role = (not called.isdisjoint(stem) for stem in reading.stems)
    return NAMED if whole else NAMED_WITH_ROLE if any(with_role) else NAMED_BY_TAIL


KIND = Kind("naming", _weigh, _propose)
