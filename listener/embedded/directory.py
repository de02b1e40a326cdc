"""Where clusters live: one private folder per user, in memory where there is room, with dead owners' remains swept.

    /dev/shm/pgmend-<uid>/            ours, 0711: the server's account passes through, nobody else looks in
        .lock                         held while a cluster's folder appears or is swept
        cluster-<random>/
            owner                     locked by the owner's process for as long as it lives
            data/                     the server's account's, 0700
            server.log

The owner is known by its lock and not by its pid: pids come back, and differ between containers that share a folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import EmbeddedServerError
from .account import Account

MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own in there, checked for its owner
ROOM_NEEDED = 1 << 30
_PREFIX = "cluster-"


class ClusterDirectory:
    """The folder of one cluster, ours until `remove` or until our process ends."""

    def __init__(self, account: Account, *, in_memory: bool) -> None:
        home = _home(account, in_memory=in_memory)
        with _locked(home):
            _sweep(home)
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
            self._owner = (self.path / "owner").open("w")
            fcntl.flock(self._owner, fcntl.LOCK_EX)
        self._owner.write(f"{os.getpid()}\n")
        self._owner.flush()
        self.path.chmod(0o711)
        self.data = self.path / "data"
        self.data.mkdir(mode=0o700)
        os.chown(self.data, account.uid, account.gid)
        self.log = self.path / "server.log"
        self.log.touch(mode=0o600)

    def lend(self, name: str, content: str, account: Account) -> Path:
        """A file that only the server's account can read."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(content)
        os.chown(path, account.uid, account.gid)
        return path

    def remove(self) -> None:
        """Delete everything; a second call does nothing."""
        if not self._owner.closed:
            shutil.rmtree(self.path)
            self._owner.close()


def _home(account: Account, *, in_memory: bool) -> Path:
    """The first of the possible folders that is ours and that the server's account reaches."""
    refused: list[str] = []
    for place in _places(in_memory=in_memory):
        home = place / f"pgmend-{os.geteuid()}"
        try:
            if _make(home):
                home.chmod(0o711)  # whatever the umask
            status = home.lstat()
        except OSError as error:
            refused.append(f"{home}: {error.strerror}")
            continue
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            refused.append(f"{home}: not a folder of ours that only we can write to")
        elif not account.reaches(home / "data"):
            refused.append(f"{home}: the account {account.name} cannot get there")
        else:
            return home
    raise EmbeddedServerError(f"no place for a data directory ({'; '.join(refused)}): set TMPDIR to one")


def _places(*, in_memory: bool) -> Iterator[Path]:
    if in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_NEEDED:
        yield MEMORY
    yield Path(tempfile.gettempdir()).resolve()


def _make(home: Path) -> bool:
    try:
        home.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


@contextmanager
def _locked(home: Path) -> Generator[None]:
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(home: Path) -> None:
    """Remove the folders whose owners are gone; with the lock of `home` held, none is just appearing."""
    for path in home.glob(f"{_PREFIX}*"):
        try:
            owner = (path / "owner").open("r+")
        except FileNotFoundError:
            _discard(path)
            continue
        with owner:
            if _is_free(owner):
                _discard(path)


def _is_free(owner: IO[str]) -> bool:
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _discard(path: Path) -> None:
    # A server that dies at this moment may still write: what it leaves is for the next sweep.
    shutil.rmtree(path, ignore_errors=True)
