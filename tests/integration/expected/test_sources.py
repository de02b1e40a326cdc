"""Where an expected schema comes from, and what keeps a source from being believed."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pgmend.listener.catalog.exclusion import DEFAULT
from pgmend.listener.connection import connect
from pgmend.listener.errors import CouldNotLook, InvalidRequest
from pgmend.listener.expected import expecting
from pgmend.listener.expected.command import run_command, surroundings, url_of
from pgmend.listener.expected.expecting import Comparison
from pgmend.listener.expected.scratch import PREFIX, scratch_database
from pgmend.listener.store.expected import read_expectation
from pgmend.sql.owner import OWNER
from psycopg import sql

from tests.integration.migration.test_migration import ALEMBIC, ALEMBIC_ENV, DJANGO
from tests.support.database import Database
from tests.support.portraits import told
from tests.support.role import Roles
from tests.support.server import Server

SHOP = """
\\restrict 8Zx
SET statement_timeout = 0;
SET some_setting_of_a_newer_server = 'off';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.users (id integer NOT NULL, "E mail" text DEFAULT 'a;b'::text);
ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX CONCURRENTLY "Mail" ON public.users USING btree (lower("E mail"));
\\unrestrict 8Zx
"""
LIMIT = timedelta(seconds=60)


async def load(database: Database, path: Path) -> int:
    async with await connect(database.dsn, "test") as connection:
        return await expecting.load(connection, database.dsn, path, DEFAULT)


async def from_command(database: Database, command: str, limit: timedelta = LIMIT, dsn: str | None = None) -> int:
    async with await connect(dsn or database.dsn, "test") as connection:
        return await expecting.from_command(connection, dsn or database.dsn, command, limit, DEFAULT)


async def comparison_of(database: Database) -> Comparison:
    async with await connect(database.dsn, "test") as connection:
        found = await expecting.differences(connection, DEFAULT)
    assert found is not None
    return found


async def differences(database: Database, *, unexpected: bool = False) -> list[str]:
    found = [each.difference for each in (await comparison_of(database)).found]
    return told([each for each in found if unexpected or each.aspect != "unexpected"])


def scratch_databases(database: Database) -> list[tuple[str]]:
    return database.fetch("select datname from pg_database where starts_with(datname, %s)", (PREFIX,))


def psql(statements: str) -> str:
    """A command that runs them in the database that DATABASE_URL names."""
    script = f"import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute({statements!r})"
    return shlex.join([sys.executable, "-c", script])


def is_running(pid: int) -> bool:
    """Ended and not yet collected by anybody is not running."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_captured_schema_is_what_is_there(installed: Database) -> None:
    installed.execute("create table users (id int primary key)")
    async with await connect(installed.dsn, "test") as connection:
        assert await expecting.differences(connection, DEFAULT) is None
        await expecting.capture(connection, DEFAULT, lock=False)
    assert await differences(installed, unexpected=True) == []
    installed.execute("alter table users add column x int; alter table users rename id to user_id")
    assert await differences(installed, unexpected=True) == ["name column users.id", "unexpected column users.x"]
    comparison = await comparison_of(installed)
    assert comparison.standing.only_reports is not None
    assert [(each.blame.side, each.blame.event_id is not None) for each in comparison.found] == [("database", True)] * 2
    async with await connect(installed.dsn, "test") as connection:
        await expecting.capture(connection, DEFAULT, lock=True)
        assert (await comparison_of(installed)).standing.only_reports is None
        await expecting.clear(connection)
        assert await expecting.differences(connection, DEFAULT) is None


async def test_a_file_is_replayed_in_a_scratch_database_that_is_gone_afterwards(
    installed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "schema file.sql"
    file.write_text(SHOP)
    installed.execute("create table users (id int, \"E mail\" text default 'a;b')")
    await load(installed, file)
    assert await differences(installed) == [
        "nullability column users.id",
        "existence constraint users.users_pkey",
        "existence index users.Mail",
    ]
    assert scratch_databases(installed) == []
    comparison = await comparison_of(installed)
    assert {each.blame.side for each in comparison.found if each.difference.aspect == "existence"} == {"declaration"}


async def test_a_declared_object_that_was_there_is_known_again_after_a_rename(
    installed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text(SHOP)
    installed.execute(SHOP.replace("\\restrict 8Zx", "").replace("\\unrestrict 8Zx", "").partition("CREATE INDEX")[0]
                      .replace("SET some_setting_of_a_newer_server = 'off';", "").encode())  # fmt: skip
    installed.execute('create index "Mail" on users (lower("E mail"))')
    await load(installed, file)
    assert await differences(installed) == []
    installed.execute('alter table users rename "E mail" to mail')
    assert await differences(installed) == ["name column users.E mail"]


async def test_what_was_never_there_is_missing_and_nothing_like_it_is_taken_for_it(
    installed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text("create table users (id int, email text);")
    installed.execute("create table users (id int, e_mail text)")
    await load(installed, file)
    assert await differences(installed, unexpected=True) == [
        "existence column users.email",
        "unexpected column users.e_mail",
    ]


async def test_a_folder_is_replayed_in_the_order_of_its_numbers(installed: Database, tmp_path: Path) -> None:
    (tmp_path / "10_more.sql").write_text("alter table a add column b int;")
    (tmp_path / "2_first.sql").write_text("create table a (x int);")
    (tmp_path / "2_first.down.sql").write_text("drop table a;")
    await load(installed, tmp_path)
    assert await differences(installed) == ["existence table a"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("create table a (x nowhere);", CouldNotLook, "`create table a"),
        ("create tabel a ();", InvalidRequest, "syntax error"),
        ("\\connect other\ncreate table a ();", InvalidRequest, "\\\\connect"),
        ("create role x password 'geheim';", InvalidRequest, "reaches beyond"),
        ("drop database postgres;", InvalidRequest, "reaches beyond"),
        ("copy a from stdin;", InvalidRequest, "brings rows"),
        ("", CouldNotLook, "Nothing was built"),
    ],
)
async def test_a_file_that_cannot_be_replayed_says_why_and_expects_nothing(
    installed: Database, tmp_path: Path, text: str, error: type[Exception], said: str
) -> None:
    file = tmp_path / "schema.sql"
    file.write_text(text)
    with pytest.raises(error, match=said) as raised:
        await load(installed, file)
    assert "geheim" not in str(raised.value)
    assert scratch_databases(installed) == []
    assert installed.value("select count(*) from pgmend.expectation") == 0


async def test_a_command_builds_the_schema(installed: Database) -> None:
    await from_command(installed, psql("create table a (x int); create table alembic_version (version_num text)"))
    assert await differences(installed) == ["existence table a", "existence table alembic_version"]


@pytest.mark.parametrize(
    ("history", "migrated", "version"),
    [
        (
            "create table alembic_version (version_num varchar(32) not null);insert into alembic_version values ('1')",
            "update alembic_version set version_num = '2'",
            "alembic_version 1",
        ),
        (
            "create table django_migrations (id bigint primary key, app varchar(255), name varchar(255),"
            " applied timestamptz default now()); insert into django_migrations values (1, 'shop', '0001_initial')",
            "insert into django_migrations values (2, 'shop', '0002_more')",
            "django_migrations shop 0001_initial",
        ),
    ],
    ids=["alembic", "django"],
)
async def test_a_declared_schema_heals_only_at_its_version(
    installed: Database, history: str, migrated: str, version: str
) -> None:
    installed.execute(history.encode())
    await from_command(installed, psql(history))
    assert (await comparison_of(installed)).standing.only_reports is None
    installed.execute(migrated.encode())
    assert version in str((await comparison_of(installed)).standing.only_reports)


def alembic_project(folder: Path) -> str:
    """The words after the program's."""
    (folder / "versions").mkdir()
    (folder / "env.py").write_text(ALEMBIC_ENV)
    (folder / "versions" / "0001_start.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'start'\ndown_revision = None\n"
        "def upgrade():\n"
        "    op.create_table('Bestellungen, alt', sa.Column('id', sa.Integer, primary_key=True),\n"
        "        sa.Column('Schlüssel', sa.Text, server_default='x'), schema=None)\n"
        "    op.create_index('Schlüssel_i', 'Bestellungen, alt', ['Schlüssel'])\n"
    )
    return "upgrade head"


def django_project(folder: Path) -> str:
    migrations = folder / "shop" / "migrations"
    migrations.mkdir(parents=True)
    for each in (folder / "shop", migrations):
        (each / "__init__.py").touch()
    (migrations / "0001_initial.py").write_text(
        "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    operations = [\n"
        "        migrations.CreateModel('Bestellung', [('id', models.AutoField(primary_key=True)),\n"
        "            ('key', models.TextField(db_column='Schlüssel', db_default='x', null=True))],\n"
        "            options={'db_table': 'Bestellungen, alt',\n"
        "                     'indexes': [models.Index(fields=['key'], name='Schlüssel_i')]})]\n"
    )
    return "migrate"


@pytest.mark.parametrize(
    ("project", "program", "version"),
    [
        (alembic_project, ALEMBIC, "public.alembic_version start"),
        (django_project, DJANGO, "public.django_migrations shop 0001_initial"),
    ],
    ids=["alembic", "django"],
)
async def test_the_tools_own_migrations_build_it_and_their_version_is_its_version(
    installed: Database, tmp_path: Path, project: Callable[[Path], str], program: str, version: str
) -> None:
    words = project(tmp_path)
    file = tmp_path / "tool.py"
    file.write_text(program)
    command = f"cd {shlex.quote(str(tmp_path))} && {shlex.join([sys.executable, str(file)])} {words}"
    await from_command(installed, command)
    history = version.partition(" ")[0].removeprefix("public.")
    assert await differences(installed) == ["existence table Bestellungen, alt", f"existence table {history}"]
    async with await connect(installed.dsn, "test") as connection:
        expectation = await read_expectation(connection)
    assert expectation is not None
    assert (expectation.source, expectation.migration_version) == ("declared", version)
    assert scratch_databases(installed) == []
    # The same migrations here: nothing is missing, and the version is equal.
    await run_command(command, installed.dsn, LIMIT)
    assert await differences(installed) == []
    assert (await comparison_of(installed)).standing.only_reports is None
    installed.execute('drop index "Schlüssel_i"')
    assert await differences(installed) == ["existence index Bestellungen, alt.Schlüssel_i"]


async def test_a_command_that_fails_shows_the_end_of_what_it_said_and_no_password(installed: Database) -> None:
    with pytest.raises(CouldNotLook, match="exit code 3") as raised:
        await from_command(installed, "echo begin; echo $DATABASE_URL; echo the end >&2; exit 3")
    password = psycopg.conninfo.conninfo_to_dict(installed.dsn)["password"]
    assert str(raised.value).endswith("the end")
    assert str(password) not in str(raised.value)
    assert scratch_databases(installed) == []


async def test_a_command_that_hangs_is_ended_with_all_that_it_started(installed: Database, tmp_path: Path) -> None:
    child = tmp_path / "pid"
    with pytest.raises(CouldNotLook, match="did not end within") as raised:
        await from_command(installed, f"echo started; sleep 600 & echo $! > '{child}'; wait", timedelta(seconds=0.5))
    assert str(raised.value).endswith("started")
    assert not is_running(int(child.read_text()))
    assert scratch_databases(installed) == []


async def test_a_command_that_leaves_a_transaction_open_is_not_believed(installed: Database, tmp_path: Path) -> None:
    """It goes on in a process group of its own, so that it is not ended with the command."""
    left = tmp_path / "left.py"
    left.write_text(
        "import os, psycopg\n"
        "connection = psycopg.connect(os.environ['DATABASE_URL'])\n"
        "connection.execute('create table a ()')\n"
        "print('begun', flush=True)\n"
        "for _ in connection.notifies(): pass\n"  # until the database is dropped
    )
    command = tmp_path / "command.py"
    command.write_text(
        "import subprocess, sys\n"
        f"words = [sys.executable, {str(left)!r}]\n"
        "process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)\n"
        "process.stdout.readline()\n"
    )
    with pytest.raises(CouldNotLook, match="left open"):
        await from_command(installed, shlex.join([sys.executable, str(command)]))
    assert scratch_databases(installed) == []


async def test_a_command_that_writes_to_the_database_itself_is_told_so(installed: Database) -> None:
    installed.execute("create table a (x int)")
    script = f"import psycopg; psycopg.connect({installed.dsn!r}, autocommit=True).execute('drop table a')"
    with pytest.raises(CouldNotLook, match="the database itself changed"):
        await from_command(installed, shlex.join([sys.executable, "-c", script]))
    assert installed.value("select count(*) from pgmend.expectation") == 0


def test_every_url_in_the_environment_leads_to_the_scratch_database() -> None:
    dsn = "host=h port=1 user=u password='p@ß' dbname='a b'"
    live = "postgresql+asyncpg://u:x@live/prod"
    found = surroundings(
        dsn, {"SQLALCHEMY_URL": live, "PGSERVICE": "prod", "PGHOST": "live", "HOME": "/", "PGDATABASE": "x"}
    )
    assert found["SQLALCHEMY_URL"] == "postgresql+asyncpg://u:p%40%C3%9F@h:1/a%20b"
    assert found["DATABASE_URL"] == found["PGMEND_SCRATCH_DSN"] == url_of(dsn)
    assert (found["PGHOST"], found["PGDATABASE"], found["HOME"]) == ("h", "a b", "/")
    assert "PGSERVICE" not in found
    assert psycopg.conninfo.conninfo_to_dict(url_of(dsn)) == psycopg.conninfo.conninfo_to_dict(dsn)


SCRATCH = "postgresql://u:p@h:1/empty"


@pytest.mark.parametrize(
    ("live", "instead"),
    [
        ("postgis://app:pw@prod/app", "postgis://u:p@h:1/empty"),
        ("timescale://app:pw@prod/app", "timescale://u:p@h:1/empty"),
        ("TimescaleDB://app:pw@prod/app", "TimescaleDB://u:p@h:1/empty"),
        ("cockroachdb+psycopg2://prod/app", "cockroachdb+psycopg2://u:p@h:1/empty"),
        ("cockroach://prod/app", "cockroach://u:p@h:1/empty"),
        ("redshift+psycopg2://prod/app", "redshift+psycopg2://u:p@h:1/empty"),
        ("pgsql://prod/app", "pgsql://u:p@h:1/empty"),
        ("psql://prod/app", "psql://u:p@h:1/empty"),
        ("postgres:///app", "postgres://u:p@h:1/empty"),
        (" \tpostgresql+asyncpg://prod/app\n", "postgresql+asyncpg://u:p@h:1/empty"),
        ("'postgres://prod/app'", "postgres://u:p@h:1/empty"),
        ("jdbc:postgresql://prod/app?user=app", "jdbc:postgresql://h:1/empty?user=u&password=p"),
        ("host=prod dbname=app", SCRATCH),
        (" dbname = 'my app' ", SCRATCH),
        ("hostaddr=10.0.0.1 user=app", SCRATCH),
        ("service=prod", SCRATCH),
    ],
)
def test_whatever_names_a_database_leads_to_the_scratch_database(live: str, instead: str) -> None:
    assert surroundings(SCRATCH, {"MY_APP_DB": live})["MY_APP_DB"] == instead


@pytest.mark.parametrize(
    ("live", "instead"),
    [
        (None, SCRATCH),
        ("", SCRATCH),
        ("host=prod dbname=app", SCRATCH),
        ("house+pooled://prod/app", "house+pooled://u:p@h:1/empty"),
        ("  house://prod/app", "house://u:p@h:1/empty"),
        ("sqlite:///app.db", SCRATCH),
        ("//prod/app", SCRATCH),
        ("house-db://prod/app", SCRATCH),
    ],
)
def test_the_named_variables_are_always_those_of_the_scratch_database(live: str | None, instead: str) -> None:
    given = {} if live is None else {"DATABASE_URL": live, "PGMEND_SCRATCH_DSN": live}
    found = surroundings(SCRATCH, given)
    assert (found["DATABASE_URL"], found["PGMEND_SCRATCH_DSN"]) == (instead, SCRATCH)


def test_what_names_no_database_stays() -> None:
    others = {
        "PATH": "/bin:/usr/bin",
        "EMPTY": "",
        "BROKER_URL": "amqp://prod/app",
        "OPTIONS": "a=b c=d",
        "PORT": "port=80",
        "TEXT": "see postgres://prod/app",
    }
    assert surroundings(SCRATCH, others).items() >= others.items()


def test_on_a_server_of_our_own_nothing_of_libpqs_environment_is_left() -> None:
    others = {"PGSSLMODE": "require", "PGHOSTADDR": "10.0.0.1", "PGSYSCONFDIR": "/etc", "PGMEND_TRACEBACK": "1"}
    dsn = f"{SCRATCH}?sslmode=disable&hostaddr=127.0.0.1&options="
    found = surroundings(dsn, others, alone=True)
    assert found == {
        "PGMEND_TRACEBACK": "1",
        "DATABASE_URL": SCRATCH,
        "PGMEND_SCRATCH_DSN": SCRATCH,
        "PGHOST": "h",
        "PGPORT": "1",
        "PGUSER": "u",
        "PGPASSWORD": "p",
        "PGDATABASE": "empty",
    }
    assert surroundings(SCRATCH, others)["PGSSLMODE"] == "require"  # how somebody's own server is reached


async def test_what_a_crash_left_is_swept_and_what_another_works_in_is_not(installed: Database) -> None:
    installed.execute(sql.SQL("create database {}").format(sql.Identifier(f"{PREFIX}00000000dead")))
    async with scratch_database(installed.dsn) as first:
        assert [first.name] == [name for (name,) in scratch_databases(installed)]
        async with scratch_database(installed.dsn) as second:
            assert {name for (name,) in scratch_databases(installed)} == {first.name, second.name}
    assert scratch_databases(installed) == []


async def test_a_role_that_may_not_create_databases_builds_on_the_embedded_server(
    installed: Database, role: Roles, server: Server
) -> None:
    owner = role("login")
    installed.execute(sql.SQL("grant {} to {}").format(sql.Identifier(OWNER), owner.identifier))
    dsn = installed.dsn_as(owner.name, owner.password)
    if server.version != 18:
        with pytest.raises(CouldNotLook, match="createdb"):
            await from_command(installed, psql("create table a ()"), dsn=dsn)
        return
    installed.execute(sql.SQL("create table a (x int); grant select on a to {}").format(owner.identifier))
    await from_command(installed, psql(f"create table a (x int); grant select on a to {owner.name}"), dsn=dsn)
    assert await differences(installed) == []


async def test_a_copied_database_does_not_trust_the_addresses_of_its_original(
    installed: Database, server: Server
) -> None:
    installed.execute("create table users (id int primary key)")
    async with await connect(installed.dsn, "test") as connection:
        await expecting.capture(connection, DEFAULT, lock=True)
        expectation = await read_expectation(connection)
        assert expectation is not None
        assert (await expecting.terms(connection, expectation)).known
    await asyncio.sleep(0)
    installed.leave()
    with server.database(installed.name) as copy:
        async with await connect(copy.dsn, "test") as connection:
            assert not (await expecting.terms(connection, expectation)).known
        assert await differences(copy) == []
        copy.execute("alter table users rename id to user_id")
        assert "existence column users.id" in await differences(copy)
