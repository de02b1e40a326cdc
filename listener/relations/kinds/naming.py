"""Naming: `user_id` and a table `users` with the key `id`; also `app_user`, `author_user_id`, `userId`, `user_uuid`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto

from ...catalog.snapshot import Column, Oid, Table
from ...evidence import Evidence
from ..appellation import PARENT, Form, form_of, readings_of
from ..families import UUID, Fit, fit
from ..kind import Candidate, Kind, Sight
from ..naming import Reading, read_column, read_table, spellings, words_of
from ..register import Quarter, Register
from ..relation import Key, Link, UniqueKey, link_of
from ..weights import (
    NAMED,
    NAMED_ABROAD,
    NAMED_AS_KEY,
    NAMED_AS_KEY_WITH_ROLE,
    NAMED_BARE,
    NAMED_BY_TAIL,
    NAMED_PARENT,
    NAMED_PRIMARY_KEY,
    NAMED_TABLE_ONLY,
    NAMED_WITH_ROLE,
)

_MOST_TABLES = 4
_NONE: frozenset[Oid] = frozenset()
_WEIGHTS = {
    Form.TABLE: NAMED,
    Form.ROLE: NAMED_WITH_ROLE,
    Form.TAIL: NAMED_BY_TAIL,
    Form.KEY: NAMED_AS_KEY,
    Form.KEY_WITH_ROLE: NAMED_AS_KEY_WITH_ROLE,
    Form.BARE: NAMED_BARE,
    Form.PARENT: NAMED_PARENT,
}


class KeyName(Enum):
    """How the key column's name stands to the referring column's."""

    NAMED = auto()
    PRIMARY = auto()
    OTHER = auto()


def named_tables(table: Table, column: Column, sight: Sight) -> frozenset[Oid]:
    """The tables that the column's name speaks of."""
    place = table.oid, column.name
    found = sight.named.get(place)
    if found is None:
        named_by = _named_in_whole if _is_own_number(table, column) else _named_by
        every = (named_by(table, reading, sight.register) for reading in readings_of(table, column))
        found = sight.named[place] = next((tables for tables in every if tables), _NONE)
    return found


def _is_own_number(table: Table, column: Column) -> bool:
    primary = table.primary_key
    return primary is not None and primary.columns == (column.number,)


def _named_in_whole(table: Table, reading: Reading, register: Register) -> frozenset[Oid]:
    """What a table's own key can name: the table that this one says more of, not one in a role."""
    if not reading.suffix or reading.role_behind:
        return _NONE
    quarter, own, stem = register.quarter(table.schema), words_of(table.name), reading.stems[0]
    return _few((_near(own, stem, quarter) or _tails(stem, quarter) or _abroad(stem, register)) - {table.oid})


def _named_by(table: Table, reading: Reading, register: Register) -> frozenset[Oid]:
    """The tables of the longest stem that names any; none where it names its own table alone, or many."""
    quarter = register.quarter(table.schema)
    own, whole = words_of(table.name), spellings(read_table(table.name))
    if not reading.suffix:
        return _few(_near(own, reading.stems[0], quarter) - {table.oid}) or _itself(table, reading)
    for place, stem in enumerate(reading.stems):
        found: AbstractSet[Oid] = _near(own, stem, quarter)
        if not found and place == 0:
            found = _keyed(table, reading, register) or _tails(stem, quarter) or _abroad(stem, register)
        if found:
            # In `jobs_assets`, `asset_id` could be its own, but for the table `assets`.
            with_role = (place > 0 or reading.role_behind) and not set(stem).isdisjoint(whole)
            return _few(found if with_role else found - {table.oid})
    return _few(_keyed_with_role(table, reading, register)) or _itself(table, reading)


def _few(found: AbstractSet[Oid]) -> frozenset[Oid]:
    return frozenset(found) if len(found) <= _MOST_TABLES else _NONE


def _itself(table: Table, reading: Reading) -> frozenset[Oid]:
    return frozenset((table.oid,)) if reading.words == (PARENT,) else _NONE


def key_name(reading: Reading, column: Column, key_column: Column, key_table: Table, *, primary: bool) -> KeyName:
    """Whether the name speaks of this very key column."""
    words = words_of(key_column.name)
    stemmed = words[:-1] and "_".join(words[:-1]) in {spelling for stem in reading.stems for spelling in stem}
    if key_column.name == column.name or words == (reading.suffix,) or (stemmed and words[-1] == reading.suffix):
        return KeyName.NAMED
    if "_".join(words) in reading.keys:
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
    """Tables of that name, with the first words of the column's table before it or without; or else with the last
    of these in the singular (`needles` and `needle_dirs`)."""
    found: set[Oid] = set()
    prefix = ""
    for start in range(max(len(own), 1)):
        for spelling in stem:
            found |= quarter.stems.under(prefix + spelling)
        prefix = "_".join(own[: start + 1]) + "_"
    if not found:
        for owner in spellings("_".join(own)):
            for spelling in stem:
                found |= quarter.stems.under(f"{owner}_{spelling}")
    return found


def _keyed(table: Table, reading: Reading, register: Register) -> AbstractSet[Oid]:
    """The tables whose key is called so."""
    return _NONE if reading.role_behind else register.keyed(table.schema, reading.keys[0]) - {table.oid}


def _keyed_with_role(table: Table, reading: Reading, register: Register) -> AbstractSet[Oid]:
    names = reading.keys if reading.role_behind else reading.keys[1:]
    return next((found for name in names if (found := register.keyed(table.schema, name))), _NONE)


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
    readings = [each for each in readings_of(table, column) if each.suffix]
    if len(key.columns) == 1:
        key_column = key_table.column(key.columns[0])
        if key_column is not None and _may_mean(column, readings, key_table, key_column, primary=key.primary):
            yield Link(table.oid, (column.number,), Key(key_table.oid, key.columns))
        return
    numbers = {each.name: each.number for each in free}
    pairs: list[tuple[int, int]] = []
    for number in key.columns:
        key_column = key_table.column(number)
        if key_column is None:
            return
        if any(key_name(each, column, key_column, key_table, primary=False) is KeyName.NAMED for each in readings):
            pairs.append((column.number, number))
        elif key_column.name in numbers:
            pairs.append((numbers[key_column.name], number))
    if len({ours for ours, _ in pairs}) == len(key.columns) and column.number in (ours for ours, _ in pairs):
        yield link_of(table.oid, tuple(ours for ours, _ in pairs), key_table.oid, tuple(theirs for _, theirs in pairs))


def _may_mean(
    column: Column, readings: Sequence[Reading], key_table: Table, key_column: Column, *, primary: bool
) -> bool:
    """A bare name means the primary key, and one of the same type; any other a key that it fits or names."""
    fits = fit(column.type_oid, key_column.type_oid) in (Fit.SAME, Fit.FITS)
    if not readings:
        return fits and primary
    return fits or any(
        key_name(each, column, key_column, key_table, primary=primary) is not KeyName.OTHER for each in readings
    )


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    for column, key_column in zip(candidate.columns, candidate.key_columns, strict=True):
        if candidate.link.key.table in named_tables(candidate.table, column, sight):
            weight = _weight(candidate, column, key_column)
            target = f"{candidate.key_table.qualified_name}({key_column.name})"
            yield Evidence("naming", weight, f"The name {column.name} speaks of {target}.")
            return


def is_named(candidate: Candidate, column: Column, key_column: Column) -> bool:
    """Whether the name speaks of this very key and not of the table alone; to be asked of tables that it speaks of."""
    return _weight(candidate, column, key_column) > NAMED_TABLE_ONLY


def _weight(candidate: Candidate, column: Column, key_column: Column) -> float:
    table, key_table = candidate.table, candidate.key_table
    form = form_of(table, column, key_table, key_column) or Form.TAIL
    weight = NAMED_PARENT if table is key_table else _WEIGHTS[form]
    if form not in (Form.BARE, Form.PARENT):
        readings = [each for each in readings_of(table, column) if each.suffix]
        named = {key_name(each, column, key_column, key_table, primary=candidate.primary) for each in readings}
        if KeyName.NAMED not in named:
            if KeyName.PRIMARY not in named:
                return NAMED_TABLE_ONLY
            weight += NAMED_PRIMARY_KEY
    return weight if key_table.schema == table.schema else weight + NAMED_ABROAD


KIND = Kind("naming", _weigh, _propose)
