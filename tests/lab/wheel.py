"""PostgreSQL schemas that Python packages ship, fetched from the package index when a test asks; none is kept here."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .debian import Unavailable, cache

_FETCH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class WheelSchema:
    """A schema by its distribution, version and the paths in the wheel, which make one schema in this order."""

    name: str
    distribution: str
    version: str
    paths: tuple[str, ...]

    def sql(self) -> str:
        """The text of the schema; raises Unavailable."""
        with zipfile.ZipFile(self._wheel()) as archive:
            return "\n".join(archive.read(path).decode() for path in self.paths)

    def _wheel(self) -> Path:
        """The wheel from the cache, or else from the index; several test processes may ask at the same time."""
        folder = cache("wheels")
        stem = self.distribution.replace("-", "_")
        if cached := sorted(folder.glob(f"{stem}-{self.version}-*.whl")):
            return cached[-1]
        with tempfile.TemporaryDirectory(dir=folder) as place:
            wanted = f"{self.distribution}=={self.version}"
            words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", wanted]
            try:
                subprocess.run(words, cwd=place, check=True, capture_output=True, timeout=_FETCH_SECONDS)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                raise Unavailable(f"{wanted} could not be fetched: {error}") from error
            (fetched,) = Path(place).glob("*.whl")
            return fetched.replace(folder / fetched.name)
