"""The register: what tables, keys and foreign keys are there by name, kept up to date one table at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from ..catalog.snapshot import AttributeNumber, Column, Constraint, Oid, Table
from .appellation import PARENT, column_prefix
from .conventions import Conventions
from .name_sets import Names, NameSets
from .naming import read_column, read_table, table_spellings
from .postings import Postings
from .relation import Key, UniqueKey
from .sighting import Sightings
from .votes import OWN_TABLE, Vote, Votes
from .wording import columns_at

OWN_KEY_NAMES = frozenset({"id", "uuid", "guid", "pk", "oid"})
"""What a table calls its own key, of whatever it is the key."""


class Quarter:
    """The part of the register that is one schema's.

    `stems` and `tails` have tables that may be referred to, by the spellings of their name and of their name without
    its first word. The sets have tables by the columns of their composite foreign keys and of their composite keys.
    """

    __slots__ = ("key_sets", "stems", "tails", "vote_sets")

    def __init__(self) -> None:
        self.stems: Postings[str] = Postings()
        self.tails: Postings[str] = Postings()
        self.vote_sets = NameSets()
        self.key_sets = NameSets()


class Register:
    """Every table of a snapshot, findable. `add` and `remove` take the time of one table.

    `votes` say where columns of a name point, `set_votes` where columns of several names do. `stems` has tables by the
    spellings of their name whatever their schema. `sightings` are what code was seen to compare; tables come and go
    without them. `conventions` are to be forgotten when foreign keys, keys or names change.
    """

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables: dict[Oid, Table] = {}
        self.quarters: dict[str, Quarter] = {}
        self.stems: Postings[str] = Postings()
        self.votes: dict[str, Votes] = {}
        self.set_votes: dict[Names, Votes] = {}
        self.sightings = Sightings()
        self.conventions = Conventions(self.tables, self.votes, self.keys)
        self._keys: dict[Oid, tuple[UniqueKey, ...]] = {}
        self._key_names: Postings[tuple[str, str]] | None = None
        self._mute: set[str] = set()
        self._spelled: dict[str, str] = {}
        self._abroad: dict[Names, tuple[Vote, ...]] = {}
        self._loud: dict[str, _Loud] = {}
        for table in tables:
            self.add(table)

    def add(self, table: Table) -> None:
        """Enter a table that is not there."""
        oid = table.oid
        self.tables[oid] = table
        self._keys.pop(oid, None)
        self._abroad.clear()
        self._loud.clear()
        quarter = self.quarter(table.schema)
        if may_be_referred_to(table):
            stems, tails = table_spellings(table.name)
            for spelling in stems:
                quarter.stems.add(spelling, oid)
                self.stems.add(spelling, oid)
            for spelling in tails:
                quarter.tails.add(spelling, oid)
            if self._key_names is not None and (key_name := telling_key_name(table)) is not None:
                self._key_names.add((table.schema, key_name), oid)
            for names in composite_key_names(table):
                quarter.key_sets.add(names, oid)
        for names, key in foreign_key_names(table):
            if len(names) > 1:
                quarter.vote_sets.add(names, oid)
            self._votes_to_change(names).add(key, table.schema, oid)

    def remove(self, table: Table) -> None:
        """Strike out a table as it was entered."""
        oid = table.oid
        del self.tables[oid]
        self._keys.pop(oid, None)
        self._abroad.clear()
        self._loud.clear()
        quarter = self.quarter(table.schema)
        if may_be_referred_to(table):
            stems, tails = table_spellings(table.name)
            for spelling in stems:
                quarter.stems.discard(spelling, oid)
                self.stems.discard(spelling, oid)
            for spelling in tails:
                quarter.tails.discard(spelling, oid)
            if self._key_names is not None and (key_name := telling_key_name(table)) is not None:
                self._key_names.discard((table.schema, key_name), oid)
            for names in composite_key_names(table):
                quarter.key_sets.discard(names, oid)
        for names, key in foreign_key_names(table):
            if len(names) > 1:
                quarter.vote_sets.discard(names, oid)
            votes = self._votes_to_change(names)
            votes.discard(key, table.schema, oid)
            if not votes:
                self._forget_votes(names)

    def quarter(self, schema: str) -> Quarter:
        """The schema's part."""
        quarter = self.quarters.get(schema)
        if quarter is None:
            quarter = self.quarters[schema] = Quarter()
        return quarter

    def called(self, schema: str, name: str) -> Iterator[Oid]:
        """The tables of exactly that name that may be referred to."""
        quarter = self.quarters.get(schema)
        if quarter is not None:
            for oid in quarter.stems.under(read_table(name)):
                if self.tables[oid].name == name:
                    yield oid

    def keyed(self, schema: str, name: str) -> AbstractSet[Oid]:
        """The tables of the schema whose sole primary key has that name, where the name says more than `id`."""
        if self._key_names is None:
            self._key_names = Postings()
            for table in self.tables.values():
                if may_be_referred_to(table) and (key_name := telling_key_name(table)) is not None:
                    self._key_names.add((table.schema, key_name), table.oid)
        return self._key_names.under((schema, name))

    def keys(self, table: Oid) -> tuple[UniqueKey, ...]:
        """The keys of a table that may be referred to, the primary key first; none for others."""
        keys = self._keys.get(table)
        if keys is None:
            target = self.tables.get(table)
            keys = unique_keys(target) if target is not None and may_be_referred_to(target) else ()
            self._keys[table] = keys
        return keys

    def primary_column(self, table: Oid) -> AttributeNumber | None:
        """The only column of the table's primary key."""
        keys = self.keys(table)
        return keys[0].columns[0] if keys and keys[0].primary and len(keys[0].columns) == 1 else None

    def votes_near(self, schema: str, names: Names) -> tuple[Vote, ...]:
        """Where columns of those names point in the schema."""
        votes = self._votes(names)
        return votes.within(schema) if votes is not None else ()

    def votes_abroad(self, names: Names) -> tuple[Vote, ...]:
        """Where columns of those names point out of their own schema."""
        found = self._abroad.get(names)
        if found is None:
            votes = self._votes(names)
            found = votes.across(self._schema_of) if votes is not None and len(self.quarters) > 1 else ()
            self._abroad[names] = found
        return found

    def silent(self, table: Table) -> bool:
        """Whether code, and the names of columns that no foreign key covers, say nothing: one need not look closer."""
        if table.oid in self.sightings:
            return False
        loud = self._loud.get(table.schema)
        if loud is None:
            loud = self._loud[table.schema] = _Loud(self, self.quarter(table.schema))
        speaking = [column.number for column in table.columns if loud[column.name]]
        if speaking and not covered_columns(table).issuperset(speaking):
            return False
        return not self._prefixed(table)

    @staticmethod
    def _prefixed(table: Table) -> bool:
        """Whether all columns begin alike, and one of them is in no foreign key."""
        if not table.columns or "_" not in table.columns[0].name or not column_prefix(table):
            return False
        return not covered_columns(table).issuperset(column.number for column in table.columns)

    def speaks(self, name: str, quarter: Quarter) -> bool:
        """Whether a column of that name in the quarter may speak of a key."""
        if (
            name in self.votes
            or name in quarter.vote_sets.words
            or name in quarter.key_sets.words
            or name in quarter.stems
        ):
            return True
        if name in self._mute:
            return False
        words = self._spelled.get(name)
        if words is None:
            if name == PARENT or read_column(name) is not None:
                return True
            words = read_table(name)
            if words == name:
                self._mute.add(name)
                return False
            self._spelled[name] = words
        return words == PARENT or words in quarter.stems

    def _votes(self, names: Names) -> Votes | None:
        return self.votes.get(names[0]) if len(names) == 1 else self.set_votes.get(names)

    def _votes_to_change(self, names: Names) -> Votes:
        votes = self._votes(names)
        if votes is None:
            votes = Votes()
            if len(names) == 1:
                self.votes[names[0]] = votes
            else:
                self.set_votes[names] = votes
        return votes

    def _forget_votes(self, names: Names) -> None:
        if len(names) == 1:
            del self.votes[names[0]]
        else:
            del self.set_votes[names]

    def _schema_of(self, table: Oid) -> str | None:
        found = self.tables.get(table)
        return None if found is None else found.schema


class _Loud(dict[str, bool]):
    """Of names of columns in one quarter whether they may speak of a key; true until a table comes or goes."""

    def __init__(self, register: Register, quarter: Quarter) -> None:
        super().__init__()
        self._register = register
        self._quarter = quarter

    def __missing__(self, name: str) -> bool:
        self[name] = speaks = self._register.speaks(name, self._quarter)
        return speaks


def may_refer(table: Table) -> bool:
    """Whether issues on the table's references make sense: a partition's are its parent's."""
    return table.kind != "f" and not table.is_partition and table.persistence != "t" and not table.left_alone


def may_be_referred_to(table: Table) -> bool:
    """Whether a foreign key could point at the table."""
    return table.kind != "f" and not table.is_partition and table.persistence != "t"


def free_columns(table: Table) -> tuple[Column, ...]:
    """The columns that no foreign key covers and that could refer to something.

    A sole primary key that the table numbers by itself is what others refer to; a generated column is computed.
    """
    covered = covered_columns(table)
    primary = table.primary_key
    own = primary.columns[0] if primary is not None and len(primary.columns) == 1 else 0
    return tuple(
        column
        for column in table.columns
        if column.number not in covered
        and not (column.identity or column.generated)
        and not (column.number == own and (column.default is not None or column.name.lower() in OWN_KEY_NAMES))
    )


def covered_columns(table: Table) -> set[AttributeNumber]:
    """The columns that stand in a foreign key."""
    return {number for each in table.constraints if each.kind == "f" for number in each.columns}


def telling_key_name(table: Table) -> str | None:
    """The words of the sole primary key's name, where that is an identifier called after something (`itemid`).

    A key that is a foreign key too bears another table's name.
    """
    for constraint in table.constraints:
        if constraint.kind == "p" and len(constraint.columns) == 1:
            for column in columns_at(table, constraint.columns):
                own = column.name in OWN_KEY_NAMES or column.number in covered_columns(table)
                return None if own or read_column(column.name) is None else read_table(column.name)
    return None


def unique_keys(table: Table) -> tuple[UniqueKey, ...]:
    """The table's keys, each column set once, the primary key first."""
    found: dict[tuple[AttributeNumber, ...], bool] = {}
    for index in table.unique_keys():
        if not index.exclusion:
            columns = tuple(sorted(index.columns))
            found[columns] = found.get(columns, False) or index.primary
    keys = [UniqueKey(columns, primary) for columns, primary in found.items()]
    return tuple(sorted(keys, key=lambda key: (not key.primary, key.columns)))


def foreign_key_names(table: Table) -> Sequence[tuple[Names, Key]]:
    """For each foreign key that may serve others as an example: its columns' names, sorted, and its key in that order.

    A self reference on one column points at OWN_TABLE.
    """
    if not may_be_referred_to(table):
        return ()
    found: list[tuple[Names, Key]] = []
    for constraint in table.constraints:
        if constraint.kind == "f" and not constraint.temporal:
            entry = _named(table, constraint)
            if entry not in found:
                found.append(entry)
    return found


def _named(table: Table, constraint: Constraint) -> tuple[Names, Key]:
    columns = columns_at(table, constraint.columns)
    if len(columns) == 1:
        own = constraint.referenced_table == table.oid
        key = OWN_TABLE if own else Key(constraint.referenced_table, constraint.referenced_columns)
        return (columns[0].name,), key
    pairs = sorted(zip((column.name for column in columns), constraint.referenced_columns, strict=True))
    return tuple(name for name, _ in pairs), Key(constraint.referenced_table, tuple(number for _, number in pairs))


def composite_key_names(table: Table) -> Iterator[Names]:
    """The sorted column names of each composite key."""
    for index in table.indexes:
        if index.unique and len(index.columns) > 1:
            for key in unique_keys(table):
                if len(key.columns) > 1:
                    yield tuple(sorted(table.names(key.columns)))
            return
