"""What was written into code, kept in the user's own folder of state: enough to finish, undo or take back each change.

Not in the repository, nor where others read: a backup is what its file's own mode may hide from them.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from ...errors import CodeStays, NotFound

_RECORD: Final = "record.json"
_UNFINISHED: Final = ("intended", "written", "undoing")


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One file, its mode then, and the name under which its new content is staged beside it."""

    path: str
    mode: int
    staged: str


@dataclass(frozen=True, slots=True)
class Record:
    """One writing. `intended`: files may be before or after. `written`: all are after, and not yet found right.
    `applied`: they are. `undoing`: files may be after or undone. `undone`, `restored`: as they were. `stranded`: files
    could not be put back, for somebody changed them since. `expired`: only that it took place is known any more.

    The contents are in files of their own, by number: `before.N`, `after.N`, and during an undo `now.N`, `target.N`.
    """

    fix_id: str
    root: str
    state: str
    started_at: str
    summary: str
    issue_ids: tuple[str, ...]
    files: tuple[RecordedFile, ...]

    @property
    def unfinished(self) -> bool:
        """Whether its end was never seen."""
        return self.state in _UNFINISHED


def new_record(root: Path, summary: str, issue_ids: Iterable[str], files: Iterable[RecordedFile]) -> Record:
    """A record of what is about to begin."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Record(str(uuid4()), str(root), "intended", now, summary, tuple(issue_ids), tuple(files))


class Records:
    """All records of this user."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = state_folder() if folder is None else folder

    def place(self, record: Record) -> Path:
        """The folder of one."""
        return self.folder / record.fix_id

    def find(self, fix_id: str) -> Record:
        """Raises NotFound."""
        try:
            name = str(UUID(fix_id))
        except ValueError:
            raise NotFound(f"{fix_id!r} names no fix.") from None
        found = self._read(self.folder / name)
        if found is None:
            raise NotFound(f"No fix {fix_id} of code is kept in {self.folder}.")
        return found

    def has(self, fix_id: str) -> bool:
        """Whether it is one of these."""
        with suppress(ValueError):
            return os.path.exists(self.folder / str(UUID(fix_id)) / _RECORD)  # noqa: PTH110 - what is closed is not ours
        return False

    def unfinished(self, root: Path) -> Iterator[Record]:
        """Those of that folder of code, and of what is in it or around it, whose end was never seen."""
        for place in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            record = self._read(place)
            if record is not None and record.unfinished and _meet(Path(record.root), root):
                yield record

    def known(self, root: Path) -> tuple[frozenset[str], frozenset[Path]]:
        """What was written there once, whatever became of it: the issues, by the names that they have below this root,
        and the files of writings that began from another root, where the same issues have other names."""
        there = root.resolve()
        issues: set[str] = set()
        files: set[Path] = set()
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            record = self._read(place)
            if record is None:
                continue
            if Path(record.root) == there:
                issues.update(record.issue_ids)
            elif _meet(Path(record.root), there):
                files.update(Path(record.root) / each.path for each in record.files)
        return frozenset(issues), frozenset(files)

    def keep(self, record: Record) -> Record:
        """Write the record, safe on the disk, in the place of what is there."""
        place = self.place(record)
        _own_folder(self.folder)
        _own_folder(place)
        self._write(place / f"{_RECORD}.new", json.dumps(asdict(record), indent=1).encode(), 0o600)
        (place / f"{_RECORD}.new").rename(place / _RECORD)
        _sync(place)
        return record

    def become(self, record: Record, state: str) -> Record:
        """The record in another state, kept."""
        return self.keep(replace(record, state=state))

    def keep_contents(self, record: Record, kind: str, contents: Sequence[bytes]) -> None:
        """Keep the contents of all its files under that word, no wider open than the files are."""
        place = self.place(record)
        _own_folder(self.folder)
        _own_folder(place)
        for number, (file, content) in enumerate(zip(record.files, contents, strict=True)):
            self._write(place / f"{kind}.{number}", content, file.mode)
        _sync(place)

    def expire(self, older_than: timedelta) -> None:
        """Forget the contents of what came to its end so long ago; that it was written is known for ever (`known`)."""
        before = (datetime.now(UTC) - older_than).timestamp()
        for place in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            record = self._read(place)
            if not place.is_dir() or (record is not None and (record.unfinished or record.state == "stranded")):
                continue
            # Who died before there was a record changed nothing.
            began = place.stat().st_mtime if record is None else datetime.fromisoformat(record.started_at).timestamp()
            if began >= before:
                continue
            if record is None:
                shutil.rmtree(place)
                continue
            if record.state != "expired":
                self.become(record, "expired")
            for each in place.iterdir():
                if each.name != _RECORD:
                    each.unlink()

    def contents(self, record: Record, kind: str) -> list[bytes]:
        """What `keep_contents` kept."""
        return [(self.place(record) / f"{kind}.{number}").read_bytes() for number in range(len(record.files))]

    @contextmanager
    def alone(self) -> Generator[None]:
        """Be the only one of this user who writes into code; raises CodeStays where somebody else does."""
        _own_folder(self.folder)
        file = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CodeStays("Another pgmend writes into code right now. Cure: run it again.") from error
            yield
        finally:
            os.close(file)

    def _read(self, place: Path) -> Record | None:
        try:
            said: dict[str, Any] = json.loads((place / _RECORD).read_bytes())
            files = tuple(RecordedFile(**each) for each in said.pop("files"))
            return Record(files=files, issue_ids=tuple(said.pop("issue_ids")), **said)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise CodeStays(f"{place / _RECORD} cannot be read; what was kept is beside it.") from error

    @staticmethod
    def _write(path: Path, content: bytes, mode: int) -> None:
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fchmod(file, mode & 0o777)
            os.fsync(file)


def state_folder() -> Path:
    """Where this user's programs keep what they remember (XDG); raises CodeStays for a user without a home."""
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        base = given if given.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise CodeStays(
            "You have no home to keep backups in. Cure: set XDG_STATE_HOME to a folder of yours."
        ) from error
    return base / "pgmend" / "code"


def _meet(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _own_folder(path: Path) -> None:
    """Make the folder ours alone; raises CodeStays where it cannot be, is somebody else's, or open to others."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise CodeStays(
            f"{path} cannot be made ({error.strerror}). Cure: set XDG_STATE_HOME to a folder of yours."
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise CodeStays(f"{path} has to be a folder of yours alone. Cure: chmod 700 it, or set XDG_STATE_HOME.")


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
