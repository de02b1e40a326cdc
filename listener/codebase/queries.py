"""What an application's code sends to tables, as statements that can be described, and what of it nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, cast

import pglast

from ..source.asking import Unasked
from ..source.clauses import Opened
from ..source.drivers import drivers
from ..source.examined import Examined
from ..source.extracted import CodeStatement, Extraction
from ..source.parsed import parse, slices
from ..source.prepared import HOLE_NAME, Prepared, prepared
from ..source.schema import Schema
from ..source.secret import masked
from ..statements.dissection import NotTakenApart, Query, dissect
from ..statements.statement import Origin, Unread, Value
from ..statements.touched import Touched
from .pieces import storable

_MORE: Final = frozenset({Opened.QUERIES, Opened.RANGES})


class CodeQuery(NamedTuple):
    """A query at a place in code. Its parameters have casts where the driver declares their types; of others the
    `values` are known that have a proved type."""

    name: str
    query: Query
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """All that the code may say of tables. It is not `known` where there is no statement in it, or a library that makes
    SQL of its own, so that silence says nothing."""

    queries: tuple[CodeQuery, ...] = ()
    unread: tuple[Unread, ...] = ()
    known: bool = True


def spoken(extraction: Extraction, touched: Touched) -> Spoken:
    """The queries that touch those relations; what may touch them and is not known is unread: calls whose SQL is
    dynamic, texts with more than values in their holes, files that do not parse."""
    queries, unread = list[CodeQuery](), list[Unread]()
    for statement in extraction.statements:
        for told in _of(statement, touched) if statement.live else ():
            if isinstance(told, CodeQuery):
                queries.append(told)
            else:
                unread.append(told)
    unread += [
        _unread(f"{each.site.file}:{each.site.line}", "its SQL is known only when it runs")
        for each in extraction.dynamic
    ]
    unread += [_unread(f"{each.path}:{each.line}", each.reason) for each in extraction.unreadable]
    live, mapper = any(each.live for each in extraction.statements), extraction.mapper
    if mapper is not None:
        why = f"it imports {mapper.name}, which makes SQL of its own when it runs"
        unread.append(_unread(f"{mapper.file}:{mapper.line}", why))
    return Spoken(tuple(dict.fromkeys(queries)), tuple(dict.fromkeys(unread)), live and mapper is None)


def _of(statement: CodeStatement, touched: Touched) -> Iterator[CodeQuery | Unread]:
    whole = prepared(statement)
    name = f"{statement.site.file}:{statement.site.line}"
    if not whole.whole or whole.filled or whole.quoted:
        if touched.mentioned_in(whole.sql) or _may_name_more(whole):
            yield _unread(name, "part of its text is known only when it runs")
        return
    if not touched.mentioned_in(whole.sql):
        return
    for offset, sql in slices(whole.sql):
        try:
            queries = [each for each in dissect(masked(sql)) if each.touches(touched)]
        except NotTakenApart as error:
            yield _unread(name, str(error))
            continue
        if queries:
            values = _values(statement, whole, sql, offset)
            yield from (_query(name, each, values) for each in queries)


def _may_name_more(whole: Prepared) -> bool:
    """Whether a hole may hold the name of any relation."""
    parsed = parse(whole.sql)
    return parsed is None or bool(whole.opened & _MORE) or any(HOLE_NAME in each.name for each in parsed.ranges)


def _query(name: str, query: Query, values: Mapping[int, Value]) -> CodeQuery:
    declared: dict[int, str] = {}
    others: list[Value] = []
    for number, value in values.items():
        if (sent := drivers()[value.driver].sent.get(value.python)) is not None:
            declared[number] = sent
        else:
            others.append(value)
    text = _cast(query.text, declared) if declared else query.text
    return CodeQuery(storable(name), replace(query, text=text, uncast=None), tuple(others))


def _values(statement: CodeStatement, whole: Prepared, sql: str, offset: int) -> dict[int, Value]:
    """What is proved of the values, by the number of the parameter; nothing where a wrapper rewrites the text."""
    if statement.driver is None or statement.driver not in drivers() or statement.rewrites:
        return {}
    one = Examined(statement, whole, Schema(), sql, offset, alone=False, answer=Unasked("", gap=False))
    found: dict[int, Value] = {}
    for mark in whole.marks:
        argument = one.argument(mark)
        if argument is None or argument.proof is None:
            continue
        converted = argument.conversion
        inner = converted.inner if converted is not None and converted.function == "str" else None
        python = "str(int)" if inner is not None and inner.type == "int" else argument.proof.type
        found[mark.number] = Value(mark.number, statement.driver, python)
    return found


def _cast(text: str, declared: Mapping[int, str]) -> str:
    """The text with casts to the types that a driver declares; an element or a field of a parameter is left alone."""
    for token in reversed(cast("list[Any]", pglast.parser.scan(text))):
        if token.name != "PARAM" or text[token.end + 1 : token.end + 2] in {"[", "."}:
            continue
        if (sent := declared.get(int(text[token.start + 1 : token.end + 1]))) is not None:
            text = f"{text[: token.end + 1]}::{sent}{text[token.end + 1 :]}"
    return text


def _unread(name: str, reason: str) -> Unread:
    return Unread(storable(name), storable(reason), Origin.CODE)
