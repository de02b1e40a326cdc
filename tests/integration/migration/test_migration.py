"""A fix as a migration: replayed elsewhere it gives the same schema, here it does nothing, and it goes back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pglast
import pytest
from pgmend.api.migration.alembic import alembic_revision, head_of, revision_id
from pgmend.api.migration.deed import Migration, migration_of
from pgmend.api.migration.django import django_migration, last_of, name_after
from pgmend.api.migration.plain import plain_sql
from pgmend.listener.errors import EmbeddedServerError, InvalidRequest
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    Remedy,
    ValidateConstraint,
)
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.support.database import Database
from tests.support.server import Server
from tests.support.workshop import STRUCTURE, Workshop

BASE = """
create schema "Ä pp";
create table "Ä pp"."us:ers" (id integer primary key, code varchar(10) not null);
create table "Ä pp"."o'rders" (id integer primary key, "user %id" text, total numeric(8, 2), code varchar(20));
insert into "Ä pp"."us:ers" select g, 'c' || g from generate_series(1, 30) as g;
insert into "Ä pp"."o'rders" select g, g::text, g, 'c' || g from generate_series(1, 30) as g;
create index "twin 1" on "Ä pp"."o'rders" (total);
create index "twin 2" on "Ä pp"."o'rders" (total);
alter table "Ä pp"."o'rders" add constraint "pos:itive" check (total > 0) not valid;
create view "Ä pp".shown as select "user %id" as who from "Ä pp"."o'rders" where total > 5;
"""


class Case(NamedTuple):
    """A remedy on the orders, and what has to be there besides."""

    remedy: Callable[[Workshop, int, int], Remedy]
    first: str = ""


CASES = {
    "create index": Case(lambda _, orders, __: CreateIndex(orders, (4,))),
    "index on partitions": Case(
        lambda w, _, __: CreateIndex(w.oid('"Ä pp".parts'), (2,)),
        'create table "Ä pp".parts (a int, b int) partition by list (a);'
        'create table "Ä pp"."part:1" partition of "Ä pp".parts for values in (1) partition by list (b);'
        'create table "Ä pp"."part%2" partition of "Ä pp"."part:1" for values in (2);'
        'insert into "Ä pp".parts values (1, 2)',
    ),
    "drop index": Case(lambda w, orders, _: DropIndex(orders, w.oid('"Ä pp"."twin 2"'), w.oid('"Ä pp"."twin 1"'))),
    "foreign key": Case(
        lambda _, orders, users: AddForeignKey(orders, (2,), users, (1,)),
        """drop view "Ä pp".shown; alter table "Ä pp"."o'rders" alter "user %id" type int using "user %id"::int""",
    ),
    "validate": Case(
        lambda w, orders, _: ValidateConstraint(
            orders, w.database.value("select oid::bigint from pg_constraint where conname = 'pos:itive'")
        )
    ),
    "type with a view": Case(lambda _, orders, __: ChangeColumnType(orders, 2, "integer")),
    "type with a modifier": Case(lambda _, orders, __: ChangeColumnType(orders, 3, "numeric(12,2)")),
    "a key with what refers to it": Case(
        lambda _, __, users: ChangeColumnType(users, 1, "bigint", along=()),
        'create sequence "Ä pp"."s:1" as integer;'
        """alter table "Ä pp"."us:ers" alter id set default nextval('"Ä pp"."s:1"');"""
        'create table "Ä pp"."it:ems" (u int constraint "f:k" references "Ä pp"."us:ers" on delete cascade);'
        """comment on constraint "f:k" on "Ä pp"."it:ems" is 'it''s'""",
    ),
    "another modifier": Case(lambda _, orders, __: ChangeColumnType(orders, 4, "character varying(40)")),
}
Play = Callable[[Migration, Database, Path], None]


async def healed(workshop: Workshop, case: Case) -> tuple[Plan, str]:
    for each in (BASE, case.first):
        workshop.database.execute(sql.SQL(each))
    orders, users = workshop.oid('''"Ä pp"."o'rders"'''), workshop.oid('"Ä pp"."us:ers"')
    claim = await workshop.claim(case.remedy(workshop, orders, users))
    outcome = await workshop.executor().carry_on(claim, workshop.lease)
    assert outcome.state == "applied", outcome
    return claim.plan, str(claim.fix_id)


def by_sql(migration: Migration, database: Database, folder: Path) -> None:
    """Each statement alone, as a client in autocommit mode sends it."""
    run_plainly(plain_sql(migration), database)


def run_plainly(script: str, database: Database) -> None:
    for each in pglast.split(script):
        database.execute(sql.SQL(each))


def by_psql(script: str, database: Database, server: Server, folder: Path) -> str:
    """The script as `psql -f` runs it; what psql said."""
    if server.cluster is None:
        pytest.skip("psql comes with a server of our own")
    try:
        psql = server.cluster.bin("psql")
    except EmbeddedServerError as error:
        pytest.skip(f"no psql: {error}")
    file = folder / "script.sql"
    file.write_text(script)
    done = subprocess.run(
        [psql, "-X", "-q", "-d", database.dsn, "-f", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def way_back(script: str) -> str:
    """The statements that stand as a comment below the way there."""
    first, *lines = script.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("-- The way back"))
    return "\n".join([first, *(line.removeprefix("-- ") for line in lines[start + 1 :])]) + "\n"


def by_alembic(migration: Migration, database: Database, folder: Path) -> None:
    versions = folder / "versions"
    if not versions.exists():
        versions.mkdir()
        (folder / "env.py").write_text(ALEMBIC_ENV)
        (versions / "0000_start.py").write_text("revision = 'start'\ndown_revision = None\ndef upgrade(): pass\n")
        text = alembic_revision(migration, head_of(versions))
        (versions / f"{revision_id(migration)}_pgmend.py").write_text(text)
    _python(database, folder, ALEMBIC, "upgrade", "head")


def back_by_alembic(database: Database, folder: Path) -> None:
    _python(database, folder, ALEMBIC, "downgrade", "start")


def by_django(migration: Migration, database: Database, folder: Path) -> None:
    migrations = folder / "shop" / "migrations"
    if not migrations.exists():
        migrations.mkdir(parents=True)
        for each in (folder / "shop", migrations):
            (each / "__init__.py").touch()
        (migrations / "0001_initial.py").write_text(
            "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = []\n"
        )
        follows = last_of(migrations)
        (migrations / f"{name_after(follows, migration)}.py").write_text(django_migration(migration, "shop", follows))
    _python(database, folder, DJANGO, "migrate", "shop")


def back_by_django(database: Database, folder: Path) -> None:
    _python(database, folder, DJANGO, "migrate", "shop", "0001")


ALEMBIC = """
import os, sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", os.getcwd())
getattr(command, sys.argv[1])(config, sys.argv[2])
"""
ALEMBIC_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
engine = create_engine(URL.create("postgresql+psycopg"), connect_args={})
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
DJANGO = """
import os, sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["shop"], DATABASES={"default": {"ENGINE": "django.db.backends.postgresql",
  "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"],
  "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}})
sys.path.insert(0, os.getcwd())
django.setup()
from django.core.management import call_command
call_command(*sys.argv[1:], verbosity=0)
"""


def _python(database: Database, folder: Path, program: str, *words: str) -> None:
    parts = conninfo_to_dict(database.dsn)
    named = {
        "PGHOST": parts["host"], "PGPORT": str(parts["port"]), "PGUSER": parts["user"],
        "PGPASSWORD": parts["password"], "PGDATABASE": parts["dbname"],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder, env={**os.environ, **{k: str(v) for k, v in named.items()}}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def structure(database: Database) -> list[tuple[Any, ...]]:
    """What the tables look like, without those of migration tools."""
    return [row for row in database.fetch(STRUCTURE) if "alembic_version" not in row[1] and "django_" not in row[1]]


@pytest.mark.parametrize("play", [by_sql, by_alembic, by_django])
@pytest.mark.parametrize("name", CASES)
async def test_a_fix_lands_elsewhere_and_does_nothing_here(
    workshop: Workshop, elsewhere: Database, tmp_path: Path, name: str, play: Play
) -> None:
    plan, fix_id = await healed(workshop, CASES[name])
    migration = migration_of(plan, fix_id)
    for each in (BASE, CASES[name].first):
        elsewhere.execute(sql.SQL(each))
    assert structure(elsewhere) != structure(workshop.database)

    play(migration, elsewhere, tmp_path)
    assert structure(elsewhere) == structure(workshop.database)

    heard = "select count(*) from pgmend.ddl_log where object_identity !~ 'alembic|django' and fix_id is null"
    before = workshop.database.value(heard)
    play(migration, workshop.database, tmp_path)
    assert workshop.database.value(heard) == before
    assert structure(elsewhere) == structure(workshop.database)


@pytest.mark.parametrize(
    ("play", "back"), [(by_alembic, back_by_alembic), (by_django, back_by_django)], ids=["alembic", "django"]
)
@pytest.mark.parametrize("name", ["create index", "drop index", "type with a view"])
async def test_a_migration_goes_back(
    workshop: Workshop,
    elsewhere: Database,
    tmp_path: Path,
    name: str,
    play: Play,
    back: Callable[[Database, Path], None],
) -> None:
    plan, fix_id = await healed(workshop, CASES[name])
    elsewhere.execute(sql.SQL(BASE))
    before = structure(elsewhere)
    play(migration_of(plan, fix_id), elsewhere, tmp_path)
    assert structure(elsewhere) != before
    back(elsewhere, tmp_path)
    assert structure(elsewhere) == before


async def test_an_invalid_index_elsewhere_is_not_taken_for_the_index(workshop: Workshop, elsewhere: Database) -> None:
    plan, fix_id = await healed(workshop, CASES["create index"])
    elsewhere.execute(sql.SQL(BASE))
    (made,) = plan.makes
    elsewhere.execute(
        sql.SQL('create index {} on "Ä pp"."o\'rders" (code)').format(sql.Identifier(made))
        + sql.SQL("; update pg_index set indisvalid = false where indexrelid = {}::regclass").format(
            sql.Literal(f'"Ä pp"."{made}"')
        )
    )
    with pytest.raises(Exception, match="drop an index that was left invalid"):
        by_sql(migration_of(plan, fix_id), elsewhere, Path())


async def test_what_is_a_state_of_one_database_is_no_migration(workshop: Workshop) -> None:
    workshop.database.execute(sql.SQL(BASE))
    workshop.database.execute(
        """update pg_index set indisvalid = false where indexrelid = '"Ä pp"."twin 1"'::regclass"""
    )
    remedy = RebuildIndex(workshop.oid('''"Ä pp"."o'rders"'''), workshop.oid('"Ä pp"."twin 1"'))
    plan = await workshop.plan(remedy)
    with pytest.raises(InvalidRequest, match="state of this database"):
        migration_of(plan, "0" * 32)


async def test_kept_spellings_are_no_part_of_a_migration_and_there_is_no_way_back(
    workshop: Workshop, elsewhere: Database, tmp_path: Path
) -> None:
    spelled = Case(CASES["type with a view"].remedy, """update "Ä pp"."o'rders" set "user %id" = '007' where id = 7""")
    plan, fix_id = await healed(workshop, spelled)
    assert plan.backups
    migration = migration_of(plan, fix_id)
    assert migration.why_no_way_back
    assert not any("pgmend_backup" in statement for deed in migration.there for statement in deed.statements)
    for each in (BASE, spelled.first):
        elsewhere.execute(sql.SQL(each))
    by_django(migration, elsewhere, tmp_path)
    assert elsewhere.value("""select "user %id" from "Ä pp"."o'rders" where id = 7""") == 7


def test_several_heads_have_to_be_named(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(
            f"revision: str = '{name}'\ndown_revision = {None if name == 'a' else 'a'!r}\n"
        )
    with pytest.raises(InvalidRequest, match="b, c"):
        head_of(tmp_path)
