"""Comments that say what one lives with: `# pgmend: ignore[UNKNOWN_COLUMN] it comes with the next release`.

One holds for the line that it stands on, and for all of the statement or the string whose first or last line that is;
one that has a line of its own holds so for the next line of code. Within SQL it is `-- pgmend: ignore[…] why`.
"""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from ..issue import Issue
from .code_types import code_types
from .extracted import Site
from .folder import Tree, decoded, read_text

MARK: Final = b"pgmend:"
_REMARK: Final = re.compile(r"pgmend:\s*ignore\b\s*(?:\[(?P<types>[^\]\n]*)\])?[ \t]*(?P<reason>[^\n]*)")
_IN_SQL: Final = re.compile(r"(?P<before>[^\n]*?)--\s*" + _REMARK.pattern)
_NO_CODE: Final = frozenset(
    {
        *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
        *(tokenize.ENCODING, tokenize.ENDMARKER),
    }
)
_OPENING: Final = getattr(tokenize, "FSTRING_START", None)  # from Python 3.12 on
_CLOSING: Final = getattr(tokenize, "FSTRING_END", None)


class Remark(NamedTuple):
    """One comment at `file` and `line`, and the lines from `first` to `last` that it is about."""

    file: str
    line: int
    types: tuple[str, ...]
    reason: str
    first: int
    last: int

    def covers(self, issue_type: str, sites: Collection[Site]) -> bool:
        """Whether it is about an issue of that type at one of those places."""
        return issue_type in self.types and any(
            each.file == self.file and self.first <= each.line <= self.last for each in sites
        )


@dataclass(frozen=True, slots=True)
class Remarks:
    """Those that can be used, and a sentence about each that cannot."""

    usable: tuple[Remark, ...] = ()
    complaints: tuple[str, ...] = ()

    @classmethod
    def of(cls, tree: Tree) -> Self:
        """All of the tree's files; those that cannot be read have none."""
        usable: list[Remark] = []
        complaints: list[str] = []
        for path in (*tree.python, *tree.sql):
            try:
                content = read_text(tree.root / path)
                if MARK not in content:
                    continue
                found = list(_in_python(path, content) if path.endswith(".py") else _in_sql(path, content))
            except (OSError, ValueError, SyntaxError, LookupError, tokenize.TokenError):
                continue  # who reads the code tells it
            for each in found:
                if (wrong := _wrong(each)) is None:
                    usable.append(each)
                else:
                    complaints.append(f"the comment at {each.file}:{each.line} is not used: {wrong}")
        return cls(tuple(usable), tuple(complaints))

    def about(self, issue: Issue, call: Site | None) -> Remark | None:
        """The first that is about the issue, by its own place or by the call of its statement."""
        if not self.usable or issue.site is None:
            return None
        sites = [Site(issue.site.file, issue.site.line, issue.site.column_offset), *([] if call is None else [call])]
        return next((each for each in self.usable if each.covers(issue.issue_type, sites)), None)


def _wrong(remark: Remark) -> str | None:
    if not remark.types:
        return "it names no issue type; write ignore[UNKNOWN_COLUMN] and why."
    if unknown := [each for each in remark.types if each not in code_types()]:
        return f"no {', '.join(unknown)} is found in code; there are {', '.join(code_types())}."
    return None if remark.reason else "it has no reason; say why behind the bracket."


def _remark(path: str, line: int, said: re.Match[str], span: tuple[int, int]) -> Remark:
    types = tuple(each.strip().upper() for each in (said["types"] or "").split(",") if each.strip())
    return Remark(path, line, types, said["reason"].strip(), *span)


def _in_sql(path: str, content: bytes) -> Iterator[Remark]:
    yield from _in_text(path, content.decode("utf-8-sig"), 1)


def _in_text(path: str, text: str, first: int) -> Iterator[Remark]:
    """Those of SQL that begins in that line."""
    for line, said in enumerate(text.split("\n"), first):
        if (found := _IN_SQL.match(said)) is not None:
            yield _remark(path, line, found, (line, line if found["before"].strip() else line + 1))


class _Layout:
    """Where the statements of a file and its strings begin and end, and which lines have code."""

    def __init__(self, tokens: list[tokenize.TokenInfo]) -> None:
        self.statements: list[tuple[int, int]] = []
        self.strings: list[tuple[int, int]] = []
        self.code: list[int] = []
        begun: int | None = None
        opened: list[int] = []
        for each in tokens:
            row, end = each.start[0], each.end[0]
            if each.type not in _NO_CODE:
                begun = row if begun is None else begun
                self.code.append(row)
            if each.type == tokenize.NEWLINE and begun is not None:
                self.statements.append((begun, row))
                begun = None
            if each.type == tokenize.STRING:
                self.strings.append((row, end))
            elif each.type == _OPENING:
                opened.append(row)
            elif each.type == _CLOSING:
                self.strings.append((opened.pop(), end))

    def span(self, row: int, *, alone: bool) -> tuple[int, int]:
        """The lines that a comment in that line is about."""
        if alone:
            place = bisect_right(self.code, row)
            row = self.code[place] if place < len(self.code) else row
        first = last = row
        for start, end in (*self.strings, *self.statements):
            if row == start or (row == end and not alone):
                first, last = min(first, start), max(last, end)
        return first, last


def _in_python(path: str, content: bytes) -> Iterator[Remark]:
    tokens = list(tokenize.generate_tokens(io.StringIO(decoded(content)).readline))
    layout = _Layout(tokens)
    for each in tokens:
        row, column = each.start
        if each.type == tokenize.COMMENT and (said := _REMARK.search(each.string)) is not None:
            yield _remark(path, row, said, layout.span(row, alone=not each.line[:column].strip()))
        elif each.type == tokenize.STRING or each.type == getattr(tokenize, "FSTRING_MIDDLE", None):
            yield from _in_text(path, each.string, row)
