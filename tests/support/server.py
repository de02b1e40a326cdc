"""The PostgreSQL server that tests run on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import psycopg
from pgmend.listener.embedded import Cluster
from pgmend.sql.owner import OWNER
from psycopg import sql
from psycopg.conninfo import make_conninfo

from .database import Database

# What tests of any kind can live with; a test that needs others asks `server_with`.
TEST_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "jit": "off",
}
# In memory, copying files beats writing every page to the log; on somebody's disk it would cost two checkpoints.
_QUICK_COPY = sql.SQL(" strategy file_copy")
_FIRST_WITH_STRATEGY = 15
_PUBLIC_CLOSED_SINCE = 15


class Server:
    """A server by its superuser's DSN, with templates that test databases are cloned from.

    `cluster` is None where the server is not ours (PGMEND_TEST_DSN, Docker): then only its databases are.
    """

    def __init__(self, dsn: str, cluster: Cluster | None = None) -> None:
        self.dsn = dsn
        self.cluster = cluster
        self._admin: psycopg.Connection | None = None
        self._templates: dict[str, str] = {}

    def restart(self, *, crash: bool = False) -> None:
        """Only for a server of our own: the same data on the same port again."""
        assert self.cluster is not None
        if self._admin is not None:
            self._admin.close()
        self.cluster.restart(crash=crash)

    @property
    def version(self) -> int:
        """The number of the major version."""
        return self.admin.info.server_version // 10000

    @property
    def admin(self) -> psycopg.Connection:
        """A connection to the maintenance database, opened when first needed or after a restart."""
        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(self.dsn, autocommit=True)
        return self._admin

    def dsn_of(self, name: str) -> str:
        """The DSN of one of its databases."""
        return self.cluster.dsn(name) if self.cluster else make_conninfo(self.dsn, dbname=name)

    @contextmanager
    def database(self, template: str | None = None) -> Generator[Database]:
        """A fresh copy of `template`, or an empty database; dropped at the end."""
        database = self._create(template or self.template("empty", lambda _: None))
        try:
            yield database
        finally:
            database.close()
            self._drop(database.name)

    def template(self, key: str, fill: Callable[[str], None]) -> str:
        """The name of the template `key`, made at first use by `fill` from its DSN, nobody connected after."""
        if key not in self._templates:
            database = self._create("template0")
            self._templates[key] = database.name
            try:
                self._close_public(database)
                fill(database.dsn)
                # Copies inherit the catalog cache file that a session writes: their own first one is 5 ms quicker.
                psycopg.connect(database.dsn).close()
            except BaseException:
                self._drop(self._templates.pop(key))
                raise
        return self._templates[key]

    def close(self) -> None:
        """Leave; a server that is not ours without the templates, and without an unused owner of the SQL half."""
        if self.cluster is None:
            for name in self._templates.values():
                self._drop(name)
            with suppress(psycopg.errors.DependentObjectsStillExist):
                self.admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(OWNER)))
        if self._admin is not None:
            self._admin.close()

    def _close_public(self, database: Database) -> None:
        """Everybody may create in schema public before 15: that is an issue in each test that is about others."""
        if self.version < _PUBLIC_CLOSED_SINCE:
            database.execute("revoke create on schema public from public")

    def _create(self, template: str) -> Database:
        name = f"pgmend_test_{secrets.token_hex(6)}"
        statement = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        quick = self.cluster is not None and self.version >= _FIRST_WITH_STRATEGY
        self.admin.execute(statement + _QUICK_COPY if quick else statement)
        return Database(name, self.dsn_of(name))

    def _drop(self, name: str) -> None:
        self.admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
