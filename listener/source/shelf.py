"""Facts of files, kept between runs in a folder of the user: lines of JSON under the digests of what was read.

$XDG_CACHE_HOME/pgmend/code/          0700, ours; used only as such
    <tree>.<version>.facts            0600; a digest and a line of transcript.py for each file of a tree

Digests are of path and content; the version is that of this package's own code and of Python. Who may write there could
hide what is wrong with the code, and make nothing run.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 64 << 20
_ENDING: Final = ".facts"
_LONGEST_SECONDS: Final = 600
"""So long no run writes."""
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAKE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Lines = Mapping[bytes, bytes]


def user_cache() -> Path | None:
    """Where this user's programs keep what can be made anew; None where there is no such place."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if chosen.startswith("/"):
        return Path(chosen) / "pgmend"
    try:
        return Path.home() / ".cache" / "pgmend"
    except RuntimeError:
        return None


class Shelf:
    """`complaint` says why nothing could be kept, once somebody tried; the least recently used goes first beyond
    `most_bytes`."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self.complaint: str | None = None

    @classmethod
    def of_user(cls) -> Shelf | None:
        """The one of this user; None where there is no place for it."""
        cache_folder = user_cache()
        return None if cache_folder is None else cls(cache_folder / "code")

    def take(self, tree: Path) -> Lines:
        """The lines that were kept for the tree, by digest; none where that is not to be had."""
        with self._opened() as folder:
            if folder is None:
                return {}
            try:
                file = os.open(_name(tree), _OPEN, dir_fd=folder)
            except FileNotFoundError:
                return {}
            with open(file, "rb") as content:  # noqa: PTH123 - of a descriptor
                os.utime(file)
                parted = (line.partition(b" ") for line in content.read().splitlines())
                return {digest: line for digest, _, line in parted}
        return {}

    def put(self, tree: Path, lines: Lines) -> None:
        """Keep these lines for the tree, and no others of it."""
        content = b"\n".join(digest + b" " + line for digest, line in lines.items())
        if len(content) > self._most_bytes:
            self.complaint = f"the facts of {tree} take more than {self._most_bytes >> 20} MB: they are not kept"
            return
        with self._opened() as folder:
            if folder is None:
                return
            self._make_room(folder, _name(tree), len(content))
            draft = f"{secrets.token_hex(8)}.draft"
            try:
                with open(os.open(draft, _MAKE, 0o600, dir_fd=folder), "wb") as file:  # noqa: PTH123 - of a descriptor
                    file.write(content)
                os.replace(draft, _name(tree), src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=folder)
                raise

    @contextmanager
    def _opened(self) -> Generator[int | None]:
        """The folder, which is ours alone; None where it is not, or something failed: then there is a complaint."""
        folder = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self._folder, _OPEN | os.O_DIRECTORY)
            status = os.fstat(folder)
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                self.complaint = f"{self._folder} is not used: it is to be yours, and closed to others (chmod 700)"
                yield None
            else:
                yield folder
        except OSError as error:
            self.complaint = f"{self._folder} is not used: {error.strerror}"
            if folder is None:
                yield None
        finally:
            if folder is not None:
                os.close(folder)

    def _make_room(self, folder: int, coming: str, size: int) -> None:
        """Delete what was not used for longest, until the rest and what is coming fit; and what another version kept of
        the same tree, or a run that was killed."""
        found: list[tuple[float, int, str]] = []
        for name in os.listdir(folder):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or name == coming:
                continue
            of_a_killed = not name.endswith(_ENDING) and status.st_mtime < time.time() - _LONGEST_SECONDS
            outdated = of_a_killed or name.partition(".")[0] == coming.partition(".")[0]
            found.append((0.0 if outdated else status.st_mtime, status.st_size, name))
        held = sum(each for _, each, _ in found)
        for used_at, each, name in sorted(found):
            if used_at and held + size <= self._most_bytes:
                break
            with suppress(FileNotFoundError):  # another run was quicker
                os.unlink(name, dir_fd=folder)
            held -= each


def _name(tree: Path) -> str:
    return f"{blake2b(os.fsencode(tree.resolve()), digest_size=12).hexdigest()}.{_version()}{_ENDING}"


@cache
def _version() -> str:
    """What the facts depend on beside the files: the code that finds them, and Python's grammar."""
    digest = blake2b(sys.version.encode(), digest_size=8)
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(os.fsencode(path.relative_to(package)) + b"\0" + path.read_bytes())
    return digest.hexdigest()
