"""All the tables and columns of a statement that are not there.

The server stops at the first. So each that it objects to is replaced by something that it takes, and it is asked again:
a relation by a query of nothing, its columns and others that are missing by NULL. What the server resolves is never
guessed at here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from .asking import Answer, Question, Refused, ask
from .clauses import Opened, Opening, openings_at
from .parsed import Parsed, Range, parse, span
from .prepared import HOLE_NAME
from .schema import Relation, Schema, read_relations

UNDEFINED_TABLE: Final = "42P01"
UNDEFINED_COLUMN: Final = "42703"
_SYSTEM: Final = ("ctid", "tableoid", "xmin", "xmax", "cmin", "cmax")
_OF_TYPES: Final = ("42883", "42804")
_LIKELY: Final = ("integer", "uuid", "boolean", "date")
"""Types that a column may have had which a query gives and something is compared with."""
_MOST_ROUNDS: Final = 25


@dataclass(frozen=True, slots=True)
class UnknownTable:
    """A relation that is not there."""

    schema: str | None
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column that is not there. `relation` is where it was looked for, where that is one; else `among` are all."""

    name: str
    position: int
    relation: Relation | None
    among: tuple[Relation, ...] = ()


@dataclass(slots=True)
class Hunt:
    """One statement under examination; positions are offsets in `text`. A relation is `supposed` that only runs know by
    its whole name, or that the code makes itself: what is of it is not known. Holes may add to what is `opened`."""

    text: str
    parsed: Parsed
    schema: Schema
    is_assumed: Callable[[int, int], bool]
    opened: frozenset[Opening] = frozenset()
    tables: list[UnknownTable] = field(default_factory=list[UnknownTable])
    columns: list[UnknownColumn] = field(default_factory=list[UnknownColumn])
    last: Answer | None = None
    supposed: bool = False
    over: bool = False
    _edits: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    _absent: set[str] = field(default_factory=set[str])
    _results: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    _types: list[str] = field(default_factory=lambda: list(_LIKELY))
    _missed: frozenset[Opening] = frozenset()

    def begin(self) -> None:
        """Find the relations that are not there, and put queries in their place."""
        for each in self.parsed.ranges:
            hole = HOLE_NAME in each.name or HOLE_NAME in (each.schema or "")
            perhaps = each.schema is None and any(one.what is Opened.QUERIES for one in self.opened)
            if not hole and (each.schema is None and each.name in self.parsed.names):
                continue
            if not hole and (each.schema, each.name) in self.schema.relations:
                continue
            start, end = span(self.text, each.location)
            if not (hole or perhaps) and each.name not in self.schema.made and not self.is_assumed(start, end - start):
                self.tables.append(UnknownTable(each.schema, each.name, each.location))
            else:
                self.supposed = True
            if each.target or self.parsed.utility:
                self.over = True
            else:
                self._absent.add(each.called)
                self._edits[start] = (end, self._stand_in(each))
        if self._edits:
            self._missed = openings_at(self.text, self._edits.keys())
        if self.parsed.utility and not self.over:
            self._assigned()  # the server looks into none of these before they run
            self.over = True
        for column in self.parsed.columns if self._absent else ():
            if len(column.parts) > 1 and column.parts[-2] in self._absent:
                self._nullify(column.location)

    def edited(self) -> str:
        """The text as the server is asked about it next."""
        parts: list[str] = []
        done = 0
        for start, (end, new) in sorted(self._edits.items()):
            if start < done:
                continue
            parts += [self.text[done:start], new]
            done = end
        return "".join((*parts, self.text[done:]))

    def learn(self, answer: Answer) -> None:
        """Take in what the server says of the edited text."""
        self.last = answer
        if isinstance(answer, Refused) and answer.sqlstate in _OF_TYPES and self._results and self._types:
            # What a query gives was compared with something: NULL would be a text there.
            kind = self._types.pop(0)
            for start, (end, name) in self._results.items():
                self._edits[start] = (end, f"null::{kind}{name}")
            return
        if not isinstance(answer, Refused) or answer.sqlstate != UNDEFINED_COLUMN:
            self.over = True
            return
        position = self._original(answer.position)
        column = next((each for each in self.parsed.columns if each.location == position), None)
        if column is None:
            self._assigned()
            self.over = True
            return
        if position in self._edits:
            self.over = True  # it was replaced already: nothing is learnt any more
            return
        self._missing(column.parts, position)
        self._nullify(position)

    def _nullify(self, position: int) -> None:
        """NULL for a column: of no type, so that it goes with any, but where the server wants no constant."""
        start, end = span(self.text, position)
        new = "null::text" if position in self.parsed.sorting else "null"
        if (name := self.parsed.outputs.get(position)) is not None:
            label = sql.SQL(" as {}").format(sql.Identifier(name)).as_string()
            self._results[start] = (end, label)
            new += label
        self._edits[start] = (end, new)

    def _missing(self, parts: tuple[str, ...], position: int) -> None:
        *qualifiers, name = parts
        if HOLE_NAME in name:
            return
        relation = self._named(qualifiers[-1]) if qualifiers else None
        if relation is None and self._may_come_from_what_is_not_known(position):
            self.supposed = True
        elif not qualifiers:
            among = self._all()
            self.columns.append(UnknownColumn(name, position, among[0] if len(among) == 1 else None, among))
        elif qualifiers[-1] not in self._absent:
            self.columns.append(UnknownColumn(name, position, relation, self._all()))

    def _may_come_from_what_is_not_known(self, position: int) -> bool:
        """Whether a hole, or a relation that is not there, may have a column that is named there without one."""
        ranged = {each.name for each in self.parsed.ranges if each.schema is None}
        for each in self.opened | self._missed:
            if each.what is Opened.RESULTS:
                if position in self.parsed.sorting:
                    return True
                continue
            within = each.start <= position and (each.end is None or position < each.end)
            if within or (not each.inside and (each.name is None or each.name in ranged)):
                return True
        return False

    def _assigned(self) -> None:
        """INSERT, UPDATE, COPY and an index: the target's columns are known, so what is assigned is looked up; and what
        else is named, where there is nothing but the target."""
        target = self.parsed.target
        relation = target and self.schema.relations.get((target.schema, target.name))
        if target is None or relation is None:
            return
        for each in self.parsed.assigned:
            if each.name not in relation.columns and HOLE_NAME not in each.name:
                self.columns.append(UnknownColumn(each.name, each.location, relation))
        if len(self.parsed.ranges) > 1 or self.parsed.queries > 1:
            return
        for column in self.parsed.columns:
            qualifier = column.parts[-2] if len(column.parts) > 1 else None
            name = "".join(column.parts[-1:])
            known = name in relation.columns or name in (target.called, *_SYSTEM) or HOLE_NAME in name
            if qualifier in (None, target.called, "excluded") and not known:
                self.columns.append(UnknownColumn(name, column.location, relation))

    def _named(self, qualifier: str) -> Relation | None:
        found = {
            relation.qualified: relation
            for each in self.parsed.ranges
            if each.called == qualifier
            and (relation := self.schema.relations.get((each.schema, each.name))) is not None
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _all(self) -> tuple[Relation, ...]:
        found = [self.schema.relations.get((each.schema, each.name)) for each in self.parsed.relations]
        return tuple({each.qualified: each for each in found if each is not None}.values())

    def _stand_in(self, missing: Range) -> str:
        named = "" if missing.alias else sql.SQL(" as {}").format(sql.Identifier(missing.name)).as_string()
        return f"(select null::text as {HOLE_NAME}){named}"

    def _original(self, position: int) -> int:
        """The offset in `text` of one in the edited text."""
        shift = 0
        for start, (end, new) in sorted(self._edits.items()):
            if start + shift + len(new) > position:
                break
            shift += len(new) - (end - start)
        return position - shift


async def hunt(
    connection: AsyncConnection[TupleRow],
    asked: Sequence[tuple[str, Callable[[int, int], bool], frozenset[Opening]]],
    schema: Schema,
) -> list[Hunt | None]:
    """What of each text is not there; None for one that does not parse. Adds the relations that they name to the
    schema. With each text comes whether characters of it (offset, length) are but a default, and what holes may add
    to."""
    parsed = [parse(text) for text, _, _ in asked]
    named = {(each.schema, each.name) for one in parsed if one is not None for each in one.ranges}
    schema.relations.update(await read_relations(connection, named - schema.relations.keys()))
    hunts = [
        None if one is None else Hunt(text, one, schema, is_assumed, opened)
        for (text, is_assumed, opened), one in zip(asked, parsed, strict=True)
    ]
    for each in hunts:
        if each is not None:
            each.begin()
    for _ in range(_MOST_ROUNDS):
        going = [each for each in hunts if each is not None and not each.over]
        if not going:
            break
        answers = await ask(connection, [Question(each.edited()) for each in going])
        for each, answer in zip(going, answers, strict=True):
            each.learn(answer)
    return hunts
