"""The files of a tree as they are on disk, read once."""

from __future__ import annotations

from pathlib import Path

from .code_file import CodeFile, NotEditable
from .syntax import Syntax


class Sources:
    """Reads files below `root`, which is what `Site.file` begins from."""

    def __init__(self, root: Path) -> None:
        self._root = root.parent if root.is_file() else root
        self._files: dict[str, CodeFile | str] = {}
        self._syntax: dict[str, Syntax | str] = {}

    def file(self, path: str) -> CodeFile:
        """The file; raises NotEditable, the same each time."""
        if path not in self._files:
            try:
                self._files[path] = CodeFile(path, (self._root / path).read_bytes())
            except NotEditable as error:
                self._files[path] = str(error)
            except (OSError, ValueError) as error:
                self._files[path] = f"{path} could not be read: {getattr(error, 'strerror', None) or error}."
        found = self._files[path]
        if isinstance(found, str):
            raise NotEditable(found)
        return found

    def syntax(self, path: str) -> Syntax:
        """The file's syntax; raises NotEditable, the same each time."""
        if path not in self._syntax:
            try:
                self._syntax[path] = Syntax(self.file(path))
            except NotEditable as error:
                self._syntax[path] = str(error)
        found = self._syntax[path]
        if isinstance(found, str):
            raise NotEditable(found)
        return found
