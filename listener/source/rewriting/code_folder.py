"""A folder of code whose files are read and replaced by name, and nothing outside of it, whatever links stand in it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ...errors import CodeStays

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TEMPORARY = ".pgmend-"


class Found(NamedTuple):
    """A file as it was read. Who it is (device, inode, times, size) changes with every change of it."""

    content: bytes
    status: os.stat_result

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells that it is the same, untouched."""
        each = self.status
        return each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns


class Staged(NamedTuple):
    """What a file is to be, beside it, under a name of its own."""

    path: str
    name: str


class CodeFolder:
    """The folder at `root`, which may be a link itself; every folder and file below has to be none."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def read(self, path: str) -> Found:
        """The file; raises CodeStays where it is none, or not within."""
        with self._parent(path) as (folder, name), _told(path):
            # Without O_NONBLOCK a pipe of that name would have us wait for a writer.
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(file, "rb") as opened:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise CodeStays(f"{path} is no plain file.")
                content = opened.read()
                return Found(content, os.fstat(file))

    def stage(self, path: str, content: bytes, name: str, like: Found) -> Staged:
        """Put the new content beside the file, with the file's rights, owner and attributes, safe on the disk."""
        staged = Staged(path, name)
        with self._parent(path) as (folder, target), _told(path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(staged.name, flags, 0o600, dir_fd=folder)
            try:
                with os.fdopen(file, "wb") as opened:
                    _dress(file, like, folder, target)
                    opened.write(content)
                    opened.flush()
                    os.fsync(file)
            except BaseException:
                self.discard(staged)
                raise
        return staged

    def discard(self, staged: Staged) -> bool:
        """Take away what was staged; whether it was there."""
        with suppress(FileNotFoundError, CodeStays), self._parent(staged.path) as (folder, _):
            os.unlink(staged.name, dir_fd=folder)
            return True
        return False

    def replace(self, staged: Staged, expected: Found) -> None:
        """Have the staged content under the file's name, at once, if the file is still the expected one."""
        with self._parent(staged.path) as (folder, name), _told(staged.path):
            if self.read(staged.path).identity != expected.identity:
                raise CodeStays(f"{staged.path} was changed meanwhile. Cure: run it again.")
            os.rename(staged.name, name, src_dir_fd=folder, dst_dir_fd=folder)

    def settle(self, path: str) -> None:
        """Have the names in the file's folder safe on the disk."""
        with self._parent(path) as (folder, _), _told(path):
            os.fsync(folder)

    @contextmanager
    def _parent(self, path: str) -> Generator[tuple[int, str]]:
        """The folder that the file is in, and its name there."""
        parts = path.split("/")
        if "\0" in path or any(each in ("", ".", "..") for each in parts):
            raise CodeStays(f"{path!r} is no path within {self.root}.")
        with _told(path):
            folder = os.open(self.root, _FOLDER)
        try:
            for each in parts[:-1]:
                with _told(path):
                    below = os.open(each, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder, parts[-1]
        finally:
            os.close(folder)


def temporary_name() -> str:
    """A name that nobody has."""
    return f"{_TEMPORARY}{secrets.token_hex(8)}"


def _dress(file: int, like: Found, folder: int, name: str) -> None:
    """Give the file the owner, the attributes (access lists are such) and the rights of another."""
    status = like.status
    if (os.fstat(file).st_uid, os.fstat(file).st_gid) != (status.st_uid, status.st_gid):
        os.fchown(file, status.st_uid, status.st_gid)
    if hasattr(os, "listxattr"):
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            for each in os.listxattr(source):
                value = os.getxattr(source, each)
                if each not in os.listxattr(file) or os.getxattr(file, each) != value:
                    os.setxattr(file, each, value)
        finally:
            os.close(source)
    os.fchmod(file, stat.S_IMODE(status.st_mode))


@contextmanager
def _told(path: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        what = "it is a link, or within one" if error.errno in (errno.ELOOP, errno.ENOTDIR) else error.strerror
        raise CodeStays(f"{path} stays as it is: {what}.") from error
