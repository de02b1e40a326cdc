"""What the tests of installing share."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pgmend.sql import scripts

from tests.support.server import Server

Connection = psycopg.Connection[Any]
VERSION = scripts.latest_version(scripts.packaged())


# Everything that an installation could leave behind, in this database and in the cluster.
CATALOGS = """
select 'namespace', nspname::text, nspacl::text from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
union all select 'class', oid::regclass::text, relacl::text from pg_class where relnamespace <> 'pg_toast'::regnamespace
union all select 'toast', count(*)::text, null from pg_class where relnamespace = 'pg_toast'::regnamespace
union all select 'proc', oid::regprocedure::text, proacl::text from pg_proc
union all select 'type', oid::regtype::text, null from pg_type
union all select 'event trigger', evtname::text, null from pg_event_trigger
union all select 'constraint', conname::text, null from pg_constraint
union all select 'trigger', tgname::text, null from pg_trigger
union all select 'role', rolname::text, null from pg_roles
union all select 'member', roleid::regrole::text, member::regrole::text from pg_auth_members
union all select 'setting', setconfig::text, null from pg_db_role_setting
union all select 'default acl', defaclacl::text, null from pg_default_acl
union all select 'description', count(*)::text, null from pg_description
union all select 'shared description', count(*)::text, null from pg_shdescription
union all select 'depend', count(*)::text, null from pg_depend
union all select 'shared depend', count(*)::text, null from pg_shdepend
order by 1, 2, 3
"""


def catalogs(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(CATALOGS).fetchall()


def upgraded(folder: Path, statement: str) -> Path:
    """The packaged files and one more migration."""
    root = folder / "sql"
    shutil.copytree(Path(str(scripts.packaged())), root)
    folder = root / "migrations" / f"{VERSION + 1:04}_next"
    folder.mkdir()
    (folder / "01_next.sql").write_text(statement)
    return root


def as_of_version(folder: Path, version: int) -> Path:
    """The packaged files without the migrations that came after `version`, and without the views, which need them."""
    root = folder / "sql"
    shutil.copytree(Path(str(scripts.packaged())), root)
    for migration in scripts.migrations(scripts.packaged(), after=version):
        shutil.rmtree(root / "migrations" / migration.name)
    for view in (root / "views").glob("*.sql"):
        view.unlink()
    return root


def program(server: Server, name: str) -> str:
    """The server's own, or the one on the path where that is not older; else the test is skipped aloud."""
    if server.cluster and (ours := server.cluster.bin("postgres").with_name(name)).exists():
        return str(ours)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    if int(version.split(".")[0]) < server.version:
        pytest.skip(f"{name} {version} is older than the server")
    return found
