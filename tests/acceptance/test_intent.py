"""What somebody meant stays as it is, whatever comes later; and asking about it runs nobody's code."""

from __future__ import annotations

from typing import LiteralString

import pytest
from psycopg import sql

from tests.acceptance.listener import OPERATOR, WATCHES, Listener, find_issue, listen
from tests.acceptance.test_loop import SHOP
from tests.support.database import Database, Statement
from tests.support.eventually import eventually
from tests.support.process import Processes
from tests.support.role import Role, Roles

FOR_ACCIDENTS = """
create table invoices (id integer primary key, user_id integer);
create table accounts (id integer primary key, user_id integer);
create index invoices_user_id_idx on invoices (user_id);
create index accounts_user_id_idx on accounts (user_id);
insert into invoices select id, id from users;
insert into accounts select id, id from users;
"""


@pytest.fixture
def shop(installed: Database) -> Database:
    """A small application that Alembic looks after."""
    installed.execute(SHOP + FOR_ACCIDENTS)
    installed.execute("create table alembic_version (version_num text primary key);"
                      "insert into alembic_version values ('first')")  # fmt: skip
    return installed


async def migrate(database: Database, version: str, *statements: Statement) -> None:
    """One migration as Alembic runs it: its statements, and the one row of its table updated, in one transaction."""
    async with await database.connect() as connection, connection.transaction():
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("update alembic_version set version_num = %s", (version,))


TO_TEXT: Statement = "alter table payments alter column user_id type text"


def type_of(database: Database, table: str) -> str:
    return database.value(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = %s::regclass and attname = 'user_id'",
        (table,),
    )


async def heals(listener: Listener, table: str = "invoices") -> None:
    """An accident with another table is healed: this listener acts alone, and had time for the rest."""
    listener.database.execute(sql.SQL("alter table {} alter column user_id type text").format(sql.Identifier(table)))
    await eventually(lambda: type_of(listener.database, table) == "integer", 20)


async def why_not(database: Database) -> str:
    """Why the changed type of payments is not put back alone, once that is said."""

    def said() -> str | None:
        issue = find_issue(database, "TYPE_MISMATCH", "payments", "open")
        return issue and issue["why_not_auto"]

    return await eventually(said, 20)


async def test_what_a_migration_did_stays_after_the_next_one_a_pause_and_a_restart(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop)
    await migrate(shop, "second", TO_TEXT)
    assert "alembic_version" in await why_not(shop)

    await migrate(shop, "third", "create table another (id integer primary key)")
    shop.fetch("select pgmend.pause('a look')")
    shop.fetch("select pgmend.resume()")
    shop.fetch("select pgmend.auto(false)")
    shop.fetch("select pgmend.auto(true)")
    await heals(listener)
    assert type_of(shop, "payments") == "text"
    assert "the change was meant" in await why_not(shop)

    assert await listener.process.terminate() == 0
    listener = await listen(pgmend, shop)
    await heals(listener, "accounts")
    assert type_of(shop, "payments") == "text"
    assert "the change was meant" in await why_not(shop)


async def test_what_a_session_said_it_means_stays_after_a_restart(pgmend: Processes, shop: Database) -> None:
    listener = await listen(pgmend, shop)
    async with await shop.connect() as connection:
        await connection.execute("set pgmend.intended = 'ticket 4711'")
        await connection.execute(TO_TEXT)
    assert "ticket 4711" in await why_not(shop)
    assert await listener.process.terminate() == 0
    await heals(await listen(pgmend, shop))
    assert type_of(shop, "payments") == "text"
    assert "ticket 4711" in await why_not(shop)


async def test_migrations_that_ran_while_nobody_listened_stay_though_the_last_overwrote_the_row(
    pgmend: Processes, shop: Database
) -> None:
    first = await listen(pgmend, shop)
    assert await first.process.terminate() == 0
    await migrate(shop, "second", TO_TEXT)
    await migrate(shop, "third")
    await heals(await listen(pgmend, shop))
    assert type_of(shop, "payments") == "text"
    assert "not known" in await why_not(shop)


async def test_a_migration_of_what_an_accident_changed_is_not_reverted_with_it(
    pgmend: Processes, shop: Database
) -> None:
    listener = await listen(pgmend, shop, settle="3600")
    shop.execute(TO_TEXT)
    await listener.issue("TYPE_MISMATCH", "payments")
    await migrate(shop, "second", "alter table payments alter column user_id type bigint using user_id::bigint",
                  "alter table payments alter column user_id type varchar(20)")  # fmt: skip
    await eventually(lambda: "the change was meant" in (_open(shop) or ""), 20)


def _open(database: Database) -> str | None:
    issue = find_issue(database, "TYPE_MISMATCH", "payments", "open")
    return issue and issue["why_not_auto"]


async def test_nobody_takes_the_listeners_rights_with_a_table_called_like_a_history(
    pgmend: Processes, installed: Database, role: Roles
) -> None:
    """A role that may make a schema, a listener with few rights, and its heal of somebody else's accident."""
    app, mender, evil = role("nologin"), role(), role()

    def run(text: LiteralString, as_role: Role | None = None) -> None:
        dsn = installed.dsn_as(as_role.name, as_role.password) if as_role else installed.dsn
        statement = sql.SQL(text).format(
            app=app.identifier, mender=mender.identifier, evil=evil.identifier, name=sql.Literal(evil.name),
            database=sql.Identifier(installed.name),
        )  # fmt: skip
        Database(installed.name, dsn).execute(statement)

    run("grant create on schema public to {app}; grant {app}, pgmend_owner to {mender};"
        "grant create on database {database} to {evil}")  # fmt: skip
    run("set role {app};" + SHOP.replace("analyze;", ""))
    run(
        """create schema evil;
        create table evil.loot (who text);
        create table evil.alembic_version (version_num text);
        insert into evil.alembic_version values ('x');
        grant usage on schema evil to public;
        grant all on all tables in schema evil to public;
        create function evil.f() returns boolean language plpgsql as $$ begin
          insert into evil.loot values (current_user);
          execute 'grant all on public.users to ' || quote_ident({name});
          return true; end $$;
        alter table evil.alembic_version enable row level security;
        create policy p on evil.alembic_version using (evil.f())""",
        evil,
    )
    environment = {"PGMEND_DSN": installed.dsn_as(mender.name, mender.password), "PGMEND_OPERATOR_TOKEN": OPERATOR}
    process = await pgmend.start("start", "--port", "0", "--settle-time", "0.2", env=environment)
    await process.line(WATCHES)
    run("set role {app}; alter table payments alter column user_id type text")
    await eventually(lambda: type_of(installed, "payments") == "integer", 30)
    assert installed.fetch("select who from evil.loot") == []
    assert not installed.value("select has_table_privilege(%s, 'public.users', 'select')", (evil.name,))
