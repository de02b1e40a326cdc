"""PostgreSQL schemas that packages on PyPI ship."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .package import Unavailable, cache, run


@dataclass(frozen=True, slots=True)
class PypiSchema:
    """A schema by the package, its version and the paths in its wheel."""

    name: str
    package: str
    version: str
    paths: tuple[str, ...]

    def sql(self) -> str:
        """The text of the schema; raises Unavailable."""
        archived = wheel(self.package, self.version)
        with zipfile.ZipFile(archived) as archive:
            try:
                return "\n".join(archive.read(path).decode() for path in self.paths)
            except KeyError as error:
                raise Unavailable(f"{archived.name}: {error}") from None


def wheel(package: str, version: str) -> Path:
    """The wheel from the cache, or else through pip; several test processes may ask at the same time."""
    folder = cache("pypi")
    if cached := sorted(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl")):
        return cached[-1]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory(dir=folder) as download:
        run([*pip, f"{package}=={version}"], download)
        (fetched,) = Path(download).glob("*.whl")
        return fetched.replace(folder / fetched.name)
