"""PGMEND_TEST_DSN, PGMEND_TEST_BINDIR and PGMEND_TEST_DOCKER decide where tests run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import docker
import psycopg
import pytest
from pgmend.listener.embedded import Cluster

from tests.support.origin import why_no_engine

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/lib/postgresql/15/bin")
ORIGINS = ("PGMEND_TEST_DSN", "PGMEND_TEST_BINDIR", "PGMEND_TEST_DOCKER")

TEST = """
from psycopg import sql

def test_sql_half(installed):
    assert installed.value("select count(*) from pgmend.instance") == 1

def test_where_we_are(database, role):
    owner = role()
    database.execute(sql.SQL("create table t (); alter table t owner to {}").format(owner.identifier))
    system = database.value("select system_identifier from pg_control_system()")
    print(f"\\nsystem {system} version {database.value('show server_version')}")
"""


def run_pytest(folder: Path, env: Mapping[str, str]) -> str:
    (folder / "conftest.py").write_text('pytest_plugins = ["tests.support.fixtures"]')
    test = folder / "test_where.py"
    test.write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider"]
    kept = {name: value for name, value in os.environ.items() if name not in ORIGINS}
    finished = subprocess.run(
        [*command, "-c", ROOT / "pyproject.toml", "--rootdir", folder, test],
        cwd=ROOT,
        env=kept | dict(env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def names(dsn: str) -> list[str]:
    """Every database and role of a server."""
    with psycopg.connect(dsn) as connection:
        return [
            name
            for (name,) in connection.execute("select datname from pg_database union all select rolname from pg_roles")
        ]


def test_given_dsn_is_the_server_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    with Cluster(DEBIAN if DEBIAN.is_dir() else None) as cluster:
        before = names(cluster.dsn())
        with psycopg.connect(cluster.dsn()) as connection:
            row = connection.execute("select system_identifier from pg_control_system()").fetchone()
        assert row is not None
        output = run_pytest(tmp_path, {"PGMEND_TEST_DSN": cluster.dsn()})
        assert f"system {row[0]} version" in output
        assert names(cluster.dsn()) == before


@pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"there is no PostgreSQL in {DEBIAN}")
def test_given_bindir_is_started(tmp_path: Path) -> None:
    assert "version 15" in run_pytest(tmp_path, {"PGMEND_TEST_BINDIR": str(DEBIAN)})


def test_docker_that_does_not_answer_skips_aloud(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/no-engine.sock"
    output = run_pytest(tmp_path, {"PGMEND_TEST_DOCKER": "postgres:17", "DOCKER_HOST": nowhere})
    assert "2 skipped" in output
    assert "PGMEND_TEST_DOCKER=postgres:17, but no Docker engine answers" in output


def test_given_image_is_run_in_a_container_that_goes_away(tmp_path: Path) -> None:
    if silence := why_no_engine():
        pytest.skip(f"no Docker engine answers: {silence}")
    image = os.environ.get("PGMEND_TEST_DOCKER", "postgres:17")
    with closing(docker.from_env()) as engine:
        ours = {"ancestor": image}
        before = engine.containers.list(all=True, filters=ours)
        output = run_pytest(tmp_path, {"PGMEND_TEST_DOCKER": image})
        assert engine.containers.list(all=True, filters=ours) == before
    assert "2 passed" in output
