"""PostgreSQL schemas that Debian packages ship."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .package import Unavailable, cache, run


@dataclass(frozen=True, slots=True)
class DebianSchema:
    """A schema by the package that holds the files (which need not be the one that needs them) and their paths."""

    name: str
    package: str
    paths: tuple[str, ...]

    def sql(self) -> str:
        """The text of the schema; raises Unavailable."""
        file = _package_file(self.package)
        with tarfile.open(fileobj=io.BytesIO(run(["dpkg-deb", "--fsys-tarfile", str(file)]))) as archive:
            return "\n".join(_member(archive, path, file.name) for path in self.paths)


def _package_file(package: str) -> Path:
    """The package from the cache, or else from apt; several test processes may ask at the same time."""
    folder = cache("debian")
    if cached := sorted(folder.glob(f"{package}_*.deb")):
        return cached[-1]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable(f"{package} not fetched: this machine has no apt-get or no dpkg-deb")
    with tempfile.TemporaryDirectory(dir=folder) as download:
        run(["apt-get", "download", "--quiet", package], download)
        (fetched,) = Path(download).glob("*.deb")
        return fetched.replace(folder / fetched.name)


def _member(archive: tarfile.TarFile, path: str, of: str) -> str:
    try:
        content = archive.extractfile(f"./{path}")
    except KeyError:
        raise Unavailable(f"{of} holds no {path}") from None
    assert content is not None, path
    text = content.read()
    return (gzip.decompress(text) if path.endswith(".gz") else text).decode()
