"""What Git says of files: whether each is as it was committed, so that nobody's unsaved work is mixed with ours.

Git is asked what it keeps, and not for its status: for that it runs the filters that the repository's settings name.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_AT_ONCE: Final = 200
_SECONDS: Final = 60
_CHANGED: Final = "it has changes that are not committed"
_OFF: Final = (b"", b"false", b"no", b"off", b"0")
_FORMS: Final = ("filter", "ident", "working-tree-encoding")
_SETTLED: Final = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}


def unclean(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """Those of the files below `root` that are not as they were committed, each with what Git says.

    What is in no working tree of Git is not asked about. Where Git cannot be asked, each file is named with that.
    """
    trees: defaultdict[Path, list[str]] = defaultdict(list)
    for path in paths:
        if (top := top_of(root.resolve() / path)) is not None:
            trees[top].append(path)
    return {path: said for top, within in trees.items() for path, said in _of_tree(top, root.resolve(), within)}


def top_of(file: Path) -> Path | None:
    """The working tree that the file is in."""
    return next((folder for folder in file.parents if (folder / ".git").exists()), None)


class _Kept(NamedTuple):
    """What Git keeps of a file; `ends` is what it says of line ends there, in its own words."""

    stage: bytes
    mode: bytes
    blob: bytes
    ends: bytes


def _of_tree(top: Path, root: Path, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(paths), _AT_ONCE):
        there = {(root / path).relative_to(top).as_posix(): path for path in paths[start : start + _AT_ONCE]}
        try:
            changed = _changed(top, list(there))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            first = said.decode(errors="replace").strip().partition("\n")[0]
            yield from ((path, f"Git could not be asked about it: {first}") for path in there.values())
            return
        for name, path in there.items():
            if name in changed:
                yield path, changed[name]


def _changed(top: Path, names: Sequence[str]) -> dict[str, str]:
    """What is not as it was committed."""
    added = _added(top, names)
    committed = _committed(top, names) if added else {}
    found: dict[str, str] = {}
    differ: list[str] = []
    for name in names:
        kept = added.get(name)
        if kept is None:
            found[name] = "Git does not keep it"
        elif kept.stage != b"0":
            found[name] = "it is in the middle of a merge"
        elif committed.get(name) != (kept.mode, kept.blob):
            found[name] = _CHANGED
        elif not _is(kept, (top / name).read_bytes(), lambda: _converts(top)):
            differ.append(name)
    for name, form in _forms(top, differ):
        found[name] = f"it is not as it was committed, or the attribute {form} changed it"
    return {**dict.fromkeys(differ, _CHANGED), **found}


def _is(kept: _Kept, content: bytes, converts: Callable[[], bool]) -> bool:
    """Whether that is what Git keeps, but for line ends where Git changes these (`converts`: unless told otherwise)."""
    if _blob(content, kept.blob) == kept.blob:
        return True
    unix = content.replace(b"\r\n", b"\n")
    if unix == content or _blob(unix, kept.blob) != kept.blob:
        return False
    said = kept.ends.partition(b"attr/")[2].strip()
    return said != b"-text" and (said != b"" or converts())


def _blob(content: bytes, like: bytes) -> bytes:
    """The name that Git gives to the content, by the algorithm of another such name."""
    algorithm = "sha1" if len(like) == 40 else "sha256"
    return hashlib.new(algorithm, b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest().encode()


def _added(top: Path, names: Sequence[str]) -> dict[str, _Kept]:
    found: dict[str, _Kept] = {}
    for each in _asked(top, "ls-files", "-z", "--stage", "--eol", "--", *names):
        said, ends, name = each.split(b"\t", 2)
        mode, blob, stage = said.split()
        found[os.fsdecode(name)] = _Kept(stage, mode, blob, ends)
    return found


def _committed(top: Path, names: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
    found: dict[str, tuple[bytes, bytes]] = {}
    for each in _asked(top, "ls-tree", "-z", "HEAD", "--", *names):
        said, name = each.split(b"\t", 1)
        mode, _, blob = said.split()
        found[os.fsdecode(name)] = mode, blob
    return found


def _converts(top: Path) -> bool:
    """Whether Git changes line ends where no attribute says so."""
    (said,) = _asked(top, "config", "-z", "--default", "false", "--get", "core.autocrlf")
    return said.lower() not in _OFF


def _forms(top: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The attributes by which Git keeps another form of a file than the one in the working tree."""
    if names:
        said = _asked(top, "check-attr", "-z", *_FORMS, "--", *names)
        for name, attribute, value in zip(said[::3], said[1::3], said[2::3], strict=True):
            if value not in (b"unspecified", b"unset"):
                yield os.fsdecode(name), os.fsdecode(attribute + b"=" + value)


def _asked(top: Path, *question: str) -> list[bytes]:
    """What Git answers, in its parts. No program that the repository's own settings name is run for it."""
    command = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs", *question]
    # Its variables may point to another repository than the one that the file is in.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _SETTLED
    done = subprocess.run(  # noqa: S603 - no shell, and names come behind `--`
        command, cwd=top, env=environment, capture_output=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
    )
    return done.stdout.split(b"\0")[:-1]
