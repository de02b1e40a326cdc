"""Statements that name what was renamed, with the names of now: proposed by scope, and taken by the server.

A column that gives a result its name keeps that (`new as old`), so that nobody who reads the rows has to change, and
nobody has to be found who does. Where a statement is put together of names alone (`select_one(columns=["old"])`), the
rows change, and those who read them by the old name are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..asking import Answer, Question, Refused, Unasked, ask
from ..examined import Examined
from ..schema import Name, Relation, read_relations
from ..unknown import UNDEFINED_COLUMN
from .change import Change, Labelled, identifier, spans_of
from .history import History, Renamed
from .scopes import Ranged, Reference, Scope, references

_MOST_ROUNDS: Final = 25
_WORDS: Final = re.compile(r"\w+")
_ODD: Final = re.compile(r"[%{}\\:?$'\0]")
"""What other conventions of a text than SQL's may read in a name."""


class _Met(NamedTuple):
    """A column that is `there`, or what it is called now."""

    there: bool
    renamed: Renamed | None = None


@dataclass(slots=True)
class Renaming:
    """One statement on its way to the names of now. `refused` says why it does not get there.

    Where it `keeps_label` of a column, as SQL that is written out does, its results keep their names.
    """

    one: Examined
    history: History
    relations: dict[Name, Relation]
    renamed_tables: dict[tuple[str | None, str], tuple[Relation, str]] = field(
        default_factory=dict[tuple[str | None, str], tuple[Relation, str]]
    )
    changes: dict[int, Change] = field(default_factory=dict[int, Change])
    labels: dict[int, Labelled] = field(default_factory=dict[int, Labelled])
    relabelled: set[str] = field(default_factory=set[str])
    refused: str | None = None
    taken: bool = False
    _confirmed: set[int] = field(default_factory=set[int])
    _references: tuple[Reference, ...] = ()

    def begin(self) -> None:
        """Propose what is sure before anybody is asked."""
        hunt, found = self.one.hunt, references(self.one.sql)
        if found is None:
            self.refused = "it does not parse"
            return
        if self.one.masked:
            self.refused = "it may hold a password, and was not shown to the server as it is"
            return
        if self.one.statement.condition is not None:
            self.refused = f"it runs only by `{self.one.statement.condition}`, which may know of both names"
            return
        self._references = found
        self._confirmed = {each.position for each in hunt.columns} if hunt is not None else set()
        for table in hunt.tables if hunt is not None else ():
            now = self.renamed_tables.get((table.schema, table.name))
            if now is not None:
                self._rename_table(table.position, table.schema, *now)
        self._rename_columns()
        if not self.changes and (lost := self._without_a_place()) is not None:
            self.refused = lost

    def edited(self) -> str:
        """The SQL with all changes."""
        pieces: list[str] = []
        here = 0
        for start, end, text in sorted(self._edits()):
            pieces += (self.one.sql[here:start], text)
            here = end
        return "".join((*pieces, self.one.sql[here:]))

    def learn(self, answer: Answer) -> None:
        """Take in what the server says of the edited text."""
        again = replace(self.one, sql=self.edited(), answer=answer, hunt=None, typed=None)
        if isinstance(answer, Unasked) or again.unseen is not None:
            self.refused = again.unseen or "the server was not asked about it"
        elif again.refused is None:
            self.taken = True
        elif isinstance(answer, Refused):
            place = self._original(answer.position)
            if answer.sqlstate != UNDEFINED_COLUMN or place in self._confirmed:
                self.refused = f"the server would still object: {answer.message} ({answer.sqlstate})"
                return
            self._confirmed.add(place)
            before = len(self.changes)
            self._rename_columns()
            if len(self.changes) == before:
                self.refused = f"the server would still object: {answer.message} ({answer.sqlstate})"

    def _without_a_place(self) -> str | None:
        """Where the server finds no column, and says it of no place that is known: the one that it may well be."""
        answer, words = self.one.answer, frozenset(_WORDS.findall(self.one.sql))
        if not isinstance(answer, Refused) or answer.sqlstate != UNDEFINED_COLUMN:
            return None
        for relation in self.one.relations():
            for name in self.history.columns & words - relation.columns.keys():
                if (renamed := self.history.column(relation, name)) is not None:
                    where = "where it cannot just be changed (USING, or a row's field)"
                    return f"{renamed.told} The statement names it {where}"
        return None

    @property
    def concerned(self) -> bool:
        """Whether something that it lacks was renamed, as far as one can tell without its parts."""
        hunt = self.one.hunt
        return hunt is not None and (
            self._without_a_place() is not None
            or any((each.schema, each.name) in self.renamed_tables for each in hunt.tables)
            or any(
                self.history.column(relation, each.name) is not None
                for each in hunt.columns
                for relation in ((each.relation,) if each.relation is not None else each.among)
            )
        )

    @property
    def going(self) -> bool:
        """Whether the server has yet to be asked."""
        return not self.taken and self.refused is None

    def _edits(self) -> Iterator[tuple[int, int, str]]:
        for each in self.changes.values():
            yield each.start, each.end, each.written(self.one.sql[each.start : each.end])
        for each in self.labels.values():
            yield each.end, each.end, f" as {each.label}"

    # Tables.

    def _rename_table(self, location: int, schema: str | None, now: Relation, why: str) -> None:
        parts = spans_of(self.one.sql, location, 1 if schema is None else 2)
        if parts is None:
            return
        same = self.relations.get((schema, now.name))
        before = "" if same is not None and same.qualified == now.qualified else f"{identifier(now.schema)}."
        start, end = parts[-1]
        if schema is not None and before:
            start = parts[0][0]
        self.changes[location] = Change(start, end, now.name, why, before)
        for each in self._references:
            self._requalify(each, location, now.name, why)

    def _requalify(self, reference: Reference, location: int, now: str, why: str) -> None:
        """Follow the table's new name in `old.column`, `old.*`, and in `old` for a whole row."""
        whole = len(reference.parts) == 1
        qualifier = reference.parts[0] if whole else reference.parts[-2]
        found = _called(reference.scope, qualifier)
        if found is None or found[0].location != location or found[0].alias:
            return
        if whole and self._holders(reference, qualifier):
            return
        spans = spans_of(self.one.sql, reference.location, len(reference.parts) - (reference.parts[-1] == "*"))
        if spans is None:
            return
        start, end = spans[-1 if whole or reference.parts[-1] == "*" else -2]
        self.changes[start] = Change(start, end, now, why)
        if whole and reference.labelled is not None:
            self._label(reference.labelled, self.one.sql[start:end], why)

    def _holders(self, reference: Reference, name: str) -> bool:
        return any(
            name in relation.columns
            for scope in reference.scope.outwards
            for each in scope.ranges
            if (relation := self._relation(each)) is not None
        )

    # Columns.

    def _rename_columns(self) -> None:
        for each in self._references:
            if each.parts[-1] == "*":
                continue
            met = self._meant(each)
            if met is None:
                continue
            ranged, depth, renamed = met
            spans = spans_of(self.one.sql, each.location, len(each.parts))
            if spans is None:
                self.refused = f"the place of {each.parts[-1]} in it is not clear"
                return
            self._rename(each, spans[-1], ranged, depth, renamed)

    def _rename(
        self, reference: Reference, span: tuple[int, int], ranged: Ranged, depth: int, renamed: Renamed
    ) -> None:
        start, end = span
        old = self.one.sql[start:end]
        before = ""
        if len(reference.parts) == 1 and not reference.assigned and self._met_elsewhere(reference, depth, renamed.name):
            before = f"{identifier(ranged.called)}."
        alone = self._alone(start, end)
        change = Change(start, end, renamed.name, renamed.told, before)
        if reference.labelled is not None and alone:
            self.relabelled.add(reference.parts[-1])
        elif reference.labelled == end:
            change = change._replace(behind=f" as {old}")
        elif reference.labelled is not None:
            self._label(reference.labelled, old, renamed.told)
        self.changes[start] = change

    def _label(self, end: int, label: str, why: str) -> None:
        self.labels[end] = Labelled(end, label, why)

    def _alone(self, start: int, end: int) -> bool:
        """Whether the code has the name by itself, for others to put into a text."""
        quotes = self.one.sql[start] == '"'
        found = self.one.prepared.written(self.one.offset + start + quotes, end - start - 2 * quotes)
        if found is None or found[0].adjacent:
            return False
        return found[0].text.strip(' "') == self.one.sql[start:end].strip('"')

    def _meant(self, reference: Reference) -> tuple[Ranged, int, Renamed] | None:
        """The range whose renamed column it is, how many queries further out that is, and what it is called now."""
        *qualifiers, name = reference.parts
        if qualifiers:
            found = _called(reference.scope, qualifiers[-1])
            met = None if found is None else self._column(found[0], name)
            return None if found is None or met is None or met.renamed is None else (*found, met.renamed)
        if reference.sorts and name in reference.scope.labels and reference.location not in self._confirmed:
            return None
        for depth, scope in enumerate(reference.scope.outwards):
            visible = [(each, self._column(each, name)) for each in scope.ranges if not each.apart]
            if any(met is not None and met.there for _, met in visible):
                return None
            having = [(each, met.renamed) for each, met in visible if met is not None and met.renamed is not None]
            unclear = any(met is None for _, met in visible) and reference.location not in self._confirmed
            if having or unclear:
                return (having[0][0], depth, having[0][1]) if len(having) == 1 and not unclear else None
        return None

    def _column(self, ranged: Ranged, name: str) -> _Met | None:
        """Whether there is such a column, or was; None where that is not known."""
        if ranged.name is None:
            if ranged.labels is None or name in ranged.labels:
                return None if ranged.labels is None else _Met(there=True)
            found = [self._column(each, name) for each in ranged.within]
            if None in found:
                return None
            renamed = {each.renamed for each in found if each is not None and each.renamed is not None}
            there = any(each is not None and each.there for each in found)
            return _Met(there, renamed.pop() if len(renamed) == 1 and not there else None)
        relation = self._relation(ranged)
        if relation is None:
            return None
        there = name in relation.columns
        return _Met(there, None if there else self.history.column(relation, name))

    def _met_elsewhere(self, reference: Reference, depth: int, name: str) -> bool:
        """Whether the new name alone may mean something else, too."""
        if reference.sorts and name in reference.scope.labels:
            return True
        scopes = [scope for number, scope in enumerate(reference.scope.outwards) if number <= depth]
        relations = [self._relation(each) for scope in scopes for each in scope.ranges if not each.apart]
        return len(relations) > 1 and (
            None in relations or sum(each is not None and name in each.columns for each in relations) > 1
        )

    def _relation(self, ranged: Ranged) -> Relation | None:
        if ranged.name is None:
            return None
        known = self.relations.get((ranged.schema, ranged.name))
        if known is None and (now := self.renamed_tables.get((ranged.schema, ranged.name))) is not None:
            return now[0]
        return known

    def _original(self, position: int) -> int:
        """The offset in the statement's own SQL of one in the edited text."""
        shift = 0
        for start, end, text in sorted(self._edits()):
            if start + shift >= position:
                break
            shift += len(text) - (end - start)
        return position - shift

    @property
    def taken_names(self) -> str | None:
        """A name in it that was another column's before, so that nobody can tell which of both the code means."""
        for each in self._references:
            *qualifiers, name = each.parts
            found = _called(each.scope, qualifiers[-1]) if qualifiers else None
            ranges = each.scope.ranges if not qualifiers else [] if found is None else found[:1]
            for relation in (relation for one in ranges if (relation := self._relation(one)) is not None):
                renamed = self.history.column(relation, name) if name in relation.columns else None
                if renamed is not None and renamed.name != name:
                    return name
        return None


async def rename(
    connection: AsyncConnection[TupleRow], statements: Sequence[Examined], history: History
) -> list[Renaming]:
    """The statements that name what was renamed, each with its changes, or the reason why it has none. `connection`
    is that of the analysis."""
    if not statements:
        return []
    schema = statements[0].schema
    tables = {
        (table.schema, table.name): now
        for one in statements
        for table in (one.hunt.tables if one.hunt is not None else ())
        if (now := history.table(table.schema, table.name)) is not None
    }
    wanted = {name for name, _ in tables.values()}
    wanted |= {(schema_name, name[1]) for (schema_name, _), (name, _) in tables.items() if schema_name is None}
    relations = {**schema.relations, **await read_relations(connection, wanted - schema.relations.keys())}
    renamed = {key: (relations[name], told) for key, (name, told) in tables.items() if name in relations}
    found = [Renaming(one, history, relations, renamed) for one in statements]
    for each in found:
        each.begin()
    found = [each for each in found if each.changes or (each.refused is not None and each.concerned)]
    for each in found:
        if (name := each.taken_names) is not None:
            each.refused = f"{name} was the name of another column before, so that it may mean either"
        elif (odd := next((one.name for one in each.changes.values() if _ODD.search(one.name)), None)) is not None:
            each.refused = f"{odd!r} has characters that are more than a name in such a text"
    for _ in range(_MOST_ROUNDS):
        going = [each for each in found if each.going]
        if not going:
            break
        for each, answer in zip(going, await ask(connection, [Question(each.edited()) for each in going]), strict=True):
            each.learn(answer)
    return found


def captured(statements: Sequence[Examined], history: History) -> Iterator[tuple[Examined, Change]]:
    """Names in statements that the server takes, and that mean another query's column since theirs was renamed. Their
    relations are in the schema."""
    for one in statements:
        if any(name in one.sql for name in history.columns):
            renaming = Renaming(one, history, one.schema.relations)
            renaming.begin()
            for change in renaming.changes.values():
                yield one, change


def _called(scope: Scope, name: str) -> tuple[Ranged, int] | None:
    """What is called so at that place, and how many queries further out."""
    for depth, each in enumerate(scope.outwards):
        found = [one for one in each.ranges if one.called == name]
        if found:
            return (found[0], depth) if len(found) == 1 else None
    return None
