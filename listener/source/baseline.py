"""A baseline: the issues that a code base had when somebody drew a line under them, so that only new ones are told.

An entry is an issue by its id, which depends on type, names, file and the text of its statement, not on lines: code
that moves within its file is not new, while the same defect once more in a file is.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

from ..errors import InvalidRequest
from ..issue import Issue

VERSION: Final = 1
_CURE: Final = "--write-baseline makes it anew"
_KEYS: Final = ("file", "issue_type", "where", "issue_id")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One issue; all but the id is for people."""

    file: str
    issue_type: str
    where: str
    issue_id: str

    def __str__(self) -> str:
        return f"{self.issue_type} {self.where} in {self.file} ({self.issue_id})"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries, in order."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, issues: Iterable[Issue]) -> Self:
        """The line under those issues. Of a statement it holds nothing but a digest."""
        return cls(tuple(sorted(_entry(each) for each in issues)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file's; raises InvalidRequest where it is none."""
        try:
            document: Any = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise InvalidRequest(f"{path}: there is no such baseline; {_CURE}.") from None
        except OSError as error:
            raise InvalidRequest(f"{path}: cannot be read ({error.strerror}).") from None
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"{path}: no valid JSON ({error}); mend that place, or {_CURE}.") from None
        if not isinstance(document, dict) or not isinstance(document.get("issues"), list):  # pyright: ignore[reportUnknownMemberType]
            raise InvalidRequest(f"{path}: no baseline of pgmend; {_CURE}.")
        found = cast("dict[str, Any]", document)
        if found.get("schema_version") != VERSION:
            raise InvalidRequest(f"{path}: version {found.get('schema_version')!r}, not {VERSION}; {_CURE}.")
        return cls(tuple(sorted(_read_entry(path, each) for each in found["issues"])))

    def write(self, path: Path) -> None:
        """Have the file hold it, whole or as before. The same issues are the same bytes."""
        listed = [{name: getattr(each, name) for name in _KEYS} for each in self.entries]
        text = json.dumps({"schema_version": VERSION, "issues": listed}, ensure_ascii=False, indent=2) + "\n"
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - of a descriptor
                # A name that is no text stands as its escape, which JSON reads back.
                file.write(text.encode(errors="backslashreplace"))
            Path(draft).chmod(mode)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink()
            raise

    def parted(self, issues: Iterable[Issue]) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
        """The issues that are new, and those that are known."""
        known = {each.issue_id for each in self.entries}
        new: list[Issue] = []
        old: list[Issue] = []
        for issue in issues:
            (old if issue.issue_id in known else new).append(issue)
        return tuple(new), tuple(old)

    def gone(self, issues: Iterable[Issue], types: Collection[str], unseen: Collection[str]) -> tuple[Entry, ...]:
        """The entries that none of the issues is, where one would have been found: of the `types` that were looked for,
        in files but the `unseen` ones."""
        found = {each.issue_id for each in issues}
        return tuple(
            each
            for each in self.entries
            if each.issue_id not in found and each.issue_type in types and each.file not in unseen
        )


def _entry(issue: Issue) -> Entry:
    assert issue.site is not None
    where = ".".join(filter(None, (issue.schema, issue.table, issue.column)))
    return Entry(issue.site.file, issue.issue_type, where, issue.issue_id)


def _read_entry(path: Path, given: object) -> Entry:
    entry = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if any(not isinstance(entry.get(name), str) for name in _KEYS):
        raise InvalidRequest(f"{path}: an entry takes {', '.join(_KEYS)} as texts; {_CURE}.")
    return Entry(**{name: entry[name] for name in _KEYS})


def _umask() -> int:
    os.umask(before := os.umask(0o077))
    return before
