"""The schema of a database as text that is equal exactly when the schemas are: pg_dump's, without its noise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pgmend.listener.errors import EmbeddedServerError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.server import Server

_ENTRY = re.compile(r"^--\n-- Name: .*\n--\n", re.MULTILINE)
_NOISE = re.compile(
    r"""^(?: SET[ ]default_table(?:space|_access_method)[ ]=.* | \\(?:un)?restrict[ ].*
    | --\n--[ ]PostgreSQL[ ]database[ ]dump[ ]complete\n-- )$""",
    re.MULTILINE | re.VERBOSE,
)
_EVENT_TRIGGER_OF_OURS = re.compile(r"(CREATE|COMMENT ON|ALTER) EVENT TRIGGER pgmend")


def normalised_dump(dsn: str, pg_dump: Path) -> str:
    """What `pg_dump --schema-only` says of everything but pgmend: its entries, sorted, without settings and remarks."""
    _, *entries = _ENTRY.split(_schema_dump(dsn, pg_dump))
    bodies = sorted(_NOISE.sub("", entry).strip() for entry in entries)
    return "\n\n".join(body for body in bodies if body and not _EVENT_TRIGGER_OF_OURS.match(body)) + "\n"


def dump_to(file: Path, dsn: str, pg_dump: Path) -> None:
    """Everything that `pg_dump --schema-only` says, pgmend included."""
    subprocess.run([pg_dump, "--schema-only", f"--file={file}", f"--dbname={dsn}"], check=True, capture_output=True)


def pg_dump_for(server: Server) -> Path:
    """The pg_dump that came with the server, or this machine's of the same major version; skips aloud without one."""
    if server.cluster is not None:
        try:
            return server.cluster.bin("pg_dump")
        except EmbeddedServerError:
            pass
    found = shutil.which("pg_dump")
    said = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout if found else ""
    if found is None or not re.search(rf"\) {server.version}\b", said):
        pytest.skip(f"no pg_dump of PostgreSQL {server.version} here (found: {said.strip() or 'none'})")
    return Path(found)


def _schema_dump(dsn: str, pg_dump: Path) -> str:
    """The password goes through the environment: everybody on the machine sees arguments."""
    parts = conninfo_to_dict(dsn)
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", ""))}
    words = [pg_dump, "--schema-only", "--exclude-schema=pgmend", "--exclude-schema=pgmend_backup"]
    words.append(f"--dbname={make_conninfo(**parts)}")
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
