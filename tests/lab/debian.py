"""PostgreSQL schemas that Debian packages ship, fetched through apt when a test asks; none is kept here."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

_FETCH_SECONDS = 60


class Unavailable(Exception):
    """The schema cannot be had on this machine, with the reason."""


@dataclass(frozen=True, slots=True)
class ShippedSchema:
    """A schema by the package that holds the file (which need not be the one that needs it) and its path in there."""

    name: str
    package: str
    path: str
    needed_by: str

    def sql(self) -> str:
        """The text of the schema; raises Unavailable."""
        return _member(_package_file(self.package), self.path)


SCHEMAS = (
    ShippedSchema("roundcube", "roundcube-core", "usr/share/roundcube/SQL/postgres.initial.sql", "roundcube-pgsql"),
    ShippedSchema(
        "pdns", "pdns-backend-pgsql", "usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql", "pdns-backend-pgsql"
    ),
    ShippedSchema("icinga2", "icinga2-ido-pgsql", "usr/share/icinga2-ido-pgsql/schema/pgsql.sql", "icinga2-ido-pgsql"),
)


def cache(kind: str) -> Path:
    """The folder where what was fetched is kept, for the next run of the tests."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "pgmend-tests" / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _package_file(package: str) -> Path:
    """The package from the cache, or else from apt; several test processes may ask at the same time."""
    if cached := sorted(cache("debian").glob(f"{package}_*.deb")):
        return cached[-1]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable(f"{package} not fetched: this machine has no apt-get or no dpkg-deb")
    with tempfile.TemporaryDirectory(dir=cache("debian")) as folder:
        _run(["apt-get", "download", "--quiet", package], folder)
        (fetched,) = Path(folder).glob("*.deb")
        return fetched.replace(cache("debian") / fetched.name)


def _member(package_file: Path, path: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(_run(["dpkg-deb", "--fsys-tarfile", str(package_file)]))) as archive:
        try:
            content = archive.extractfile(f"./{path}")
        except KeyError:
            raise Unavailable(f"{package_file.name} holds no {path}") from None
        assert content is not None, path
        text = content.read()
        return (gzip.decompress(text) if path.endswith(".gz") else text).decode()


def _run(words: list[str], folder: str | None = None) -> bytes:
    try:
        return subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=_FETCH_SECONDS).stdout
    except FileNotFoundError:
        raise Unavailable(f"no {words[0]} on this machine") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(words)}: no answer within {_FETCH_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(f"{' '.join(words)}: {said[-1] if said else f'exit code {error.returncode}'}") from error
