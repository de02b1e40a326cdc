"""Edits as a patch that `git apply` takes: bytes of the files as they are, paths as Git quotes them."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from .code_file import CodeFile
from .edit import Edit, rewritten

_CONTEXT: Final = 3
_ESCAPES: Final = {
    0x22: b'\\"',
    0x5C: b"\\\\",
    7: b"\\a",
    8: b"\\b",
    9: b"\\t",
    10: b"\\n",
    11: b"\\v",
    12: b"\\f",
    13: b"\\r",
}
_NO_NEWLINE: Final = b"\n\\ No newline at end of file\n"


class Hunk(NamedTuple):
    """Lines that change, with those around."""

    said: bytes


@dataclass(frozen=True, slots=True)
class FilePatch:
    """One file before and after. `mode` is what Git keeps of its rights, `path` as `Site.file` names it."""

    path: str
    before: bytes
    after: bytes
    mode: str
    hunks: tuple[Hunk, ...]

    def diff(self, path: str | None = None) -> bytes:
        """As `git diff` writes it, under another path where one is given."""
        old, new = _quoted(f"a/{path or self.path}"), _quoted(f"b/{path or self.path}")
        head = b"diff --git %s %s\nindex %s..%s %s\n" % (
            old,
            new,
            _blob(self.before),
            _blob(self.after),
            self.mode.encode(),
        )
        return head + b"--- %s\n+++ %s\n" % (_closed(old), _closed(new)) + b"".join(each.said for each in self.hunks)


class _Region(NamedTuple):
    """Lines of the old text, from the first to before the last (from 0), and what stands there instead."""

    first: int
    last: int
    lines: tuple[bytes, ...]


def file_patch(code: CodeFile, edits: Sequence[Edit], mode: str = "100644") -> FilePatch:
    """The patch of one file; raises OverlappingEdits, and NotEditable for what its encoding has no characters for."""
    after = code.encoded(rewritten(code.text, edits))
    old, new = _lines(code.content), _lines(after)
    return FilePatch(code.path, code.content, after, mode, tuple(_hunks(old, list(_regions(code, edits, old, new)))))


def git_path(root: Path, path: str) -> str:
    """The path as `git apply` wants it: from the top of the working tree, or from here where there is none."""
    full = root.resolve() / path
    for folder in full.parents:
        if (folder / ".git").exists():
            return PurePosixPath(full.relative_to(folder)).as_posix()
    here = Path.cwd()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else path


def git_mode(root: Path, path: str) -> str:
    """The file's mode as Git keeps it."""
    return "100755" if (root / path).stat().st_mode & 0o100 else "100644"


def patches(root: Path, files: Mapping[str, CodeFile], edits: Mapping[str, Sequence[Edit]]) -> tuple[FilePatch, ...]:
    """The patches of all files that change, by path."""
    found = (file_patch(files[path], edits[path], git_mode(root, path)) for path in sorted(edits))
    return tuple(each for each in found if each.before != each.after)


def diff(root: Path, found: Iterable[FilePatch]) -> bytes:
    """One patch of several files."""
    return b"".join(each.diff(git_path(root, each.path)) for each in found)


def _lines(content: bytes) -> list[bytes]:
    """Lines with their ends, as Git counts them."""
    *lines, rest = content.split(b"\n")
    return [*(each + b"\n" for each in lines), *((rest,) if rest else ())]


def _regions(code: CodeFile, edits: Sequence[Edit], old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[_Region]:
    """The lines that edits touch, and what they become: all others are the same lines in the same order."""
    starts = list(accumulate((len(each) for each in old), initial=0))
    shift = 0  # lines of the new text beyond those of the old
    merged: list[list[int]] = []
    for edit in sorted(set(edits)):
        first = bisect_right(starts, _bytes(code, edit.start)) - 1
        last = bisect_right(starts, _bytes(code, edit.end)) - 1
        grown = edit.text.count("\n") - code.text.count("\n", edit.start, edit.end)
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(last, merged[-1][1])
            merged[-1][2] += grown
        else:
            merged.append([first, last, grown])
    for first, last, grown in merged:
        begin, end = first + shift, last + 1 + shift + grown
        shift += grown
        yield _Region(first, min(last + 1, len(old)), tuple(new[begin:end]))


def _bytes(code: CodeFile, offset: int) -> int:
    """The offset in bytes of one in characters."""
    return len(code.encoded(code.text[:offset])) if offset else 0


def _hunks(old: Sequence[bytes], regions: Sequence[_Region]) -> Iterator[Hunk]:
    group: list[_Region] = []
    shift = 0
    for each in regions:
        if group and each.first - group[-1].last > 2 * _CONTEXT:
            yield _hunk(old, group, shift)
            shift += _grown(group)
            group = []
        group.append(each)
    if group:
        yield _hunk(old, group, shift)


def _grown(group: Sequence[_Region]) -> int:
    return sum(len(each.lines) - (each.last - each.first) for each in group)


def _hunk(old: Sequence[bytes], group: Sequence[_Region], shift: int) -> Hunk:
    first, last = max(0, group[0].first - _CONTEXT), min(len(old), group[-1].last + _CONTEXT)
    said: list[bytes] = []
    here = first
    for region in group:
        said += [_line(b" ", each) for each in old[here : region.first]]
        said += [_line(b"-", each) for each in old[region.first : region.last]]
        said += [_line(b"+", each) for each in region.lines]
        here = region.last
    said += [_line(b" ", each) for each in old[here:last]]
    before, after = last - first, last - first + _grown(group)
    head = b"@@ -%s +%s @@\n" % (_range(first, before), _range(first + shift, after))
    return Hunk(head + b"".join(said))


def _range(first: int, number: int) -> bytes:
    start = first + 1 if number else first
    return b"%d" % start if number == 1 else b"%d,%d" % (start, number)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + _NO_NEWLINE


def _blob(content: bytes) -> bytes:
    """The name that Git has for such a file."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest().encode()


def _quoted(path: str) -> bytes:
    """A path as `git diff` writes it: in C's quotes where it holds what is not plain."""
    raw = os.fsencode(path)
    if all(32 <= each < 127 and each not in _ESCAPES for each in raw):
        return raw
    said = (_ESCAPES.get(each) or (bytes((each,)) if 32 <= each < 127 else b"\\%03o" % each) for each in raw)
    return b'"' + b"".join(said) + b'"'


def _closed(path: bytes) -> bytes:
    """With a tab behind where a space is in it, which would end it."""
    return path + b"\t" if b" " in path else path
