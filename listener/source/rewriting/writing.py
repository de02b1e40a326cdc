"""Patches written into files: all or none, each at once, backed up before, and taken back where they do not hold.

Whoever is killed leaves each file as it was or as it becomes. The record says which files were under way, and who comes
next puts them back, before anything else is written.
"""

from __future__ import annotations

import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import CodeStays
from .code_folder import CodeFolder, Found, Staged, temporary_name
from .merging import Collision, TooDifferent, merged
from .patch import FilePatch
from .record import Record, RecordedFile, Records, new_record
from .worktree import top_of, unclean


@dataclass(frozen=True, slots=True)
class Writing:
    """A writing that took place. `told` is what a person should know."""

    record: Record
    told: tuple[str, ...] = ()


class Writer:
    """Writes into the code below one folder. All but `backups` is done while it is `alone`."""

    def __init__(self, root: Path, records: Records | None = None) -> None:
        self._folder = CodeFolder(root)
        self._records = records or Records()

    @property
    def backups(self) -> Path:
        """Where files are kept as they were."""
        return self._records.folder

    @contextmanager
    def alone(self) -> Generator[tuple[str, ...]]:
        """Keep every other pgmend of this user from writing into code, until it is known whether what was written
        holds. What somebody who was killed left under way is put back first: a sentence each."""
        with self._records.alone():
            yield tuple(self._recovered())

    def write(
        self,
        patches: Sequence[FilePatch],
        summary: str,
        issue_ids: Sequence[str] = (),
        *,
        force: bool = False,
    ) -> Writing:
        """Write all patches; raises CodeStays with nothing changed. Then `hold` it once it is found right, or
        `take_back`. With `force`, what Git calls changed is written all the same."""
        self._keep_apart()
        found = [self._expected(each) for each in patches]
        if not force:
            self._require_clean([each.path for each in patches])
        files = tuple(
            RecordedFile(patch.path, stat.S_IMODE(each.status.st_mode), temporary_name())
            for patch, each in zip(patches, found, strict=True)
        )
        record = new_record(self._folder.root, summary, issue_ids, files)
        with _kept("the backups"):
            self._records.keep_contents(record, "before", [each.before for each in patches])
            self._records.keep_contents(record, "after", [each.after for each in patches])
            self._records.keep(record)
        self._exchange(record, found, "after", "before", failed="restored")
        links = [
            f"{file.path} had {each.status.st_nlink} names (hard links): the others keep the old text"
            for file, each in zip(files, found, strict=True)
            if each.status.st_nlink > 1
        ]
        return Writing(self._records.become(record, "written"), tuple(links))

    def hold(self, writing: Writing) -> Writing:
        """Say that it was found right."""
        return replace(writing, record=self._records.become(writing.record, "applied"))

    def take_back(self, writing: Writing) -> None:
        """Put every file back as it was before; raises CodeStays where one was changed since."""
        left = self._put_back(writing.record, "after", "before", "restored")
        if left:
            raise CodeStays(" ".join(left))

    def undo(self, fix_id: str) -> Writing:
        """Take an applied writing back, and keep what was changed elsewhere in its files since; raises CodeStays with
        the place where that is not clear, and nothing changed."""
        record = self._records.find(fix_id)
        if record.state != "applied":
            raise CodeStays(f"Fix {record.fix_id} is {record.state}: there is nothing to undo.")
        found = [self._folder.read(each.path) for each in record.files]
        before, after = self._records.contents(record, "before"), self._records.contents(record, "after")
        place = self._records.place(record)
        targets = [
            _undone(file.path, now.content, was, became, place / f"before.{number}")
            for number, (file, now, was, became) in enumerate(zip(record.files, found, before, after, strict=True))
        ]
        files = tuple(replace(each, staged=temporary_name()) for each in record.files)
        record = replace(record, files=files, state="undoing")
        with _kept("what the undo replaces"):
            self._records.keep_contents(record, "now", [each.content for each in found])
            self._records.keep_contents(record, "target", targets)
            self._records.keep(record)
        self._exchange(record, found, "target", "now", failed="applied")
        return Writing(self._records.become(record, "undone"))

    def _recovered(self) -> Iterator[str]:
        for record in self._records.unfinished(self._folder.root):
            writer = Writer(Path(record.root), self._records)
            undoing = record.state == "undoing"
            what = f"{'The undo of' if undoing else 'Fix'} {record.fix_id}, whose end nobody saw,"
            came, goes = ("target", "now") if undoing else ("after", "before")
            became = writer._those_with(record, came)
            committed = writer._committed(became)
            if committed and len(became) == len(record.files):
                writer._discard(record)
                self._records.become(record, "undone" if undoing else "applied")
                yield f"{what} was committed since, and stays: {record.summary}."
                continue
            left = writer._put_back(record, came, goes, "applied" if undoing else "restored", kept=committed)
            yield f"{what} was taken back{'; ask for it again.' if undoing else f': {record.summary}.'}"
            yield from left

    def _those_with(self, record: Record, kind: str) -> list[str]:
        """Those of its files that are as that content."""
        found: list[str] = []
        for file, content in zip(record.files, self._records.contents(record, kind), strict=True):
            with suppress(CodeStays):
                if self._folder.read(file.path).content == content:
                    found.append(file.path)
        return found

    def _committed(self, paths: Sequence[str]) -> frozenset[str]:
        """Those that Git keeps, and that are as they were committed."""
        kept = [each for each in paths if top_of(self._folder.root / each) is not None]
        return frozenset(kept) - unclean(self._folder.root, kept).keys()

    def _expected(self, patch: FilePatch) -> Found:
        found = self._folder.read(patch.path)
        if found.content != patch.before:
            raise CodeStays(f"{patch.path} was changed since it was looked at. Cure: run it again.")
        return found

    def _require_clean(self, paths: Sequence[str]) -> None:
        dirty = unclean(self._folder.root, paths)
        if dirty:
            said = "; ".join(f"{path}: {why}" for path, why in dirty.items())
            raise CodeStays(f"Nothing is written: {said}. Cure: commit it, or write with --force.")

    def _keep_apart(self) -> None:
        """Backups may not come to lie in the code that they are of, where they would be committed."""
        folder = self._records.folder.resolve()
        top = top_of(self._folder.root / "any") or self._folder.root
        if folder.is_relative_to(self._folder.root) or folder.is_relative_to(top):
            raise CodeStays(f"Backups would lie within the code, in {folder}. Cure: set XDG_STATE_HOME elsewhere.")

    def _exchange(self, record: Record, found: Sequence[Found], comes: str, goes: str, *, failed: str) -> None:
        """Have the contents kept as `comes` in all files, or in none: then the record becomes `failed`, and the reason
        is raised. None is replaced before all are staged, and they are replaced in order."""
        staged: list[Staged] = []
        replaced = 0
        try:
            for file, each, content in zip(record.files, found, self._records.contents(record, comes), strict=True):
                staged.append(self._folder.stage(file.path, content, file.staged, each))
            for each, expected in zip(staged, found, strict=True):
                self._folder.replace(each, expected)
                replaced += 1
                self._folder.settle(each.path)
        except BaseException as error:
            if left := self._put_back(record, comes, goes, failed, replaced):
                raise CodeStays(f"{error} {' '.join(left)}") from error
            raise

    def _discard(self, record: Record) -> list[bool]:
        """Take away all that is staged; for each file whether its new content was."""
        staged = [self._folder.discard(Staged(each.path, each.staged)) for each in record.files]
        for each in record.files:
            self._folder.discard(Staged(each.path, f"{each.staged}-back"))
        return staged

    def _put_back(
        self,
        record: Record,
        came: str,
        goes: str,
        state: str,
        replaced: int | None = None,
        *,
        kept: frozenset[str] = frozenset(),
    ) -> list[str]:
        """Have every file as `goes` again that was replaced, but those `kept`; says of which that could not be done,
        and why.

        Where nobody knows how many were `replaced`: none where the first is staged still, nor any other that is.
        """
        staged = self._discard(record)
        left: list[str] = []
        contents = [self._records.contents(record, kind) for kind in (came, goes)]
        if replaced is None:
            replaced = 0 if staged[0] else len(staged)
        for file, is_staged, there, back in list(zip(record.files, staged, *contents, strict=True))[:replaced]:
            if is_staged:
                continue
            if file.path in kept:
                left.append(f"{file.path} was committed since, and stays.")
                continue
            try:
                self._put(file, there, back)
            except CodeStays as error:
                left.append(str(error))
        if left:
            left.append(f"Its files are kept in {self._records.place(record)} as they were ({goes}.0, …).")
        self._records.become(record, "stranded" if left else state)
        return left

    def _put(self, file: RecordedFile, there: bytes, back: bytes) -> None:
        now = self._folder.read(file.path)
        if now.content == back:
            return
        if now.content != there:
            raise CodeStays(f"{file.path} was changed since.")
        self._folder.replace(self._folder.stage(file.path, back, f"{file.staged}-back", now), now)
        self._folder.settle(file.path)


def _undone(path: str, now: bytes, before: bytes, after: bytes, backup: Path) -> bytes:
    if now in (before, after):
        return before
    try:
        return merged(after, now, before)
    except Collision as error:
        raise CodeStays(f"{path}:{error.line} was changed since where the undo would change it, too.") from error
    except TooDifferent as error:
        raise CodeStays(
            f"{path} was changed since in too many lines to tell what to keep. Cure: it is in {backup} as it was."
        ) from error


class _kept:  # noqa: N801 - it reads as the sentence that it is
    """Tells that what has to be kept first could not be."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise CodeStays(f"Nothing is written: {self._what} could not be kept ({error.strerror}).") from error
