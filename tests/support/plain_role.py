"""A role like an application's on a hosted server: it owns its database and has no other right."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from pgmend.sql.install import adopt, install
from psycopg import sql

from .database import Database
from .role import Roles
from .server import Server
from .workshop import Workshop


@asynccontextmanager
async def plain_workshop(server: Server, database: Database, role: Roles, schema: str) -> AsyncGenerator[Workshop]:
    """The workshop of such a role in `database`, where it has installed pgmend and made that schema."""
    owner = role()
    server.admin.execute(
        sql.SQL("alter database {} owner to {}").format(sql.Identifier(database.name), owner.identifier)
    )
    own = database.seen_by(owner.name, owner.password)
    with psycopg.connect(own.dsn, autocommit=True) as connection:
        install(connection)
        adopt(connection)
    own.execute(schema)
    workshop = await Workshop.open(own)
    yield workshop
    await workshop.close()
