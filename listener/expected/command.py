"""A command that builds a schema: given an empty database, a time limit, and no way to find another by chance."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import IO, Final
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from ..errors import CouldNotLook
from ..journal import HIDDEN, redact

_SCHEME: Final = re.compile(r"(postgres(?:ql)?(?:\+\w+)?)://", re.IGNORECASE)
_GIVEN: Final = ("DATABASE_URL", "PGMEND_SCRATCH_DSN")
_ENDS_WITHIN_SECONDS: Final = 5
_END_BYTES: Final = 4_000
# libpq reads them beside or instead of what we say.
_LIBPQ: Final = ("PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGHOSTADDR", "PGPASSFILE", "PGMEND_DSN")


async def run_command(command: str, dsn: str, limit: timedelta, environment: Mapping[str, str] = os.environ) -> None:
    """Run it in a shell, with `dsn` in its environment; raises CouldNotLook with the end of what it said where it
    fails or takes longer than `limit`. No process that it started in its group outlives this."""
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=surroundings(dsn, environment),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(limit.total_seconds()):
                code = await process.wait()
        except TimeoutError:
            await _end(process)
            raise CouldNotLook(f"The command did not end within {limit}.{_end_of(output, dsn)}") from None
        finally:
            await _end(process)
        if code:
            raise CouldNotLook(f"The command failed with exit code {code}.{_end_of(output, dsn)}")


def surroundings(dsn: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the scratch database wherever it named one: in DATABASE_URL, PGMEND_SCRATCH_DSN, libpq's
    variables, and every variable that holds a PostgreSQL URL, whose scheme (`postgresql+asyncpg`) stays as it is."""
    url = url_of(dsn)
    changed = {name: value for name, value in environment.items() if name not in _LIBPQ}
    for name, value in environment.items():
        scheme = _SCHEME.match(value)
        if scheme is not None and name not in _LIBPQ:
            changed[name] = _with_scheme(url, scheme[1])
    for name in _GIVEN:
        changed.setdefault(name, url)
    parameters = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    for variable, name in (
        ("PGHOST", "host"),
        ("PGPORT", "port"),
        ("PGUSER", "user"),
        ("PGPASSWORD", "password"),
        ("PGDATABASE", "dbname"),
    ):
        if name in parameters:
            changed[variable] = parameters[name]
    return changed


def url_of(dsn: str) -> str:
    """The connection string as a URL, since that is what migration tools read."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    user, password = parameters.pop("user", ""), parameters.pop("password", "")
    host, port = parameters.pop("host", ""), parameters.pop("port", "")
    name = quote(parameters.pop("dbname", ""), safe="")
    if host.startswith("/") or "," in host:
        parameters["host"], host = host, ""
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    where = f"[{host}]" if ":" in host else host
    rest = f"?{urlencode(parameters)}" if parameters else ""
    return f"postgresql://{who}{'@' if who else ''}{where}{f':{port}' if port else ''}/{name}{rest}"


def _with_scheme(url: str, scheme: str) -> str:
    return scheme + url.removeprefix("postgresql")


async def _end(process: asyncio.subprocess.Process) -> None:
    """End what is left of the command's process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN_SECONDS):
                await process.wait()


def _end_of(output: IO[bytes], dsn: str) -> str:
    """The end of what the command said, without the scratch database's password."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _END_BYTES))
    said = redact(output.read().decode(errors="replace").strip())
    password = conninfo_to_dict(dsn).get("password")
    if password:
        said = said.replace(str(password), HIDDEN).replace(quote(str(password), safe=""), HIDDEN)
    return f" The end of what it said:\n{said}" if said else " It said nothing."
