"""Where the database is: from the command line, the environment, or libpq's own variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .errors import SettingsError

_SCHEME = re.compile(r"^(postgres(?:ql)?)(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_LAST_PORT = 65535
_LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE")


def find_dsn(given: str | None, environment: Mapping[str, str]) -> str:
    """The connection string in libpq's form; raises SettingsError where nothing names a database.

    Order: `given` (the `--dsn` option), PGMEND_DSN, DATABASE_URL, then whatever libpq itself reads (an empty string).
    """
    candidates = [("--dsn", given), *((name, environment.get(name)) for name in ("PGMEND_DSN", "DATABASE_URL"))]
    for source, value in candidates:
        if value:
            return normalise(value, source)
    if any(environment.get(name) for name in _LIBPQ_VARIABLES):
        return ""
    raise SettingsError(
        "No database named: give --dsn, or set PGMEND_DSN, DATABASE_URL, or libpq's PGHOST or PGSERVICE."
    )


def normalise(value: str, source: str = "the DSN") -> str:
    """A connection string that libpq takes: SQLAlchemy's `postgresql+driver://` loses its driver. Echoes nothing."""
    if "\0" in value:
        raise SettingsError(f"{source} holds a NUL character; write the address without it.")
    text = _SCHEME.sub("postgresql://", value.strip())
    if "://" in text and not text.startswith("postgresql://"):
        raise SettingsError(f"{source} names another database system; pgmend speaks to PostgreSQL only.")
    try:
        parameters = conninfo_to_dict(text)
    except ProgrammingError:
        # libpq quotes the string, and with it a password, in what it says: it is not passed on.
        raise SettingsError(
            f"{source} is no PostgreSQL address; write postgresql://user:password@host:5432/database "
            "or host=… port=… dbname=… user=…"
        ) from None
    for port in str(parameters.get("port") or "").split(","):
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
            # What stands there may be the end of a password with a slash in it.
            raise SettingsError(
                f"{source}: its port is no number from 1 to {_LAST_PORT}; write postgresql://user:password@host:5432/"
                "database, and : / @ of a password as %3A %2F %40."
            )
    return make_conninfo("", **parameters)


def describe(dsn: str) -> str:
    """Host, port, database and user for people; never the password."""
    parameters = conninfo_to_dict(dsn)
    where = f"{parameters.get('host') or 'libpq default'}:{parameters.get('port') or 5432}"
    return f"{parameters.get('dbname') or 'default database'} on {where} as {parameters.get('user') or 'default user'}"
