"""The tree of code with what is wrong in it: read when files change, judged where that or the schema did.

Issues are kept by the call that they are of: all texts of a call are judged together, and so are equal texts of one
file, whose issues are told apart by numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..issue import Issue, definition_hash
from ..relations.reading.reader import Piece
from ..settings import Settings
from ..source.analysis import Analysis, Unseen, analyze
from ..source.extracted import CodeStatement, Extraction, Site
from ..source.extraction import extract
from ..source.folder import find_files
from ..source.reading import Reader
from ..source.remarks import Remarks
from .account import Account, Figures, Moved, is_within
from .pieces import files_of, pieces_in, storable
from .roll import Roll

_MOST_TROUBLES: Final = 5
DOUBT: Final = "it is in code, which a person changes; what follows a rename, `pgmend analyze --diff` has as a patch"
Stamp = tuple[int, int, int]


class Codebase:
    """Of one folder. Nothing is known before the first `read`. `folders` are those that were looked into, with their
    inodes."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root = root
        self._settings = settings
        self._stamps: Mapping[str, Stamp] | None = None
        self.folders: Mapping[Path, int] = {}
        self._reader = Reader()
        self.extraction = Extraction()
        self._remarks = Remarks()
        self._unreadable = frozenset[str]()
        self._roll = Roll(self.extraction)
        self._unjudged: set[int] = set()
        self._partly: set[int] = set()
        self._issues: dict[str, Issue] = {}
        self._calls: dict[str, Site] = {}
        self._unseen: dict[Site, Unseen] = {}
        self._told: dict[str, Issue] = {}
        self._compared: set[str] = set()
        self._first = True

    @property
    def issues(self) -> Collection[Issue]:
        """What is wrong, as far as it was looked at."""
        return self._issues.values()

    def has_moved(self) -> bool:
        """Whether any file is other than when it was last read; raises InvalidRequest where the folder is gone."""
        before, self.folders = self._stamps, {}
        tree = find_files(self._root, self._settings.code_exclude)
        # Before the files: one that is written meanwhile is read again.
        self._stamps = _stamps(tree.root, (*tree.python, *tree.sql))
        folders = _stamps(tree.root, tree.folders)
        self.folders = {tree.root / each: inode for each, (_, _, inode) in folders.items()}
        return self._stamps != before

    def read(self) -> None:
        """Read what there is now; raises InvalidRequest where the folder is gone."""
        before = self._roll
        self.extraction = extract(self._root, self._settings.code_exclude, self._reader)
        self._unreadable = frozenset(
            path for each in self.extraction.unreadable for path in (each.path, storable(each.path))
        )
        remarks = Remarks.of(find_files(self._root, self._settings.code_exclude))
        # Where the issues of such a file stay, so does what is ignored of them.
        kept = (each for each in self._remarks.usable if is_within(each.file, self._unreadable))
        self._remarks = replace(remarks, usable=tuple(dict.fromkeys([*remarks.usable, *kept])))
        self._roll = roll = Roll(self.extraction)
        # What the code makes itself is no defect anywhere in it.
        known = before.numbers.keys() if roll.creating == before.creating else ()
        again = {number for each, number in roll.numbers.items() if each not in known}
        self._unjudged = again | roll.moved(before, self._unjudged)
        self._partly = roll.moved(before, self._partly)

    def unseen_again(self) -> None:
        """Have what could not be looked at judged at the next look."""
        self._unjudged |= self._roll.at(self._unseen.keys())

    def touch(self, moved: Moved) -> None:
        """Have what the schema's moves may concern judged at the next look."""
        if moved.everything:
            self._unjudged = set(range(len(self._roll.statements)))
        else:
            self._unjudged |= {number for name in moved.names for number in self._roll.naming(name)}

    async def look(self, connection: AsyncConnection[TupleRow], moved: Moved) -> Account:
        """Judge what is not judged, and tell what is otherwise than before. `connection` is in autocommit mode and of
        its own. What could not be looked at keeps its issues, and so does a file that cannot be read now."""
        numbers = self._roll.together(self._unjudged)
        asked = [self._roll.statements[number] for number in numbers]
        pieces: tuple[Piece, ...] = ()
        if asked:
            analysis = await analyze(connection, self.extraction, self._settings, asked)
            self._learn(analysis, asked, moved)
            self._partly = (self._partly - set(numbers)) | {self._roll.numbers[each] for each in analysis.partly}
            self._unjudged.clear()
            pieces = tuple(pieces_in(analysis.examined))
        self._forget({call for call in self._calls.values() if call not in self._roll.calls})
        self._unseen = {site: each for site, each in self._unseen.items() if site in self._roll.sites}
        return self._account(pieces, {self._roll.identities[number] for number in numbers})

    def _learn(self, analysis: Analysis, statements: Sequence[CodeStatement], moved: Moved) -> None:
        sites = {each.site for each in statements}
        self._unseen = {site: each for site, each in self._unseen.items() if site not in sites}
        self._unseen |= {each.site: each for each in analysis.unseen}
        kept, before = {each.call for each in statements if each.site in self._unseen}, dict(self._issues)
        self._forget({each.call for each in statements} - kept)
        calls = analysis.calls
        for issue in analysis.issues:
            known = before.get(issue.issue_id)
            event_id = issue.event_id or (moved.names.get(issue.table) if known is None else known.event_id)
            self._issues[issue.issue_id] = _storable(issue, event_id)
            self._calls[issue.issue_id] = calls[issue.issue_id]

    def _account(self, pieces: tuple[Piece, ...], asked: set[str]) -> Account:
        # What a comment in the code wants ignored is not told of, by whichever look it came.
        telling = {
            name: each
            for name, each in self._issues.items()
            if self._remarks.about(each, self._calls.get(name)) is None
        }
        issues = tuple(each for name, each in telling.items() if self._told.get(name) != each)
        gone = frozenset(self._told.keys() - telling.keys())
        there = frozenset(self._roll.identities)
        comparing = {each.identity for each in pieces}
        silent = {each for each in self._compared if each not in there or (each in asked and each not in comparing)}
        if self._unreadable:
            silent = {each for each in silent if each in there or not self._is_any_unreadable(files_of(each))}
        self._compared = (self._compared - silent) | comparing
        self._told = telling
        first, self._first = self._first, False
        return Account(self.figures(), issues, gone, first, pieces, frozenset(silent), self._unreadable)

    def figures(self, trouble: str | None = None) -> Figures:
        """How much there is; `trouble` is why it could not be looked at now."""
        extraction = self.extraction
        live = len(self._roll.statements)
        return Figures(
            str(self._root),
            extraction.files,
            extraction.lines,
            live,
            live - len(self._partly | self._unjudged),
            len(extraction.dynamic),
            trouble or self._trouble(),
        )

    def _trouble(self) -> str | None:
        said = [f"{each.path}:{each.line}: {each.reason}" for each in self.extraction.unreadable]
        said += [f"{each.site.file}:{each.site.line}: {each.reason}" for each in self._unseen.values()]
        if not said:
            return None
        more = f"; and {len(said) - _MOST_TROUBLES} more" if len(said) > _MOST_TROUBLES else ""
        return storable("; ".join(said[:_MOST_TROUBLES]) + more)

    def _forget(self, calls: Collection[Site]) -> None:
        for name in [name for name, call in self._calls.items() if call in calls and not self._is_kept(name)]:
            del self._issues[name], self._calls[name]

    def _is_kept(self, name: str) -> bool:
        """Whether nobody can tell now if the issue is still there."""
        site = self._issues[name].site
        return self._is_any_unreadable((self._calls[name].file, *(() if site is None else (site.file,))))

    def _is_any_unreadable(self, files: Iterable[str]) -> bool:
        return any(is_within(each, self._unreadable) for each in files)


def _stamps(root: Path, paths: Iterable[str]) -> dict[str, Stamp]:
    """What tells of a change: when it was written, how long it is, which one it is."""
    stamps: dict[str, Stamp] = {}
    for path in paths:
        try:
            found = (root / path).stat()
        except OSError:
            continue
        stamps[path] = found.st_mtime_ns, found.st_size, found.st_ino
    return stamps


def _storable(issue: Issue, event_id: str | None) -> Issue:
    """The issue without characters that no text of PostgreSQL may hold, of that event."""
    site = issue.site
    assert site is not None
    current, expected = storable(issue.current_state), storable(issue.expected_state)
    return replace(
        issue,
        schema=storable(issue.schema),
        table=storable(issue.table),
        column=storable(issue.column),
        object_name=storable(issue.object_name),
        current_state=current,
        expected_state=expected,
        evidence=tuple(replace(each, seen=storable(each.seen)) for each in issue.evidence),
        doubt=DOUBT,
        event_id=event_id,
        definition_hash=definition_hash(current, expected),
        site=replace(site, file=storable(site.file), statement=storable(site.statement)),
    )
