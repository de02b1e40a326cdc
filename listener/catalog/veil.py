"""What is remembered of texts that are only compared: a digest, since a secret may stand in them (law 3).

Those are comments, the literals of indexes, and the values of a routine's settings but its search path. The tables as
they are now are read with their texts; what is stored of them, and every Change, has digests.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from ..literals import without_literals
from .snapshot import Index, Table

_MARK: Final = "#"
_CONSTANT: Final = "{CONST "
_SEARCH_PATH: Final = "search_path="


def veiled(text: str | None) -> str | None:
    """A digest of it, the same for the same text."""
    return None if text is None else _MARK + blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def veiled_index(index: Index) -> Index:
    """The index without constants in its expressions and its predicate. One that had some is no longer known as whole,
    and its definition is for reading: nothing can be made of it."""
    if index.shape is None or _CONSTANT not in index.shape:
        return index
    definition = None if index.definition is None else without_literals(index.definition)
    return index._replace(shape=veiled(index.shape), definition=definition)


def veiled_setting(setting: str) -> str:
    """A SET clause (`name=value`) with a digest for its value."""
    name, _, value = setting.partition("=")
    return setting if setting.startswith(_SEARCH_PATH) else f"{name}={veiled(value)}"


def veiled_table(table: Table) -> Table:
    """The table as it is remembered."""
    if table.comment is None and not table.column_comments and all(each.shape is None for each in table.indexes):
        return table
    return table._replace(
        comment=veiled(table.comment),
        column_comments=tuple((number, veiled(comment) or "") for number, comment in table.column_comments),
        indexes=tuple(veiled_index(each) for each in table.indexes),
    )


def lifted(before: Table, now: Table) -> Table:
    """The table as it is remembered, with the texts of now wherever they still are what they were."""
    comments = dict(now.column_comments)
    indexes = {each.name: each for each in now.indexes} | {each.oid: each for each in now.indexes}
    return before._replace(
        comment=_lifted(before.comment, now.comment) if before.comment and now.comment else before.comment,
        column_comments=tuple(
            (number, _lifted(comment, comments.get(number, ""))) for number, comment in before.column_comments
        ),
        indexes=tuple(_lifted_index(each, indexes.get(each.oid) or indexes.get(each.name)) for each in before.indexes),
    )


def _lifted(before: str, now: str) -> str:
    return now if before == veiled(now) else before


def _lifted_index(before: Index, now: Index | None) -> Index:
    if now is None or now.shape is None or before.shape is None or before.shape != veiled_index(now).shape:
        return before
    return before._replace(shape=now.shape, definition=now.definition)
