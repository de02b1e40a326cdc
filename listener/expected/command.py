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
from urllib.parse import quote, urlencode, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from ..errors import CouldNotLook
from ..journal import HIDDEN, redact

# What drivers, frameworks and tools call PostgreSQL, and what speaks its protocol.
_SCHEME: Final = re.compile(
    r"((?:[\w.-]+[+:])?"
    r"(?:postgres\w*|postgis|timescale\w*|cockroach\w*|redshift|pgsql|psql|asyncpg|pgx\d*|pg)"
    r"(?:\+[\w.-]+)?)://",
    re.IGNORECASE,
)
_ANY_SCHEME: Final = re.compile(r"(?!sqlite|mysql|mariadb|mssql|oracle)(\w+(?:\+\w+)?)://", re.IGNORECASE)
_JDBC: Final = "jdbc:"
_NAMES_A_DATABASE: Final = frozenset({"host", "hostaddr", "dbname", "service"})
_ENDS_WITHIN_SECONDS: Final = 5
_END_BYTES: Final = 4_000
# libpq reads them beside or instead of what we say.
_LIBPQ: Final = ("PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGHOSTADDR", "PGPASSFILE", "PGMEND_DSN")
_OURS: Final = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


async def run_command(
    command: str, dsn: str, limit: timedelta, environment: Mapping[str, str] = os.environ, *, alone: bool = False
) -> None:
    """Run it in a shell, with `dsn` in its environment (`alone` as for `surroundings`); raises CouldNotLook with the
    end of what it said where it fails or takes longer than `limit`. No process that it started in its group outlives
    this."""
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=surroundings(dsn, environment, alone=alone),
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


def surroundings(dsn: str, environment: Mapping[str, str], *, alone: bool = False) -> dict[str, str]:
    """The environment with the scratch database wherever it named one: in DATABASE_URL, PGMEND_SCRATCH_DSN, libpq's
    variables, and every variable that holds a PostgreSQL URL, whose scheme (`postgresql+asyncpg`) stays as it is, or a
    connection string of libpq's. With `alone`, for a server of our own, nothing else of libpq's variables is left: it
    says how others are reached."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    if alone:
        # Drivers that are not libpq take no other parameters in a URL.
        parameters = {name: value for name, value in parameters.items() if name in _OURS}
    url = _url(parameters)
    changed: dict[str, str] = {}
    for name, value in environment.items():
        if not (name in _LIBPQ or (alone and name.startswith("PG") and not name.startswith("PGMEND_"))):
            changed[name] = _led(value, url)
    before = _bare(environment.get("DATABASE_URL", ""))
    given = _SCHEME.match(before) or _ANY_SCHEME.match(before)
    changed["DATABASE_URL"] = _with_scheme(url, given[1]) if given else url
    changed["PGMEND_SCRATCH_DSN"] = url
    return changed | {variable: parameters[name] for name, variable in _OURS.items() if name in parameters}


def _led(value: str, url: str) -> str:
    """The value, or if it names a database of PostgreSQL the scratch database in the same form."""
    bare = _bare(value)
    scheme = _SCHEME.match(bare)
    if scheme is not None:
        return _with_scheme(url, scheme[1])
    if "=" not in bare:
        return value
    # As it stands, too: a quote may be the end of the last parameter.
    return url if any(_NAMES_A_DATABASE & _parameters(each).keys() for each in (value, bare)) else value


def _bare(value: str) -> str:
    """Without what a file of variables puts around it."""
    return value.strip().strip("'\"").strip()


def _parameters(text: str) -> Mapping[str, object]:
    try:
        return conninfo_to_dict(text)
    except ProgrammingError:
        return {}


def url_of(dsn: str) -> str:
    """The connection string as a URL, since that is what migration tools read."""
    return _url({name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None})


def _url(given: Mapping[str, str]) -> str:
    parameters = dict(given)
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
    if not scheme.lower().startswith(_JDBC):
        return scheme + url.removeprefix("postgresql")
    parts = urlsplit(url)  # which takes no user before the host
    who, _, where = parts.netloc.rpartition("@")
    names = [f"{name}={word}" for name, word in zip(("user", "password"), who.split(":"), strict=False) if word]
    query = "&".join(each for each in (*names, parts.query) if each)
    return f"{scheme}://{where}{parts.path}" + (f"?{query}" if query else "")


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
