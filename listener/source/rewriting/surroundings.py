"""What is around the code that was looked at: other files of the same project may use what is in it."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final

from .worktree import top_of

_NEVER: Final = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages"})
_PROJECTS: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_MOST_BYTES: Final = 20_000_000
_MOST_FILES: Final = 200_000


class Surroundings:
    """The project that the folder or file belongs to: Git's working tree, else the outermost folder with a project's
    file, else the folder itself."""

    def __init__(self, root: Path) -> None:
        self._root = (root.parent if root.is_file() else root).resolve()
        within = self._root / "_"
        projects = [each for each in within.parents if any((each / name).is_file() for name in _PROJECTS)]
        self._top = top_of(within) or (projects[-1] if projects else self._root)
        self._files: list[Path] | None = None

    def naming(self, word: str, apart: Container[str]) -> str | None:
        """The first other text that has the word, or that could not be read. `apart` are paths from the root on, and so
        is what is given."""
        return self.having(re.compile(rb"(?<![A-Za-z0-9_])" + re.escape(word.encode()) + rb"(?![A-Za-z0-9_])"), apart)

    def having(self, pattern: re.Pattern[bytes], apart: Container[str]) -> str | None:
        """The same of a pattern."""
        if self._files is None:
            self._files = list(self._all())
        if len(self._files) > _MOST_FILES:
            return os.path.relpath(self._top, self._root)
        for each in self._files:
            path = Path(os.path.relpath(each, self._root)).as_posix()
            if path in apart:
                continue
            try:
                found = each.stat().st_size < _MOST_BYTES and pattern.search(each.read_bytes()) is not None
            except OSError:
                return path
            if found:
                return path
        return None

    def _all(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self._top):
            # What is installed is not the project's own.
            folders[:] = sorted(
                each for each in folders if each not in _NEVER and not (Path(folder) / each / "pyvenv.cfg").exists()
            )
            for name in sorted(files):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    yield path
