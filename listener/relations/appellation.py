"""Appellations: how a column's name calls a key, judged by the names of the two tables and columns alone."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from ..catalog.snapshot import Column, Table
from .families import INTEGERS, UUID
from .naming import Reading, read_bare, read_column, read_table, spellings, words_of

PARENT = "parent"
_FEWEST_PREFIXED = 3


class Form(StrEnum):
    """TABLE: `user_id` and `users`. ROLE: `author_user_id`. TAIL: `user_id` and `auth_user`, the end of a name.

    KEY: `itemid`, as the key of another table is called, whatever that is. KEY_WITH_ROLE: `master_itemid`. BARE:
    `queue` and `queues`. PARENT: `parent_id` of a table's own.
    """

    TABLE = "table"
    ROLE = "role"
    TAIL = "tail"
    KEY = "key"
    KEY_WITH_ROLE = "key_with_role"
    BARE = "bare"
    PARENT = "parent"


CONVENTIONAL = (Form.TABLE, Form.ROLE, Form.KEY, Form.KEY_WITH_ROLE, Form.BARE, Form.PARENT)
"""What a schema can have made its habit."""


def column_prefix(table: Table) -> str:
    """What all names of three columns or more begin with, the underscore included (`rev_`); else nothing."""
    columns = table.columns
    if len(columns) < _FEWEST_PREFIXED:
        return ""
    word, underscore, _ = columns[0].name.partition("_")
    prefix = word + underscore
    return prefix if underscore and word and all(each.name.startswith(prefix) for each in columns) else ""


def readings_of(table: Table, column: Column) -> Iterator[Reading]:
    """What the column's name may speak of: without what all names of its table begin with, then as it stands."""
    prefix = column_prefix(table)
    for name in (column.name[len(prefix) :], column.name) if prefix else (column.name,):
        reading = read_column(name)
        if reading is None and (column.type_oid in INTEGERS or column.type_oid == UUID):
            reading = read_bare(name)  # of other types, such a name is a word that people write
        if reading is not None:
            yield reading


def form_of(table: Table, column: Column, key_table: Table, key_column: Column) -> Form | None:
    """How the column calls that key; None where it does not."""
    for reading in readings_of(table, column):
        form = _form(reading, table.name, key_table.name, key_column.name, table is key_table)
        if form is not None:
            return form
    return None


@lru_cache(1 << 14)
def _form(reading: Reading, own: str, theirs: str, key: str, itself: bool) -> Form | None:
    if itself and reading.words == (PARENT,):
        return Form.PARENT
    called = names_near(own, theirs)
    whole, *with_role = (not called.isdisjoint(stem) for stem in reading.stems)
    if not reading.suffix:
        return Form.BARE if whole and not itself else None
    if whole and not reading.role_behind:
        return Form.TABLE
    if whole or any(with_role):
        return Form.ROLE
    key_name = read_table(key)
    if key_name in reading.keys and read_column(key) is not None:
        return Form.KEY if key_name == reading.keys[0] and not reading.role_behind else Form.KEY_WITH_ROLE
    ending = read_table(theirs).partition("_")[2]
    return Form.TAIL if ending and not set(spellings(ending)).isdisjoint(reading.stems[0]) else None


@lru_cache(1 << 14)
def names_near(own: str, theirs: str) -> frozenset[str]:
    """What a table may be called by columns of another: in whole, and without the words that both names begin with.

    The last of these may stand in the singular: `needles` calls `needle_dirs` `dir`.
    """
    ours, words = words_of(own), words_of(theirs)
    shared = 0
    while shared < min(len(ours), len(words) - 1) and words[shared] in spellings(ours[shared]):
        shared += 1
    return frozenset(spelling for start in range(shared + 1) for spelling in spellings("_".join(words[start:])))
