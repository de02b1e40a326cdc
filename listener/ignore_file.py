"""`pgmend-ignore.toml`: what a repository chose to live with, with reason, owner and expiry, reviewed like code.

[[ignore]]
type = "MISSING_PRIMARY_KEY"        # patterns with *, ?, […]
table = "logs.*"                    # on schema.table or table
column = "user_id"                  # optional; as the issue shows it
object = "orders_idx"               # optional: an index or a constraint
file = "scripts/*"                  # of an issue in code, instead of the table or beside it
reason = "append-only"
owner = "platform team"
until = 2027-01-01                  # optional; a date is its beginning, UTC
definition = "9f86d081884c7d65"     # optional: only while the issue says the same

[[ignore]]
issue_id = "0123456789abcdef"       # one issue, instead of the patterns
reason = "…"
owner = "…"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self, cast

from .errors import SettingsError
from .issue import Issue
from .settings import matches

FILE_NAME = "pgmend-ignore.toml"
_SAID = ("reason", "owner")
_PATTERNS = ("type", "table", "column", "object", "file")
_TEXTS = ("issue_id", *_PATTERNS, *_SAID, "definition")
_KEYS = (*_TEXTS, "until")


@dataclass(frozen=True, slots=True)
class IgnoreEntry:
    """One entry. It names an issue by its id, or issues by patterns; `number` counts from 1 within the file."""

    number: int
    reason: str
    owner: str
    issue_id: str | None = None
    type: str | None = None
    table: str | None = None
    column: str | None = None
    object: str | None = None
    file: str | None = None
    until: datetime | None = None
    definition: str | None = None

    def may_be_about(self, issue_types: Collection[str]) -> bool:
        """Whether it could cover an issue of one of those types; an id does not tell its type."""
        return any(self.issue_id is not None or fnmatchcase(each, self.type or "") for each in issue_types)

    def is_only_about(self, issue_types: Collection[str]) -> bool:
        """Whether it names one of those types, or a file of code."""
        return self.file is not None or self.type in issue_types

    def covers(self, issue: Issue) -> bool:
        """Whether it is about that issue as it is now."""
        if self.definition is not None and self.definition != issue.definition_hash:
            return False
        if self.issue_id is not None:
            return self.issue_id == issue.issue_id
        return (
            fnmatchcase(issue.issue_type, self.type or "")
            and matches(("*" if self.table is None else self.table,), issue.schema, issue.table)
            and fnmatchcase(issue.column, "*" if self.column is None else self.column)
            and fnmatchcase(issue.object_name, "*" if self.object is None else self.object)
            and (self.file is None or (issue.site is not None and fnmatchcase(issue.site.file, self.file)))
        )

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.until is not None and self.until <= now

    def __str__(self) -> str:
        said = self.issue_id or " ".join(filter(None, (self.type, self.table, self.column, self.object, self.file)))
        return f"entry {self.number} ({said})"


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """The entries that can be used, and a sentence about each that cannot."""

    path: Path
    entries: tuple[IgnoreEntry, ...]
    complaints: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The file in that folder; None where there is none. Raises SettingsError where it is no TOML."""
        path = folder / FILE_NAME
        if not path.is_file():
            return None
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path}: not valid TOML ({error}); mend that line.") from None
        except RecursionError:
            raise SettingsError(f"{path}: nested too deeply; no setting is a list of lists.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: cannot be read ({error}).") from None
        complaints = [f"there is no key {name!r}; write [[ignore]]." for name in document if name != "ignore"]
        listed = document.get("ignore", [])
        if not isinstance(listed, list):
            return cls(path, (), (*complaints, "ignore is one table; write [[ignore]], with two brackets."))
        entries: list[IgnoreEntry] = []
        for number, each in enumerate(cast("list[object]", listed), 1):
            try:
                entries.append(_entry(number, each))
            except _Unusable as unusable:
                complaints.append(f"entry {number} is not used: {unusable}")
        return cls(path, tuple(entries), tuple(complaints))

    def why_ignored(self, issue: Issue, now: datetime) -> IgnoreEntry | None:
        """The first entry that covers the issue and whose time is not over."""
        return next((entry for entry in self.entries if not entry.is_over(now) and entry.covers(issue)), None)

    def stale(
        self,
        issues: Iterable[Issue],
        now: datetime,
        *,
        entries: Iterable[IgnoreEntry] | None = None,
        unseen: Collection[str] = (),
    ) -> Iterator[str]:
        """A sentence about each entry (of all or those) whose time is over, or that covers none of the issues.

        `unseen` are the issue types of which these may not be all: what could be about one of them may cover one.
        """
        found = tuple(issues)
        for entry in self.entries if entries is None else entries:
            if entry.is_over(now):
                yield f"{entry} is over since {entry.until:%Y-%m-%d %H:%M} UTC: renew it or take it out."
            elif not entry.may_be_about(unseen) and not any(entry.covers(issue) for issue in found):
                changed = entry.definition is not None and any(
                    replace(entry, definition=None).covers(issue) for issue in found
                )
                why = "the issue says something else by now" if changed else "it covers no issue"
                yield f"{entry}: {why}; take it out or mend it."


def entry_text(issue: Issue, reason: str, owner: str, until: datetime | None) -> str:
    """The entry for that one issue, as it stands now."""
    values = {
        "type": issue.issue_type,
        "table": _literally(f"{issue.schema}.{issue.table}") if issue.site is None or issue.table else None,
        "column": _literally(issue.column) or None,
        "object": _literally(issue.object_name) or None,
        "file": None if issue.site is None else _literally(issue.site.file),
        "reason": reason,
        "owner": owner,
    }
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    if until is not None:
        lines.append(f"until = {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    return "\n".join(["[[ignore]]", *lines, f"definition = {_toml(issue.definition_hash)}", ""])


class _Unusable(ValueError):
    """Why an entry cannot be used, with the cure."""


def _entry(number: int, given: object) -> IgnoreEntry:
    if not isinstance(given, dict):
        raise _Unusable("it is no table; write [[ignore]] and the keys below it.")
    entry = cast("Mapping[str, object]", given)
    if unknown := [name for name in entry if name not in _KEYS]:
        raise _Unusable(f"there is no key {', '.join(map(repr, unknown))}; there are {', '.join(_KEYS)}.")
    for name in _TEXTS:
        if name in entry and not (isinstance(entry[name], str) and str(entry[name]).strip()):
            raise _Unusable(f"{name} = {entry[name]!r} is no text.")
        if "\0" in str(entry.get(name)):
            raise _Unusable(f"{name} = {entry[name]!r} holds a NUL character, which no name has; write it without.")
    for name in _SAID:
        if name not in entry:
            raise _Unusable(f"it has no {name}; say {'why' if name == 'reason' else 'who answers for it'}.")
    if "issue_id" in entry:
        if both := [name for name in _PATTERNS if name in entry]:
            raise _Unusable(f"it has issue_id and {', '.join(both)}; one or the other names the issue.")
    elif "type" not in entry or ("table" not in entry and "file" not in entry):
        raise _Unusable("it names no issue; write issue_id, or type and table, or for code type and file.")
    texts = {name: cast("str", entry[name]) for name in _TEXTS if name in entry}
    return IgnoreEntry(number=number, until=_moment(entry.get("until")), **texts)


def _moment(given: object) -> datetime | None:
    match given:
        case None:
            return None
        case datetime():
            return given if given.tzinfo else given.replace(tzinfo=UTC)
        case date():
            return datetime.combine(given, time(), UTC)
        case _:
            raise _Unusable(f"until = {given!r} is no date; write until = 2027-01-01, without quotes.")


def _literally(name: str) -> str:
    """The pattern that fits that name alone."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _toml(text: str) -> str:
    """A basic string of TOML: JSON's, which alone leaves DEL as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
