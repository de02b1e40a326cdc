"""Where the tests' server comes from: the environment says, and without a word it is the embedded one.

PGMEND_TEST_DSN     a superuser's DSN of any server; only databases and roles of ours are made and dropped there
PGMEND_TEST_DOCKER  an image such as postgres:17, run by testcontainers
PGMEND_TEST_BINDIR  a bin folder such as /usr/lib/postgresql/15/bin
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pgmend.listener.embedded import Cluster
from pgmend.listener.errors import EmbeddedServerError

from .server import TEST_SETTINGS, Server


@contextmanager
def given_server() -> Generator[Server]:
    """The server that the environment asks for; skips aloud where Docker is asked for and does not answer."""
    if dsn := os.environ.get("PGMEND_TEST_DSN"):
        with closing(Server(dsn)) as server:
            yield server
    elif image := os.environ.get("PGMEND_TEST_DOCKER"):
        with _container(image) as dsn, closing(Server(dsn)) as server:
            yield server
    else:
        with own_server() as server:
            yield server


@contextmanager
def own_server(settings: Mapping[str, str] | None = None) -> Generator[Server]:
    """A server of our own with `settings` on top of TEST_SETTINGS; skips aloud where there are no binaries."""
    bindir = os.environ.get("PGMEND_TEST_BINDIR")
    cluster = Cluster(Path(bindir) if bindir else None, settings={**TEST_SETTINGS, **(settings or {})})
    try:
        cluster.bin("postgres")
    except EmbeddedServerError as error:
        pytest.skip(f"no PostgreSQL server to start: {error}; or set PGMEND_TEST_BINDIR")
    with started(cluster) as server:
        yield server


@contextmanager
def started(cluster: Cluster) -> Generator[Server]:
    """A server with its templates, from its start to its end; raises EmbeddedServerError."""
    with cluster, closing(Server(cluster.dsn(), cluster)) as server:
        yield server


@contextmanager
def _container(image: str) -> Generator[str]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 -- slow, and rarely asked for

    if silence := why_no_engine():
        pytest.skip(f"PGMEND_TEST_DOCKER={image}, but no Docker engine answers: {silence}")
    with PostgresContainer(image, username="postgres", driver=None) as container:  # as on the embedded server
        yield container.get_connection_url()


def why_no_engine() -> str | None:
    """What the Docker client says where no engine answers, else None."""
    import docker  # noqa: PLC0415 -- slow, and rarely asked for

    with warnings.catch_warnings():
        # Where the client fails to connect, it leaves its socket to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker.from_env().close()
            reason = None
        except docker.errors.DockerException as error:
            reason = str(error)
        gc.collect()
    return reason
