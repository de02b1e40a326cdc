"""Reach: the tables whose relations may differ because another table does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..catalog.snapshot import Oid, Table
from .appellation import column_prefix
from .audience import Audience
from .families import family
from .name_sets import Names
from .naming import read_column
from .register import (
    Register,
    composite_key_names,
    covered_columns,
    foreign_key_names,
    free_columns,
    may_be_referred_to,
    may_refer,
    unique_keys,
)
from .votes import Vote

Said = list[tuple[Vote, str]]


class _Typed(NamedTuple):
    schema: str
    name: str
    family: str


class Reach:
    """What one table has to say to others, observed before and after it is replaced in the register."""

    def __init__(self, register: Register, audience: Audience, before: Table | None, after: Table | None) -> None:
        self._register = register
        self._audience = audience
        self._tables = [table for table in (before, after) if table is not None]
        self._key_moved = _as_key(before) != _as_key(after)
        votes = _as_voter(before) != _as_voter(after)
        self._habits = self._conventions() if votes or self._key_moved else {}
        names = {names: None for table in self._tables for names, _ in foreign_key_names(table)}
        self._votes = {each: self._said(each) for each in names} if votes else {}
        self._finding = self._finds()
        self._typed = _typed(before) ^ _typed(after)
        self._namesakes = self._agreeing()

    def tables(self) -> set[Oid]:
        """The tables reached; to be asked once register and audience have the table as it is after."""
        audience = self._audience
        reached: set[Oid] = set()
        if self._key_moved:
            for table in self._tables:
                reached |= audience.of_table(table) | self._seen_with(table)
        for names, (near, abroad) in self._votes.items():
            now_near, now_abroad = self._said(names)
            reached |= audience.of_columns(names, [schema for schema in near if near[schema] != now_near[schema]])
            if abroad != now_abroad:
                reached |= audience.of_columns(names)
        now_finding = self._finds()
        for (schema, name), found in self._finding.items():
            if found != now_finding[schema, name]:
                reached |= audience.of_columns((name,), [schema])
        register = self._register
        register.conventions.forget(self._habits)
        if self._habits:
            moved = {schema for schema, levels in self._habits.items() if register.conventions.levels(schema) != levels}
            reached |= {oid for oid, table in register.tables.items() if table.schema in moved} if moved else set()
        now_agreeing = self._agreeing()
        for typed, agrees in self._namesakes.items():
            if agrees != now_agreeing[typed]:
                reached |= audience.of_columns((typed.name,), [typed.schema])
        return reached

    def _conventions(self) -> dict[str, tuple[float, ...]]:
        """The habits of the schemas whose foreign keys these are, and of those that refer to these tables: no other
        table has a part in any."""
        tables = self._register.tables
        schemas = {table.schema for table in self._tables if foreign_key_names(table)}
        if self._key_moved:
            for table in self._tables:
                schemas |= {tables[oid].schema for oid in self._audience.pointing_at(table.oid)}
        return {schema: self._register.conventions.levels(schema) for schema in schemas}

    def _seen_with(self, table: Table) -> set[Oid]:
        """The tables that code compares with this one."""
        partners = self._register.sightings.partners(table.oid)
        return {oid for oid in partners if oid in self._register.tables}

    def _said(self, names: Names) -> tuple[dict[str, Said], Said]:
        schemas = {table.schema for table in self._tables}
        near = {schema: self._named(self._register.votes_near(schema, names)) for schema in schemas}
        return near, self._named(self._register.votes_abroad(names))

    def _named(self, votes: Iterable[Vote]) -> Said:
        tables = self._register.tables
        return [(vote, tables[vote.example].qualified_name) for vote in votes]

    def _agreeing(self) -> dict[_Typed, bool]:
        tables = self._register.tables
        return {each: self._audience.namesakes(each.schema, each.name, each.family, tables) for each in self._typed}

    def _finds(self) -> dict[tuple[str, str], tuple[bool, bool]]:
        """By which columns' names composite sets are found: a name that comes to stand in too many finds none."""
        found: dict[tuple[str, str], tuple[bool, bool]] = {}
        for table in self._tables:
            quarter = self._register.quarter(table.schema)
            sets = (*composite_key_names(table), *(names for names, _ in foreign_key_names(table) if len(names) > 1))
            for name in {name for names in sets for name in names}:
                found[table.schema, name] = quarter.key_sets.finds_by(name), quarter.vote_sets.finds_by(name)
        return found


def _typed(table: Table | None) -> set[_Typed]:
    """The free columns whose names speak of a table, each with the family of its type."""
    if table is None or not may_refer(table):
        return set()
    return {
        _Typed(table.schema, column.name, found)
        for column in free_columns(table)
        if read_column(column.name) is not None and (found := family(column.type_oid)) is not None
    }


def _as_key(table: Table | None) -> object:
    """All that other tables' relations can see of this table, its foreign keys apart."""
    if table is None or not may_be_referred_to(table):
        return None
    keys = unique_keys(table)
    numbers = {number for key in keys for number in key.columns}
    columns = [
        (each.number, each.name, each.type_oid, each.type_name) for each in table.columns if each.number in numbers
    ]
    own = covered_columns(table)  # a key that refers elsewhere bears no name of its own, nor a part of it
    return table.schema, table.name, table.persistence, keys, columns, [number in own for number in sorted(numbers)]


def _as_voter(table: Table | None) -> object:
    if table is None:
        return None
    covered = covered_columns(table)
    types = [each.type_oid for each in table.columns if each.number in covered]
    return table.schema, table.name, column_prefix(table), types, frozenset(foreign_key_names(table))
