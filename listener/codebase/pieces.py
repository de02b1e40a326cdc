"""Statements of code as whoever draws relations reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ..relations.reading.reader import Piece
from ..source.examined import Examined
from ..source.extracted import CodeStatement
from ..source.parsed import parse, slices
from ..source.prepared import prepared
from ..source.secret import withheld

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_IDENTITY: Final = re.compile(r"(?P<call>.*?):\d+:\d+:(?P<text>.*):\d+", re.DOTALL)


def pieces_of(statement: CodeStatement) -> Iterator[Piece]:
    """The statement's parts in which columns of two relations may be compared."""
    if withheld(statement.sql):
        return
    name = storable(f"{statement.site.file}:{statement.site.line}")
    for _, sql in slices(prepared(statement).sql):
        parsed = None if _NO_TEXT.search(sql) else parse(sql)
        if parsed is not None and len(parsed.ranges) > 1:
            yield Piece(identity(statement), name, sql)


def pieces_in(examined: Iterable[Examined]) -> Iterator[Piece]:
    """The same of statements that were looked at, whose texts are parsed already."""
    for one in examined:
        if one.parsed is not None and len(one.parsed.ranges) > 1:
            site = one.statement.site
            yield Piece(identity(one.statement), storable(f"{site.file}:{site.line}"), one.sql)


def identity(statement: CodeStatement) -> str:
    """Names the call and the text; texts that one call puts together from the same place are one."""
    call = statement.call
    return storable(f"{call.file}:{call.line}:{call.column}:{statement.site.file}:{statement.site.line}")


def files_of(name: str) -> tuple[str, ...]:
    """The files that an identity names: the call's, and the text's."""
    found = _IDENTITY.fullmatch(name)
    return () if found is None else (found["call"], found["text"])


def storable(said: str) -> str:
    """The text without characters that no text of PostgreSQL may hold."""
    return _NO_TEXT.sub("\ufffd", said)
