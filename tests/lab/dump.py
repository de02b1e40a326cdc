"""The schema of a database as text that is equal exactly when the schemas are: pg_dump's, without its noise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from pgmend.listener.embedded import Cluster
from pgmend.listener.errors import EmbeddedServerError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.server import Server

from .package import Unavailable

_ENTRY = re.compile(r"^--\n-- Name: .*\n--\n", re.MULTILINE)
_NOISE = re.compile(
    r"""^(?: SET[ ]default_table(?:space|_access_method)[ ]=.* | \\(?:un)?restrict[ ].*
    | --\n--[ ]PostgreSQL[ ]database[ ]dump[ ]complete\n-- )$""",
    re.MULTILINE | re.VERBOSE,
)
_LEFT_OUT = """
select case c.relkind when 'm' then 'not populated: ' else 'invalid: ' end || c.oid::regclass::text
from pg_catalog.pg_class as c left join pg_catalog.pg_index as i on i.indexrelid = c.oid
where (not i.indisvalid or not i.indisready or not c.relispopulated)
  and c.relnamespace not in (select oid from pg_catalog.pg_namespace where nspname in ('pgmend', 'pgmend_backup'))
order by 1
"""
_EVENT_TRIGGER_OF_OURS = re.compile(r"(CREATE|COMMENT ON|ALTER) EVENT TRIGGER pgmend")


def normalised_dump(dsn: str, pg_dump: Path) -> str:
    """What `pg_dump --schema-only` says of everything but pgmend: its entries, sorted, without settings and
    remarks; and what it leaves out."""
    _, *entries = _ENTRY.split(_schema_dump(dsn, pg_dump))
    bodies = sorted(_NOISE.sub("", entry).strip() for entry in entries)
    kept = [body for body in bodies if body and not _EVENT_TRIGGER_OF_OURS.match(body)]
    return "\n\n".join([*kept, *_left_out(dsn)]) + "\n"


def dump_to(file: Path, dsn: str, pg_dump: Path) -> None:
    """Everything that `pg_dump --schema-only` says, pgmend included."""
    subprocess.run([pg_dump, "--schema-only", f"--file={file}", f"--dbname={dsn}"], check=True, capture_output=True)


def pg_dump_for(server: Server) -> Path:
    """As `find_pg_dump`; skips aloud without one."""
    try:
        return find_pg_dump(server)
    except Unavailable as reason:
        pytest.skip(str(reason))


def find_pg_dump(server: Server) -> Path:
    """The pg_dump that came with the server, or this machine's of the same major version, or the embedded one, which
    reads older servers too; raises Unavailable."""
    try:
        if server.cluster is not None:
            return server.cluster.bin("pg_dump")
    except EmbeddedServerError:
        pass
    found = shutil.which("pg_dump")
    said = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout if found else ""
    if found is not None and re.search(rf"\) {server.version}\b", said):
        return Path(found)
    try:
        return Cluster().bin("pg_dump")
    except EmbeddedServerError:
        raise Unavailable(f"no pg_dump of PostgreSQL {server.version} here (found: {said.strip() or 'none'})") from None


def _left_out(dsn: str) -> list[str]:
    """What pg_dump keeps to itself: an invalid index it leaves out as if there were none."""
    with psycopg.connect(dsn) as connection:
        return [said for (said,) in connection.execute(_LEFT_OUT)]


def _schema_dump(dsn: str, pg_dump: Path) -> str:
    """The password goes through the environment: everybody on the machine sees arguments."""
    parts = conninfo_to_dict(dsn)
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", ""))}
    words = [pg_dump, "--schema-only", "--exclude-schema=pgmend", "--exclude-schema=pgmend_backup"]
    words.append(f"--dbname={make_conninfo(**parts)}")
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout
