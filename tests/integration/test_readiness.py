"""Which tables a role could not mend."""

from __future__ import annotations

from pgmend.listener.catalog.exclusion import LeftAlone
from pgmend.listener.connection import connect
from pgmend.listener.readiness import unmendable
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Roles


async def test_tables_of_others_are_named_by_owner_save_those_left_alone(database: Database, role: Roles) -> None:
    owner, listener = role(), role()
    superuser = database.value("select current_user")
    database.execute(
        sql.SQL(
            "create schema app; create schema auth;"
            "create table app.a (); create table app.b (); create table app.c ();"
            "create table auth.users (); create table app.left_alone (); create table app.of_the_superuser ();"
            "alter table app.a owner to {0}; alter table app.b owner to {0}; alter table auth.users owner to {0};"
            "alter table app.left_alone owner to {0}; alter table app.c owner to {1}"
        ).format(owner.identifier, listener.identifier)
    )
    async with await connect(database.dsn_as(listener.name, listener.password), "test") as connection:
        found = await unmendable(connection, LeftAlone(("left_*",)))
        by_owner = {each.owner: (each.tables, each.one) for each in found}
        assert by_owner == {owner.name: (2, "app.a"), superuser: (1, "app.of_the_superuser")}
        cures = {each.owner: each.cure for each in found}
        assert cures[owner.name].startswith(f'grant "{owner.name}" to "{listener.name}"')
        assert "grant " not in cures[superuser].partition("alter table")[0]
    async with await connect(database.dsn, "test") as connection:
        assert await unmendable(connection, LeftAlone()) == ()
