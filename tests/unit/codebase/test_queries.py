"""What code is known to send to a table: its queries with what is proved of their values, and what nobody can tell."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from pgmend.listener.codebase.queries import Spoken, spoken
from pgmend.listener.codebase.witness import CodeWitness
from pgmend.listener.source.extraction import extract
from pgmend.listener.statements.comparison import Change
from pgmend.listener.statements.description import Failed
from pgmend.listener.statements.statement import Origin, Statement, Value
from pgmend.listener.statements.touched import Relation, Touched

TOUCHED = Touched((Relation(1, "app", "sessions", "r"), Relation(2, "public", "Straße 1", "r")))
TEXT, INTEGER, UUID = (psycopg.adapters.types[name].oid for name in ("text", "int4", "uuid"))


def said(tmp_path: Path, body: str, driver: str = "psycopg", cursor: str = "psycopg.Cursor") -> Spoken:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    code = f"import uuid\nimport {driver}\n\n\ndef f(c: {cursor}, n: int, s: str, u: uuid.UUID, x) -> None:\n{lines}\n"
    (tmp_path / "büro.py").write_text(code, encoding="utf-8")
    return spoken(extract(tmp_path), TOUCHED)


def test_queries_that_touch_the_tables_come_with_their_places(tmp_path: Path) -> None:
    told = said(
        tmp_path,
        'c.execute("select 1 from sessions")\nc.execute("select 1 from app.sessions; select 2 from other.sessions")\n'
        """c.execute('delete from "Straße 1"')\nc.execute("select 'sessions' from t")\n"""
        'c.execute("truncate sessions")\n',
    )
    assert [(each.name, each.query.text.strip()) for each in told.queries] == [
        ("büro.py:6", "select 1 from sessions"),
        ("büro.py:7", "select 1 from app.sessions"),
        ("büro.py:8", 'delete from "Straße 1"'),
    ]
    assert told.unread == ()


@pytest.mark.parametrize(
    ("given", "text", "values"),
    [
        ("n", "user_id = $1::smallint", ()),
        ("u", "user_id = $1::uuid", ()),
        ("s", "user_id = $1", (Value(1, "psycopg", "str"),)),
        ("str(n)", "user_id = $1", (Value(1, "psycopg", "str(int)"),)),
        ("str(x)", "user_id = $1", (Value(1, "psycopg", "str"),)),
        ("x", "user_id = $1", ()),
    ],
)
def test_a_value_is_as_its_driver_sends_it(tmp_path: Path, given: str, text: str, values: tuple[Value, ...]) -> None:
    (told,) = said(tmp_path, f'c.execute("select 1 from sessions where user_id = %s", ({given},))').queries
    assert (told.query.text.partition(" where ")[2], told.values) == (text, values)


def test_a_value_of_asyncpg_is_encoded_by_the_described_type(tmp_path: Path) -> None:
    body = 'await c.execute("select 1 from sessions where id = $1 and user_id = $2", n, s)'
    (told,) = said(tmp_path, body, "asyncpg", "asyncpg.Connection").queries
    assert told.query.text.endswith("id = $1 and user_id = $2")
    assert told.values == (Value(1, "asyncpg", "int"), Value(2, "asyncpg", "str"))


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ('c.execute(f"select 1 from sessions where {x}")', "part of its text"),
        ("c.execute(f\"select 1 from sessions where user_id = '{x}'\")", "part of its text"),
        ('c.execute(f"select 1 from {x}")', "part of its text"),
        ("c.execute(x.made())", "known only when it runs"),
        ('c.execute("select 1 from sessions where")', "does not parse"),
        ('c.execute("do $$ begin delete from sessions; end $$")', "a DO block"),
        ('c.execute(f"select 1 from other where {x}")', ""),
    ],
)
def test_what_may_touch_them_and_is_not_known_is_named(tmp_path: Path, body: str, unread: str) -> None:
    told = said(tmp_path, body)
    assert told.queries == ()
    if not unread:
        assert told.unread == ()
        return
    (one,) = told.unread
    assert (one.name, one.origin, unread in one.reason) == ("büro.py:6", Origin.CODE, True)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("declare c cursor for select user_id from sessions where token = 'hunter2'", "select user_id from sessions"),
        ("copy (select user_id from sessions where token = 'hunter2') to stdout", "select user_id from sessions"),
        ("create table snap as select user_id from sessions where token = 'hunter2'", "select user_id from sessions"),
        ("explain select user_id from sessions where token = 'hunter2'", "select user_id from sessions"),
        ("do $$begin update sessions set token = 'hunter2'; end$$", ""),
        ("alter sessions token 'hunter2'", ""),
    ],
)
def test_a_word_for_secrets_hides_no_query_that_is_no_select(tmp_path: Path, sql: str, text: str) -> None:
    told = said(tmp_path, f"c.execute({sql!r})")
    assert "hunter2" not in repr(told)
    if text:
        (query,) = told.queries
        assert (query.query.text.lower().partition(" where ")[0].strip(), told.unread) == (text, ())
    else:
        assert (told.queries, [each.name for each in told.unread]) == ((), ["büro.py:6"])


def test_what_only_sets_a_password_is_no_query(tmp_path: Path) -> None:
    told = said(tmp_path, "c.execute(\"alter role sessions password 'hunter2'\")")
    assert (told.queries, told.unread) == ((), ())


@pytest.mark.parametrize(
    "line",
    [
        *(
            "from django.db import models",
            "import django.db.models as m",
            "from django.db import (\n connection,\n models)",
        ),
        *(
            "from sqlalchemy.orm import Session",
            "from sqlalchemy import orm",
            "import peewee",
            "from sqlmodel import x",
        ),
    ],
)
def test_code_that_has_its_sql_made_is_not_known(tmp_path: Path, line: str) -> None:
    (tmp_path / "models.py").write_text(f"# none\n{line}\n")
    told = said(tmp_path, 'c.execute("select 1 from other")')
    assert [each.name for each in told.unread] == ["models.py:2"]
    assert not told.known


def test_only_code_with_statements_says_that_there_are_no_others(tmp_path: Path) -> None:
    assert not said(tmp_path, "pass").known
    assert said(tmp_path, 'from django.db import connection\nc.execute("select 1 from other")').known


def test_a_file_that_does_not_parse_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('import psycopg\nc.execute("select 1"\n')
    (one,) = said(tmp_path, "pass").unread
    assert (one.name, "does not parse" in one.reason) == ("broken.py:2", True)


@pytest.mark.parametrize(
    ("driver", "python", "new", "harmless"),
    [
        ("asyncpg", "int", INTEGER, True),
        ("asyncpg", "str", INTEGER, False),
        ("asyncpg", "str(int)", INTEGER, False),
        ("asyncpg", "str", TEXT, True),
        ("asyncpg", "str", UUID, False),
        ("asyncpg", "UUID", UUID, True),
        ("psycopg", "str(int)", INTEGER, True),
        ("psycopg2", "str(int)", INTEGER, True),
        ("psycopg", "str", INTEGER, False),
        ("psycopg", "str", UUID, False),
        ("psycopg", "str", TEXT, True),
        ("django", "int", INTEGER, False),
        ("asyncpg", "int", 99_999, False),
    ],
)
def test_a_changed_parameter_is_harmless_where_the_driver_takes_the_value(
    driver: str, python: str, new: int, harmless: bool
) -> None:
    statement = Statement(Origin.CODE, "a.py:1", "select 1", (), values=(Value(2, driver, python),))
    assert CodeWitness().is_harmless(Change(statement, (("$2", 1, new),))) is harmless


def test_a_result_an_error_and_a_value_that_nobody_proved_are_never_harmless() -> None:
    statement = Statement(Origin.CODE, "a.py:1", "select 1", (), values=(Value(2, "asyncpg", "int"),))
    changed = ("$2", TEXT, INTEGER)
    assert CodeWitness().is_harmless(Change(statement, (changed,)))
    assert not CodeWitness().is_harmless(Change(statement, (changed, ("$1", TEXT, INTEGER))))
    assert not CodeWitness().is_harmless(Change(statement, (changed,), (("user_id", TEXT, INTEGER),)))
    assert not CodeWitness().is_harmless(Change(statement, error=Failed("42883", "no operator")))
