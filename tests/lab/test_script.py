"""A schema's SQL is read as psql reads it."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from tests.support.database import Database
from tests.support.server import Server

from .dump import normalised_dump, pg_dump_for
from .script import load_text, roles_in, statements
from .shipped import CLINIC


def test_a_dump_of_a_difficult_schema_loads_and_dumps_the_same(server: Server, database: Database) -> None:
    pg_dump = pg_dump_for(server)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        load_text(CLINIC.sql(), connection)
    dumped = subprocess.run([pg_dump, "-s", database.dsn], check=True, capture_output=True, text=True).stdout
    assert "\\restrict" in dumped
    with server.database() as other:
        with psycopg.connect(other.dsn, autocommit=True) as connection:
            load_text(dumped, connection)
            connection.execute("refresh materialized view public.kinds")  # whose rows are no part of a schema's dump
        assert normalised_dump(other.dsn, pg_dump) == normalised_dump(database.dsn, pg_dump)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\\connect x\nselect 1;\n\\unrestrict abc\nselect 2;", ("select 1", "select 2")),
        ("select '\n\\x';", ("select '\n\\x'",)),
        ("select E'\\'\n\\x';", ("select E'\\'\n\\x'",)),
        ("select 1 -- it's\n;\n\\x\nselect 2", ("select 1", "select 2")),
        ('create table a$b$c ("\n\\x" int);', ('create table a$b$c ("\n\\x" int)',)),
        ("do $f$\n\\x\n$f$;", ("do $f$\n\\x\n$f$",)),
    ],
)
def test_only_what_psql_would_take_for_its_command_goes(text: str, wanted: tuple[str, ...]) -> None:
    assert tuple(each.partition(" --")[0] for each in statements(text)) == wanted


def test_roles_are_those_that_are_named_and_not_made() -> None:
    texts = statements("""
        create role made; grant select on t to made, "Größe", public; alter table t owner to owner_of_t;
        create policy p on t to somebody, session_user using (current_user = 'nobody')
    """)
    assert roles_in(texts) == ("Größe", "owner_of_t", "somebody")


def test_a_transaction_that_the_file_leaves_open_is_committed(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        load_text("begin; create table t (a integer)", connection)
    assert database.value("select count(*) from t") == 0
