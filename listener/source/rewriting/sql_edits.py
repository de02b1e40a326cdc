"""Pieces of SQL that go from the files that they stand in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..analysis import Analysis
from ..examined import Examined
from ..extracted import Site
from ..sqltext import Written
from .carriers import of_literal, of_sql_file
from .casting import Cut
from .code_file import NotEditable
from .edit import Edit
from .sources import Sources
from .surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class SqlEdits:
    """Leads from statements of an analysis to its files."""

    analysis: Analysis
    sources: Sources
    around: Surroundings

    def cut(self, one: Examined, cut: Cut) -> Edit | None:
        """The edit of the file; None where these characters do not stand there just so."""
        found = one.prepared.written(one.offset + cut.start, cut.end - cut.start)
        if found is None:
            return None
        piece, place = found
        if piece.text[place : place + cut.end - cut.start] != one.sql[cut.start : cut.end]:
            return None  # what may be a password was sent with other literals
        try:
            file = self.sources.file(piece.file or one.statement.site.file)
            spots = file.spots(piece)
        except NotEditable:
            return None
        there = None if spots is None else spots[place : place + cut.end - cut.start]
        if not there or any(one.end != other.start for one, other in pairwise(there)):
            return None
        said = one.sql[cut.start : cut.end].strip()
        return Edit(file.path, there[0].start, there[-1].end, "", f"{said} has no use then")

    def named_elsewhere(self, edits: Sequence[Edit]) -> str | None:
        """A file that was not looked at, and may send the same text: it has a name that the text stands under."""
        for path in sorted({each.file for each in edits}):
            names: set[str] = set()
            if path.endswith(".py"):
                syntax = self.sources.syntax(path)
                sites = {each.call for each in self.analysis.extraction.statements if each.call.file == path}
                calls = {call for site in sites for call in syntax.calls_at(site.line, site.column)}
                for each in edits:
                    names |= of_literal(syntax, each.start, calls) if each.file == path else set()
            else:
                names = of_sql_file(path, self.sources.file(path).text)
            for name in sorted(names):
                if (found := self.around.naming(name, self.analysis.extraction.paths)) is not None:
                    return f"{found}, which was not looked at, may use the same text: it has the name {name}"
        return None

    def other_than(
        self, one: Examined, edits: Sequence[Edit], wanted: Mapping[int, Sequence[Edit | None]]
    ) -> Site | None:
        """A call of which the text has the same piece, and does not lose the casts."""
        by_statement: defaultdict[int, set[Edit | None]] = defaultdict(set)
        for each in self.analysis.examined:
            by_statement[id(each.statement)] |= set(wanted.get(id(each), ()))
        files = {each.file for each in edits}
        for statement in self.analysis.extraction.statements:
            if statement is one.statement or by_statement[id(statement)] >= set(edits):
                continue
            for piece in statement.text:
                if not isinstance(piece, Written) or (piece.file or statement.site.file) not in files or not piece.text:
                    continue
                spots = self.sources.file(piece.file or statement.site.file).spots(piece)
                if spots and any(spots[0].start <= edit.start < spots[-1].end for edit in edits):
                    return statement.call
        return None
