"""What the tests of the SQL half share: plain, blocking connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Role, Roles

Connect = Callable[..., psycopg.Connection[Any]]


@pytest.fixture
def connect(installed: Database) -> Iterator[Connect]:
    """Connections to the installed database in autocommit mode, as its superuser or as `role`."""
    with ExitStack() as stack:

        def opened(role: Role | None = None, **options: Any) -> psycopg.Connection[Any]:
            dsn = installed.dsn_as(role.name, role.password) if role else installed.dsn
            return stack.enter_context(psycopg.connect(dsn, **{"autocommit": True, **options}))

        yield opened


@pytest.fixture
def admin(connect: Connect) -> psycopg.Connection[Any]:
    """The superuser in the installed database."""
    return connect()


@pytest.fixture
def ordinary(installed: Database, role: Roles) -> Role:
    """A role that may create tables in schema app, and nothing else."""
    ordinary = role()
    installed.execute(sql.SQL("create schema app authorization {}").format(ordinary.identifier))
    installed.execute("delete from pgmend.ddl_log")
    return ordinary
