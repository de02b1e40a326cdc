"""What Git says of files: whether each is as it was committed, so that nobody's unsaved work is mixed with ours."""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

_AT_ONCE: Final = 200
_SECONDS: Final = 60
_SAID: Final = {"?": "Git does not keep it", "!": "Git ignores it", "U": "it is in the middle of a merge"}


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


def _of_tree(top: Path, root: Path, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(paths), _AT_ONCE):
        there = {(root / path).relative_to(top).as_posix(): path for path in paths[start : start + _AT_ONCE]}
        try:
            changed = dict(_asked(top, there))
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            first = said.decode(errors="replace").strip().partition("\n")[0]
            yield from ((path, f"Git could not be asked about it: {first}") for path in there.values())
            return
        for name, path in there.items():
            if name in changed:
                yield path, changed[name]


def _asked(top: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is not as it was committed. No program that the repository's own settings name is run for it."""
    command = [
        *("git", "-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs"),
        *("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching"),
        *("--ignore-submodules=all", "--", *names),
    ]
    # Its variables may point to another repository than the one that the file is in.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(  # noqa: S603 - no shell, and names come behind `--`
        command, cwd=top, env=environment, capture_output=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
    )
    for each in done.stdout.split(b"\0"):
        if each:
            code, name = each[:2].decode(), os.fsdecode(each[3:])
            yield name, next((_SAID[sign] for sign in code if sign in _SAID), "it has changes that are not committed")
