"""Comments: what people wrote on a column about what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...catalog.snapshot import Column, Table
from ...evidence import Evidence
from ..commentary import denies, has_word, mentions
from ..kind import Candidate, Kind, Sight
from ..register import Register
from ..relation import Key, Link
from ..weights import COMMENT_DENIES, COMMENT_MENTIONS, COMMENT_REFERS
from ..wording import columns_of


def _propose(table: Table, free: Sequence[Column], sight: Sight) -> Iterator[Link]:
    if table.column_comments:
        numbers = {column.number for column in free}
        for number, comment in table.column_comments:
            if number in numbers:
                for key in _keys(table, comment, sight.register):
                    yield Link(table.oid, (number,), key)


def _weigh(candidate: Candidate, _: Sequence[Candidate], sight: Sight) -> Iterator[Evidence]:
    table = candidate.table
    if len(candidate.columns) != 1 or not table.column_comments:
        return
    comment = dict(table.column_comments).get(candidate.link.columns[0])
    if comment is None:
        return
    name = candidate.columns[0].name
    if denies(comment):
        seen = f"The comment on {name} says that it refers to nothing here."
        yield Evidence("comments", COMMENT_DENIES, seen)
    elif candidate.link.key in set(_keys(table, comment, sight.register)):
        key = columns_of(candidate.key_table, candidate.link.key.columns)
        yield Evidence("comments", COMMENT_REFERS, f"The comment on {name} refers to {key}.")
    elif has_word(comment, candidate.key_table.name):
        seen = f"The comment on {name} mentions {candidate.key_table.qualified_name}."
        yield Evidence("comments", COMMENT_MENTIONS, seen)


def _keys(table: Table, comment: str, register: Register) -> Iterator[Key]:
    for mention in mentions(comment):
        for oid in sorted(register.called(mention.schema or table.schema, mention.table)):
            if mention.column is None:
                number = register.primary_column(oid)
            else:
                column = register.tables[oid].column_named(mention.column)
                number = column.number if column is not None else None
            if number is not None:
                yield Key(oid, (number,))


KIND = Kind("comments", _weigh, _propose)
