"""The changes of code that go with a change of types: conversions that were right before and are wrong after, casts
that have no use then, and what only they had a use for."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..analysis import Analysis
from ..asking import seclude
from ..extracted import Site
from .certainty import Certainty
from .code_file import CodeFile, NotEditable
from .demand import Demands, demands
from .edit import Edit, OverlappingEdits, rewritten
from .own_conversions import OwnConversions
from .readings import Readings
from .rows import Query, Rows, queries
from .shift import Shift, shifts
from .sources import Sources
from .sql_edits import SqlEdits
from .surroundings import Surroundings
from .syntax import Syntax
from .type_change import TypeChange
from .values import CodeChange, Order, Stays, Values
from .views import through_views


class Told(NamedTuple):
    """A place of the code that a person has to look at, and why."""

    site: Site
    why: str


@dataclass(frozen=True, slots=True)
class CodeConversions:
    """`affected` are the places of the statements that name the columns. `changes` can be made, `told` are left to a
    person. `files` are those that are changed, by path."""

    affected: tuple[Site, ...] = ()
    changes: tuple[CodeChange, ...] = ()
    told: tuple[Told, ...] = ()
    files: Mapping[str, CodeFile] = field(default_factory=dict[str, CodeFile])

    @property
    def edits(self) -> Mapping[str, tuple[Edit, ...]]:
        """All edits by file."""
        found: defaultdict[str, set[Edit]] = defaultdict(set)
        for each in self.changes:
            for edit in each.edits:
                found[edit.file].add(edit)
        return {path: tuple(sorted(found[path])) for path in sorted(found)}

    @property
    def order(self) -> tuple[str, ...]:
        """What to put out when, so that nothing fails meanwhile; and where that cannot be, said aloud."""
        by_order: defaultdict[Order, list[Site]] = defaultdict(list)
        for each in self.changes:
            by_order[each.order].append(each.site)
        said: list[str] = []
        if by_order[Order.CODE_FIRST]:
            said.append(f"Before the schema: {_places(by_order[Order.CODE_FIRST])}; it works on both sides.")
        if by_order[Order.TOGETHER]:
            said.append(
                f"With the schema, in one moment: {_places(by_order[Order.TOGETHER])}; no code works on both sides, so"
                " what runs between the two fails. Stop what calls it, or bear the errors."
            )
        if by_order[Order.SCHEMA_FIRST]:
            said.append(
                f"After the schema: {_places(by_order[Order.SCHEMA_FIRST])}; the code of today works until then."
            )
        if by_order[Order.EITHER]:
            said.append(f"At any time: {_places(by_order[Order.EITHER])}; both codes work on both sides.")
        return tuple(said)


async def conversions(
    connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path, changes: Sequence[TypeChange]
) -> CodeConversions:
    """What the code of the analysis needs when those columns change. `connection` is in autocommit mode and of its own;
    nothing is planned or run but queries of catalogs, and nothing is written."""
    await seclude(connection)
    examined = analysis.examined
    shifted = await shifts(connection, examined, changes)
    met = {id(each.one) for each in shifted}
    shifted += [each for each in await through_views(connection, examined, changes) if id(each.one) not in met]
    read = {id(each.one): each.read for each in shifted if each.doubt is None}
    found = await queries(connection, examined, read)
    return _Desk(analysis, root, shifted, found).conversions()


class _Desk:
    """Puts together what belongs together."""

    def __init__(
        self, analysis: Analysis, root: Path, shifted: Sequence[Shift], found: Mapping[Site, Sequence[Query]]
    ) -> None:
        self._analysis, self._shifted, self._queries = analysis, shifted, found
        self._sources = Sources(root)
        around = Surroundings(root)
        self._own = OwnConversions(root, self._sources, around)
        self._sql = SqlEdits(analysis, self._sources, around)
        self._changes: dict[Site, CodeChange] = {}
        self._told: list[Told] = []

    def conversions(self) -> CodeConversions:
        demanded = demands(self._shifted, self._analysis.examined, self._analysis.extraction)
        for shift in self._shifted:
            if shift.doubt is not None:
                self._told.append(Told(shift.one.statement.site, shift.doubt))
        self._of_values(demanded)
        self._of_sql()
        self._of_rows(demanded)
        self._keep_apart()
        gone = self._gone()
        changes = (*(self._changes[site] for site in sorted(self._changes)), *gone)
        affected = {each.one.statement.site for each in self._shifted}
        paths = sorted({edit.file for each in changes for edit in each.edits})
        return CodeConversions(
            tuple(sorted(affected)),
            changes,
            tuple(sorted(dict.fromkeys(self._told))),
            {path: self._sources.file(path) for path in paths},
        )

    def _of_values(self, demanded: Demands) -> None:
        for shift, number in demanded.lost:
            before, after = shift.parameters[number]
            self._told.append(
                Told(
                    shift.one.statement.call, f"the value for ${number} ({before}, then {after}) could not be followed"
                )
            )
        for site in sorted(demanded.at):
            if site in demanded.unclear:
                self._told.append(Told(site, f"the same value: {demanded.unclear[site]}"))
                continue
            try:
                change = self._values(site.file, demanded).change(site)
            except (Stays, NotEditable) as stays:
                self._told.append(Told(site, str(stays)))
                continue
            if change is not None:
                self._changes[change.site] = change

    def _values(self, path: str, demanded: Demands) -> Values:
        syntax = self._sources.syntax(path)
        return Values(syntax, self._certainty(syntax), lambda call: _to(self._own, syntax, call), demanded.at)

    def _certainty(self, syntax: Syntax) -> Certainty:
        return Certainty(syntax, Rows(syntax, self._queries).known)

    def _of_rows(self, demanded: Demands) -> None:
        paths = {site.file for site, found in self._queries.items() if any(e.changes for q in found for e in q.results)}
        for path in sorted(paths):
            try:
                syntax = self._sources.syntax(path)
            except NotEditable as error:
                self._told.append(Told(Site(path, 1, 0), str(error)))
                continue
            readings = Readings(syntax, self._certainty(syntax))
            for node, results in Rows(syntax, self._queries).readings():
                site = Site(path, *syntax.line(node))
                if site in demanded.at:
                    continue
                try:
                    change = readings.change(node, results)
                except Stays as stays:
                    self._told.append(Told(site, str(stays)))
                    continue
                if change is not None:
                    self._changes.setdefault(change.site, change)

    def _of_sql(self) -> None:
        """The casts that go, where all that is made of the same text loses them."""
        cutting = [each for each in self._shifted if each.doubt is None and each.cuts]
        edits = {id(each.one): [self._sql.cut(each.one, cut) for cut in each.cuts] for each in cutting}
        for shift in cutting:
            one, found = shift.one, edits[id(shift.one)]
            if None in found:
                if not shift.taken_after:
                    self._told.append(
                        Told(one.statement.site, "a cast has to go that does not stand in the code as it is sent")
                    )
                continue
            sure = tuple(each for each in found if each is not None)
            other = self._sql.other_than(one, sure, edits)
            if other is not None:
                self._told.append(Told(one.statement.site, f"{other.file}:{other.line} is made of the same text"))
                continue
            elsewhere = self._sql.named_elsewhere(sure)
            if elsewhere is not None:
                self._told.append(Told(one.statement.site, elsewhere))
                continue
            order = Order.EITHER if shift.taken_before and shift.taken_after else Order.TOGETHER
            if shift.taken_before != shift.taken_after:
                order = Order.CODE_FIRST if shift.taken_before else Order.SCHEMA_FIRST
            site = Site(*one.site(shift.cuts[0].start))
            self._changes[site] = CodeChange(site, sure, order, sure[0].why)

    def _keep_apart(self) -> None:
        """Leave out what would not leave a file that parses, or changes the same place in two ways."""
        if self._fits(self._changes.values()):
            return
        kept: dict[Site, CodeChange] = {}
        for site, change in sorted(self._changes.items()):
            if self._fits((*kept.values(), change)):
                kept[site] = change
            else:
                self._told.append(Told(site, "it could not be written beside the other changes"))
        self._changes = kept

    def _fits(self, changes: Iterable[CodeChange]) -> bool:
        """Whether all of these together leave files that parse, in their own encodings."""
        edits: defaultdict[str, list[Edit]] = defaultdict(list)
        for change in changes:
            for each in change.edits:
                edits[each.file].append(each)
        try:
            for path, listed in edits.items():
                file = self._sources.file(path)
                text = rewritten(file.text, listed)
                file.encoded(text)
                if path.endswith(".py"):
                    ast.parse(text)
        except (OverlappingEdits, NotEditable, SyntaxError, ValueError):
            return False
        return True

    def _stays(self, file: str, line: int, why: str) -> None:
        self._told.append(Told(Site(file, line, 0), why))

    def _gone(self) -> Iterable[CodeChange]:
        calls = [
            (self._sources.syntax(each.site.file), each.called)
            for each in self._changes.values()
            if each.called is not None
        ]
        edits = [edit for each in self._changes.values() for edit in each.edits]
        found: defaultdict[str, list[Edit]] = defaultdict(list)
        for each in self._own.gone(calls, edits, self._stays):
            found[each.why].append(each)
        for why, listed in found.items():
            first = listed[0]
            site = Site(first.file, self._sources.file(first.file).line(first.start), 0)
            change = CodeChange(site, tuple(listed), Order.SCHEMA_FIRST, why)
            if self._fits((*self._changes.values(), change)):
                yield change


def _to(own: OwnConversions, syntax: Syntax, call: ast.Call) -> str | None:
    found = own.of(syntax, call)
    return found.to if found is not None else None


def _places(sites: Sequence[Site]) -> str:
    return ", ".join(f"{each.file}:{each.line}" for each in sorted(set(sites)))
