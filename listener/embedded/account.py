"""The account a server runs under: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from ..errors import EmbeddedServerError

# `postgres` is not among them: on a machine that has it, it owns somebody's real data.
_UNPRIVILEGED = ("nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the data directory and run the server."""

    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether every folder above `path` lets this account through; by mode bits, not ACLs, where it is not ours."""
        return all(self._may(folder, os.X_OK) for folder in path.resolve().parents)

    def runs(self, program: Path) -> bool:
        """Whether this account may read and execute `program`, and get there."""
        return self.reaches(program) and self._may(program, os.R_OK | os.X_OK)

    def _may(self, path: Path, wanted: int) -> bool:
        if self.uid == os.geteuid():
            return os.access(path, wanted)
        status = path.stat()
        if status.st_uid == self.uid:
            granted = stat.S_IMODE(status.st_mode) >> 6
        elif status.st_gid == self.gid:
            granted = stat.S_IMODE(status.st_mode) >> 3
        else:
            granted = stat.S_IMODE(status.st_mode)
        return granted & wanted == wanted


def unprivileged() -> Account:
    """Our own account, or an existing powerless one where we are root.

    initdb looks its user id up by name, so a bare high uid will not do.
    """
    if os.geteuid() != 0:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise EmbeddedServerError(
                f"user id {os.geteuid()} has no account here, and initdb asks for its name: "
                "run pgmend as a user with an entry in /etc/passwd, or as root"
            ) from error
        return Account(entry.pw_name, os.geteuid(), os.getegid())
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(_UNPRIVILEGED)} exists here: "
        "run pgmend as an ordinary user"
    )
