"""Mendings written into the code, and held only if the code is right then: it parses, and the server takes it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import CodeStays
from ...issue import Issue
from ...settings import Settings
from ..analysis import Analysis, analyze
from ..extracted import Extraction
from .mended import Mendings
from .menders import folder_of
from .patch import FilePatch, patches
from .record import Record, Records
from .writing import Writer


@dataclass(frozen=True, slots=True)
class Applied:
    """What was written, of which issues, and what the analysis of the code says now. `told` is for a person, `backups`
    where the files are kept as they were."""

    record: Record
    issues: tuple[Issue, ...]
    analysis: Analysis
    told: tuple[str, ...]
    backups: Path


async def apply(
    connection: AsyncConnection[TupleRow],
    analysis: Analysis,
    mendings: Mendings,
    root: Path,
    *,
    read: Callable[[], Extraction],
    settings: Settings,
    force: bool = False,
    records: Records | None = None,
) -> Applied | None:
    """Write all that is ready; None where nothing is. Raises CodeStays with the code as it was: where a file may not be
    written, or where the code read again (`read`) still has an issue that should be gone, or has a new one.
    `connection` is that of the analysis, `root` the folder or file that was analysed."""
    found = patches(folder_of(root), mendings.files, mendings.edits())
    if not found:
        return None
    for each in found:
        _require_parses(each)
    records = records or Records()
    writer = Writer(folder_of(root), records)
    ids = {each.issue_id for each in mendings.ready}
    issues = tuple(each for each in analysis.issues if each.issue_id in ids)
    with writer.alone() as recovered:
        if recovered:  # by somebody who died since `recover`
            raise CodeStays(" ".join((*recovered, "Nothing else is written. Cure: run it again.")))
        records.expire(settings.backup_retention)
        writing = writer.write(found, _summary(issues, found), [each.issue_id for each in issues], force=force)
        try:
            again = await analyze(connection, read(), settings)
            _require_right(analysis, again, issues, found)
        except BaseException:
            writer.take_back(writing)
            raise
        writing = writer.hold(writing)
    return Applied(writing.record, issues, again, writing.told, records.place(writing.record))


def recover(root: Path, records: Records | None = None) -> tuple[str, ...]:
    """Put back what somebody who was killed left under way in the code there, and say so: a sentence each, told once.
    To be done before the code is read; raises CodeStays where somebody writes right now."""
    records = records or Records()
    folder = folder_of(root).resolve()
    if next(records.unfinished(folder), None) is None:
        return ()
    with Writer(folder, records).alone() as recovered:
        return recovered


def undo(fix_id: str, records: Records | None = None) -> tuple[Record, tuple[str, ...]]:
    """Take back what `apply` wrote, beside what was changed since; raises NotFound where it is not known to this user
    on this machine, and CodeStays where it cannot be undone."""
    records = records or Records()
    writer = Writer(Path(records.find(fix_id).root), records)
    with writer.alone() as recovered:
        try:
            writing = writer.undo(fix_id)
        except CodeStays as error:
            raise CodeStays(" ".join((*recovered, str(error)))) from error
    return writing.record, (*recovered, *writing.told)


def _require_parses(patch: FilePatch) -> None:
    try:
        if patch.path.endswith(".py"):
            ast.parse(patch.after)
    except (SyntaxError, ValueError) as error:
        raise CodeStays(f"Nothing is written: {patch.path} would not parse any more ({error}).") from error


def _require_right(before: Analysis, after: Analysis, mended: Sequence[Issue], found: Sequence[FilePatch]) -> None:
    """Issues are told by number, file and type: a statement that changed has another name."""
    new = {each.path: each for each in after.extraction.unreadable}
    for each in before.extraction.unreadable:
        new.pop(each.path, None)
    if new:
        raise CodeStays(
            f"The files were restored: {'; '.join(f'{name}: {each.reason}' for name, each in new.items())}."
        )
    known, edited = {each.site for each in before.unseen}, {each.path for each in found}
    for each in after.unseen:
        if each.site not in known or each.site.file in edited:
            where = f"{each.site.file}:{each.site.line}"
            raise CodeStays(f"The files were restored, for the server did not look at {where}: {each.reason}.")
    judged, again = _judged(before), _judged(after)
    for path in sorted(edited):
        if again[path] < judged[path]:
            raise CodeStays(f"The files were restored: in {path} fewer statements could be judged than before.")
    allowed = Counter(_kind(each) for each in before.issues)
    allowed.subtract(_kind(each) for each in mended)
    for kind, number in Counter(_kind(each) for each in after.issues).items():
        if number > allowed[kind]:
            ids = {each.issue_id for each in before.issues}
            one = next((each for each in after.issues if _kind(each) == kind and each.issue_id not in ids), None)
            said = "" if one is None or one.site is None else f" {one.site.file}:{one.site.line}: {one.current_state}"
            raise CodeStays(f"The files were restored: there would still be {kind[1]}.{said}")


def _kind(issue: Issue) -> tuple[str, str]:
    return "" if issue.site is None else issue.site.file, issue.issue_type


def _judged(analysis: Analysis) -> Counter[str]:
    """How many statements the server described, or said what is wrong with, by file."""
    return Counter(one.statement.site.file for one in analysis.examined if one.unseen is None)


def _summary(issues: Sequence[Issue], found: Sequence[FilePatch]) -> str:
    files = found[0].path if len(found) == 1 else f"{len(found)} files"
    return f"Change {files} for {len(issues)} {'issue' if len(issues) == 1 else 'issues'} of code"
