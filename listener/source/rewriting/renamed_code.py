"""Renames taken from SQL to the files that it stands in, where nothing else is made of the same text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PgmendError
from ..analysis import Analysis
from ..asking import Refused
from ..examined import Examined
from ..extracted import CodeStatement, Site
from ..folder import find_files
from ..schema import Schema, read_former, read_relations
from ..sqltext import Written
from .change import Change, Labelled
from .code_file import CodeFile, NotEditable
from .edit import Edit, OverlappingEdits, rewritten
from .handed_on import HandedOn, is_names
from .history import History
from .literals import Spot
from .mended import Mending, Mendings, Note
from .readers import readers
from .renames import Renaming, captured, rename
from .scopes import references
from .syntax import Syntax

_OF_NAMES: Final = ("UNKNOWN_COLUMN", "UNKNOWN_TABLE", "INVALID_SQL")
"""What the server says of a name that it does not find; the last where it does not say at which place."""


class _Stays(PgmendError):
    """Why an issue is not mended here."""


async def mend_renames(connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path) -> Mendings:
    """What follows renames that pgmend saw: the server takes each statement as it will be. `connection` is that of the
    analysis, `root` the folder that its files are in; nothing is written."""
    return await _mend(connection, analysis, root, names=True)


async def mend_sql_renames(connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path) -> Mendings:
    """As `mend_renames`, and only in texts that can be nothing but SQL: literals that are names alone are left."""
    return await _mend(connection, analysis, root, names=False)


async def _mend(connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path, *, names: bool) -> Mendings:
    lost = [
        one
        for one in analysis.examined
        if one.hunt is not None and (one.hunt.columns or one.hunt.tables or isinstance(one.answer, Refused))
    ]
    schema = next((one.schema for one in analysis.examined), Schema())
    history = History(schema.former or await read_former(connection))
    if history.columns:
        taken = [one.parsed for one in analysis.examined if one.described is not None and _may_name(one, history)]
        named = {(each.schema, each.name) for parsed in taken if parsed is not None for each in parsed.relations}
        schema.relations.update(await read_relations(connection, named - schema.relations.keys()))
    return _Desk(root, analysis, history, names=names).mendings(await rename(connection, lost, history))


class _Desk:
    """Takes changes of SQL to the files that it stands in."""

    def __init__(self, root: Path, analysis: Analysis, history: History, *, names: bool) -> None:
        self._root, self._analysis, self._history, self._names = root, analysis, history, names
        self._files: dict[str, CodeFile | str] = {}

    def mendings(self, renamings: Sequence[Renaming]) -> Mendings:
        edits: dict[int, tuple[Edit, ...]] = {}
        why: dict[int, str] = {}
        for each in renamings:
            try:
                edits[id(each.one)] = self._edits(each)
            except (_Stays, NotEditable, OverlappingEdits) as error:
                why[id(each.one)] = str(error)
        self._withdraw_shared(edits, why)
        ready: list[Mending] = []
        left: dict[str, str] = {}
        for issue in self._analysis.issues:
            one = self._analysis.grounds.get(issue.issue_id)
            if issue.issue_type not in _OF_NAMES or one is None:
                continue
            if id(one) in edits:
                ready.append(Mending(issue.issue_id, edits[id(one)]))
            elif id(one) in why:
                left[issue.issue_id] = why[id(one)]
            elif issue.column in self._history.columns:
                left[issue.issue_id] = (
                    f"a column {issue.column} was renamed, and nobody can tell whether it is this one"
                )
        paths = {edit.file for each in ready for edit in each.edits}
        files = {path: code for path in sorted(paths) if isinstance(code := self._files[path], CodeFile)}
        notes = [*self._of_rows(renamings, edits), *self._of_stars(), *self._of_others()]
        return Mendings(tuple(ready), left, tuple(dict.fromkeys(notes)), files)

    def _edits(self, renaming: Renaming) -> tuple[Edit, ...]:
        if renaming.refused is not None or not renaming.taken:
            raise _Stays(renaming.refused or "the server would object to more with every name that is changed")
        found = [self._change(each, renaming.one) for each in renaming.changes.values()]
        found += [self._label(each, renaming.one) for each in renaming.labels.values()]
        by_file: defaultdict[str, list[Edit]] = defaultdict(list)
        for each in found:
            by_file[each.file].append(each)
        for path, edits in by_file.items():
            code = self._file(path)
            code.encoded(rewritten(code.text, edits))
        return tuple(sorted(set(found)))

    def _change(self, change: Change, one: Examined) -> Edit:
        old, length = one.sql[change.start : change.end], change.end - change.start
        found = one.prepared.written(one.offset + change.start, length)
        text = change.written(old)
        if found is None and old.startswith('"') and not change.before and not change.behind:
            # The code has the name alone, and something else puts it in quotes.
            found = one.prepared.written(one.offset + change.start + 1, length - 2)
            text, length = change.name, length - 2
        if found is not None and change.before and found[0].text.strip() == old:
            raise _Stays(f"{change.name} is ambiguous there, and what stands in the code is the name alone")
        return self._placed(found, length, one, text, change.why)

    def _label(self, label: Labelled, one: Examined) -> Edit:
        edit = self._placed(
            one.prepared.written(one.offset + label.end - 1, 1), 1, one, f" as {label.label}", label.why
        )
        return Edit(edit.file, edit.end, edit.end, edit.text, edit.why)

    def _placed(self, found: tuple[Written, int] | None, length: int, one: Examined, text: str, why: str) -> Edit:
        if found is None:
            raise _Stays("the name is put together of pieces, or changed on its way")
        piece, place = found
        path = piece.file or one.statement.site.file
        spots = self._file(path).spots(piece)
        there = None if spots is None else spots[place : place + length]
        if not there or not _together(there):
            raise _Stays(f"{path}:{piece.line} does not have the text just as it is sent")
        self._require_of_sql(piece, path, there[0])
        token = there[0].token
        written = text if token is None else token.written(text)
        if written is None:
            raise _Stays(f"{text} cannot be written into such a literal ({path}:{piece.line})")
        return Edit(path, there[0].start, there[-1].end, written, why)

    def _require_of_sql(self, piece: Written, path: str, there: Spot) -> None:
        """A literal that is names alone may be of use to what is no statement: then it stays."""
        code = self._file(path)
        literal = None if there.token is None else code.literal_at(there.start)
        if literal is None or not is_names("".join(run.text for run in literal.runs)):
            return
        if not self._names:
            raise _Stays(f"{path}:{piece.line} is a name by itself, which nobody changes but a person")
        calls = {
            statement.call
            for statement in self._analysis.extraction.statements
            for each in statement.text
            if isinstance(each, Written) and (each.file or statement.site.file) == path
            if (spots := code.spots(each)) and literal.start <= spots[0].start < literal.end
        }
        others = HandedOn(Syntax(code), calls, lambda word: self._mentions(word, path)).elsewhere(there.start)
        if others:
            told = ", ".join(f"{each.file}:{each.line}" for each in others)
            raise _Stays(f"{path}:{piece.line} is a name by itself, and may be used otherwise, too: {told}")

    def _mentions(self, word: str, path: str) -> list[Site]:
        found: list[Site] = []
        for other in find_files(self._root).python:
            if other == path:
                continue
            try:
                content = (self._root / other).read_bytes()
            except OSError:
                found.append(Site(other, 1, 0))
                continue
            if (match := re.search(rb"\b" + re.escape(word.encode()) + rb"\b", content)) is not None:
                found.append(Site(other, content.count(b"\n", 0, match.start()) + 1, 0))
        return found

    def _file(self, path: str) -> CodeFile:
        """Raises NotEditable, the same each time."""
        if path not in self._files:
            try:
                self._files[path] = CodeFile(path, (self._root / path).read_bytes())
            except (NotEditable, SyntaxError, ValueError) as error:
                self._files[path] = str(error)
            except OSError as error:
                self._files[path] = f"{path} could not be read: {error.strerror}"
        found = self._files[path]
        if isinstance(found, str):
            raise NotEditable(found)
        return found

    def _withdraw_shared(self, edits: dict[int, tuple[Edit, ...]], why: dict[int, str]) -> None:
        """Leave alone what another statement is made of, too, that does not want the same."""
        while True:
            wanted = {edit for each in edits.values() for edit in each}
            if not wanted:
                return
            gone = dict(self._unwanted(wanted, edits))
            held = {name: gone[edit] for name, each in edits.items() for edit in each if edit in gone}
            if not held:
                return
            for name, said in held.items():
                del edits[name]
                why[name] = said

    def _unwanted(self, wanted: set[Edit], edits: Mapping[int, tuple[Edit, ...]]) -> Iterator[tuple[Edit, str]]:
        wants: defaultdict[int, set[Edit]] = defaultdict(set)
        for one in self._analysis.examined:
            wants[id(one.statement)] |= set(edits.get(id(one), ()))
        by_file: defaultdict[str, list[Edit]] = defaultdict(list)
        for each in wanted:
            by_file[each.file].append(each)
        for statement in self._analysis.extraction.statements:
            for piece in _pieces(statement, by_file):
                spots = self._file(piece.file or statement.site.file).spots(piece)
                for edit in by_file[piece.file or statement.site.file] if spots else ():
                    within = spots is not None and spots[0].start <= edit.start < spots[-1].end
                    if within and edit not in wants[id(statement)]:
                        yield edit, f"{statement.call.file}:{statement.call.line} is made of the same text"

    # Whom it concerns.

    def _of_rows(self, renamings: Sequence[Renaming], edits: Mapping[int, tuple[Edit, ...]]) -> Iterator[Note]:
        for each in renamings:
            if each.relabelled and id(each.one) in edits:
                yield from self._reading(each.one.statement, each.relabelled, "is read by a name that the rows lose")

    def _of_stars(self) -> Iterator[Note]:
        """Who reads a renamed column of `select *` by the old name: no statement is wrong there."""
        for one in self._analysis.examined:
            if one.described is None or "*" not in one.sql or not self._history.columns:
                continue
            if not any(each.parts[-1] == "*" for each in references(one.sql) or ()):
                continue
            before = self._history.columns - {name for name, _ in one.described.results}
            lost = {
                name
                for relation in one.relations()
                for name in before
                if name not in relation.columns and self._history.column(relation, name) is not None
            }
            if lost:
                yield from self._reading(
                    one.statement, lost, "is read from the rows of `*`, which call it otherwise now"
                )

    def _of_others(self) -> Iterator[Note]:
        taken = [one for one in self._analysis.examined if one.described is not None]
        for one, change in captured(taken, self._history):
            name = one.sql[change.start : change.end]
            yield Note(one.site(change.start), f"{name} means another column here than it did: {change.why}")

    def _reading(self, statement: CodeStatement, names: set[str], said: str) -> Iterator[Note]:
        try:
            code = self._file(statement.call.file)
        except NotEditable:
            return  # who reads it cannot be looked for; the file is told as unreadable where it is
        for line, name in readers(code.text, statement.function, names):
            yield Note(Site(statement.call.file, line, 0), f"{name} {said}")


def _may_name(one: Examined, history: History) -> bool:
    return "*" in one.sql or any(name in one.sql for name in history.columns)


def _pieces(statement: CodeStatement, files: Mapping[str, object]) -> Iterator[Written]:
    for piece in statement.text:
        if isinstance(piece, Written) and piece.text and (piece.file or statement.site.file) in files:
            yield piece


def _together(spots: Sequence[Spot]) -> bool:
    return all(one.end == other.start and one.token == other.token for one, other in pairwise(spots))
