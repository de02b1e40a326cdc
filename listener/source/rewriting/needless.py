"""Conversions and casts that have no use as things are, taken away where that is proved to change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pglast import ast as sql_ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...issue import Issue
from ..analysis import Analysis
from ..asking import Question, Taken, ask, seclude
from ..examined import Examined
from ..extracted import Site
from ..statement_tree import tree_of
from .casting import Cast, casts, without
from .certainty import Certainty
from .code_file import NotEditable
from .conversion import conversion_of, removed
from .demand import Demands, demands
from .edit import Edit
from .mended import Mending, Mendings
from .rows import Query, Rows, queries
from .shift import Shift, name_types
from .sources import Sources
from .sql_edits import SqlEdits
from .surroundings import Surroundings
from .syntax import Syntax
from .type_change import PYTHON, family
from .values import Stays

CONVERSION: Final = "REDUNDANT_CONVERSION"
CAST: Final = "TYPE_CAST_IN_QUERY"


async def mend_needless(connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path) -> Mendings:
    """What needs no change of the schema: a conversion of what surely is of that type, and a cast of a column that is
    compared with a value which surely is of the column's type but for its own conversion."""
    issues = [each for each in analysis.issues if each.issue_type in (CONVERSION, CAST) and each.site is not None]
    if not issues:
        return Mendings()
    await seclude(connection)
    found = await queries(connection, analysis.examined, {})
    desk = _Desk(analysis, root, found)
    for issue in issues:
        if issue.issue_type == CONVERSION:
            desk.take(issue, lambda issue: desk.conversion(_site(issue)))
    for issue, one in ((each, analysis.grounds.get(each.issue_id)) for each in issues if each.issue_type == CAST):
        if one is not None:
            shift = await _uncast(connection, one, _site(issue))
            desk.take(issue, lambda _, one=one, shift=shift: desk.cast(one, shift))
    return desk.mendings()


async def _uncast(connection: AsyncConnection[TupleRow], one: Examined, site: Site) -> Shift:
    """The statement without the cast there, and without the same one of the other side."""
    tree = tree_of(one.sql)
    found = casts(one.sql, tree) if tree is not None else ()
    ours = next((each for each in found if each.at >= 0 and one.site(each.at) == site), None)
    if ours is None:
        return Shift(one, doubt="the cast does not stand there as it is sent")
    gone = (ours, *(each for each in found if each is not ours and _faces(ours, each)))
    text = without(one.sql, tree, [(each.location, each.cuts) for each in gone])
    answer = (await ask(connection, [Question(text)]))[0] if text is not None else None
    known = one.described
    if not isinstance(answer, Taken) or known is None:
        return Shift(one, doubt="without the cast it compares two types: it goes with a change of one column's type")
    await name_types(connection, one.schema, [known, answer])
    if answer.results != known.results:
        return Shift(one, doubt="without the cast its results are others")
    types = [(one.schema.type_name(was), one.schema.type_name(now)) for was, now in _paired(known, answer)]
    changed = {number: each for number, each in enumerate(types, start=1) if each[0] != each[1]}
    return Shift(one, tuple(sorted(cut for each in gone for cut in each.cuts)), changed)


def _paired(known: Taken, answer: Taken) -> Sequence[tuple[int, int]]:
    return list(zip(known.parameters, answer.parameters, strict=False))


def _faces(ours: Cast, other: Cast) -> bool:
    """Whether the other one is what ours is compared with, to the same family of types."""
    locations = {each.location for each in ours.beside if isinstance(each, sql_ast.TypeCast)}
    return other.location in locations and family(other.type) == family(ours.type)


class _Desk:
    def __init__(self, analysis: Analysis, root: Path, found: Mapping[Site, Sequence[Query]]) -> None:
        self._analysis, self._queries = analysis, found
        self._sources = Sources(root)
        self._sql = SqlEdits(analysis, self._sources, Surroundings(root))
        self._ready: list[Mending] = []
        self._left: dict[str, str] = {}

    def take(self, issue: Issue, edits: Callable[[Issue], tuple[Edit, ...]]) -> None:
        """Have the edits of an issue, or why it stays."""
        try:
            self._ready.append(Mending(issue.issue_id, edits(issue)))
        except (Stays, NotEditable) as stays:
            self._left[issue.issue_id] = str(stays)

    def mendings(self) -> Mendings:
        """What is ready, and what is left."""
        paths = sorted({edit.file for each in self._ready for edit in each.edits})
        return Mendings(tuple(self._ready), self._left, (), {path: self._sources.file(path) for path in paths})

    def conversion(self, site: Site) -> tuple[Edit, ...]:
        """The value alone; raises Stays."""
        syntax = self._sources.syntax(site.file)
        node = syntax.value_at(site.line, site.column)
        found = conversion_of(syntax, node) if node is not None else None
        if found is None:
            raise Stays("whether it is a conversion is not sure")
        known = self._certainty(syntax).of(found.inner)
        if known is None or known.type != found.function:
            raise Stays(f"{syntax.source(found.inner)} may be None, or of another type on some way to there")
        return tuple(removed(syntax, found, f"{syntax.source(found.inner)} is a {known.type}: {known.why}"))

    def cast(self, one: Examined, shift: Shift) -> tuple[Edit, ...]:
        """The statement without the cast, and the values without their conversions; raises Stays."""
        if shift.doubt is not None:
            raise Stays(shift.doubt)
        cuts = [self._sql.cut(one, each) for each in shift.cuts]
        sure = [each for each in cuts if each is not None]
        if len(sure) < len(cuts):
            raise Stays("the cast does not stand in the code as it is sent")
        other = self._sql.other_than(one, sure, {id(one): sure})
        if other is not None:
            raise Stays(f"{other.file}:{other.line} is made of the same text")
        elsewhere = self._sql.named_elsewhere(sure)
        if elsewhere is not None:
            raise Stays(elsewhere)
        demanded = demands([shift], self._analysis.examined, self._analysis.extraction)
        if demanded.lost:
            raise Stays("a value that it is compared with could not be followed")
        return (*sure, *(edit for site in sorted(demanded.at) for edit in self._value(site, demanded)))

    def _value(self, site: Site, demanded: Demands) -> tuple[Edit, ...]:
        wanted = demanded.at[site]
        if site in demanded.unclear or len({family(each.after) for each in wanted}) > 1:
            raise Stays("the value goes to another statement, too")
        syntax = self._sources.syntax(site.file)
        node = syntax.value_at(site.line, site.column)
        found = conversion_of(syntax, node) if node is not None else None
        known = self._certainty(syntax).of(found.inner) if found is not None else None
        if found is None or known is None or known.type != PYTHON.get(family(wanted[0].after)):
            raise Stays(f"the value in line {site.line} is not proved to be of the column's own type")
        return tuple(removed(syntax, found, f"{syntax.source(found.inner)} is a {known.type}: {known.why}"))

    def _certainty(self, syntax: Syntax) -> Certainty:
        return Certainty(syntax, Rows(syntax, self._queries).known)


def _site(issue: Issue) -> Site:
    assert issue.site is not None
    return Site(issue.site.file, issue.site.line, issue.site.column_offset)
