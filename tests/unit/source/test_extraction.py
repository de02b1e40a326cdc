"""Every form in which Python code holds SQL, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.listener.source import module as reading
from pgmend.listener.source.extraction import extract

from tests.support.source_tree import read, texts

ONE_FILE = {
    "a literal": (
        """
        async def f(conn: asyncpg.Connection):
            await conn.fetch("select 1 from users where id = $1", 1)
        """,
        ["select 1 from users where id = $1"],
    ),
    "adjacent literals": (
        """
        def f(cursor):
            cursor.execute("select a "
                           "from t")
        """,
        ["select a from t"],
    ),
    "a module's constant": (
        """
        QUERY = '''select a from t'''
        def f(cursor):
            cursor.execute(QUERY)
        """,
        ["select a from t"],
    ),
    "a constant below the function": (
        """
        def f(cursor):
            cursor.execute(QUERY)
        QUERY = "select a from t"
        """,
        ["select a from t"],
    ),
    "an attribute of a class and of its base": (
        """
        class Base:
            FIND = "select a from t"
        class Repository(Base):
            DROP = "delete from t"
            def f(self, cursor):
                cursor.execute(self.FIND)
                cursor.execute(Repository.DROP)
        """,
        ["delete from t", "select a from t"],
    ),
    "an item of a mapping": (
        """
        QUERIES = {"find": "select a from t", "other": 1}
        def f(cursor):
            cursor.execute(QUERIES["find"])
        """,
        ["select a from t"],
    ),
    "a local": (
        """
        def f(cursor):
            sql = "select a from t"
            cursor.execute(sql)
        """,
        ["select a from t"],
    ),
    "the last of two locals": (
        """
        def f(cursor):
            sql = "select a from t"
            sql = "select b from t"
            cursor.execute(sql)
        """,
        ["select b from t"],
    ),
    "a sum": ('def f(cursor):\n    cursor.execute("select a " + "from t")', ["select a from t"]),
    "format": (
        'T = "users"\ndef f(cursor):\n    cursor.execute("select {} from {t}".format("a", t=T))',
        ["select a from users"],
    ),
    "an unknown format": (
        'def f(cursor, name):\n    cursor.execute("select a from {}".format(get()))',
        ["select a from {get()}"],
    ),
    "percent": ('def f(cursor):\n    cursor.execute("select %s from %s" % ("a", "t"))', ["select a from t"]),
    "percent with keys": (
        """def f(cursor):\n    cursor.execute("select %(c)s from t where b = '%%'" % {"c": "a"})""",
        ["select a from t where b = '%'"],
    ),
    "an f-string": (
        'T = "users"\ndef f(cursor, key):\n    cursor.execute(f"select a from {T} where {key} = 1")',
        ["select a from users where {key} = 1"],
    ),
    "a conditional": (
        'def f(cursor, b):\n    cursor.execute("select a from t" if b else "select b from t")',
        ["select a from t", "select b from t"],
    ),
    "steps": (
        """
        def f(cursor, b):
            sql = "select a from t"
            if b:
                sql += " where b = 1"
            cursor.execute(sql)
        """,
        ["select a from t", "select a from t where b = 1"],
    ),
    "steps in both branches": (
        """
        def f(cursor, b):
            sql = "select a from t"
            if b:
                sql += " order by a"
            else:
                sql = sql + " order by b"
            cursor.execute(sql)
        """,
        ["select a from t order by a", "select a from t order by b"],
    ),
    "a step that returns": (
        """
        def f(cursor, b):
            sql = "select a from t"
            if b:
                sql = "select b from never"
                return
            cursor.execute(sql)
        """,
        ["select a from t"],
    ),
    "steps in a loop": (
        """
        def f(cursor, names):
            sql = "select a from t where true"
            for each in names:
                sql += " and b = 1"
            cursor.execute(sql)
        """,
        ["select a from t where true", "select a from t where true{what the loop in line 4 adds}"],
    ),
    "a percent that comes later": (
        """
        def f(cursor):
            sql = "select a from %s"
            sql = sql % "t"
            cursor.execute(sql)
        """,
        ["select a from t"],
    ),
    "a joined list": (
        'def f(cursor):\n    cursor.execute("select " + ", ".join(["a", "b"]) + " from t")',
        ["select a, b from t"],
    ),
    "a list that grows": (
        """
        def f(cursor):
            parts = ["select a"]
            parts.append("from t")
            cursor.execute(" ".join(parts))
        """,
        ["select a from t"],
    ),
    "placeholders for a list": (
        """
        def f(cursor, ids):
            marks = ", ".join(["%s"] * len(ids))
            cursor.execute(f"select a from t where b in ({marks})", ids)
        """,
        ['select a from t where b in ({", ".join(["%s"] * len(ids))})'],
    ),
    "psycopg's composition": (
        """
        def f(cursor, column):
            cursor.execute(sql.SQL("select {}, {c} from {} where b = {}").format(
                sql.Identifier("Ä b"), sql.Identifier("s", "t"), sql.Placeholder(), c=sql.Identifier(column)))
        """,
        ['select "Ä b", {column} from "s"."t" where b = %s'],
    ),
    "an identifier in parts": (
        """
        class Queue:
            def __init__(self, prefix="app_"):
                self.prefix = prefix
            def f(self, cursor, name):
                cursor.execute(sql.SQL("select 1 from {}").format(sql.Identifier(f"{self.prefix}jobs")))
                cursor.execute(sql.SQL("select 2 from {}").format(sql.Identifier(f"{name}_jobs")))
        """,
        ['select 1 from "app_jobs"', 'select 2 from "{name}_jobs"'],
    ),
    "a default of the environment": (
        """
        TABLE = os.environ.get("TABLE", "users")
        def f(cursor):
            cursor.execute(f"select a from {TABLE}")
        """,
        ["select a from users"],
    ),
    "an object of a known class": (
        """
        class Names:
            table = "users"
            @property
            def quoted(self):
                return f'"{self.table}"'
        class Repository:
            names: Names
            def f(self, cursor, given: Names):
                cursor.execute(f"select 1 from {self.names.quoted}")
                cursor.execute(f"select 2 from {given.table}")
        """,
        ['select 1 from "users"', "select 2 from users"],
    ),
    "a wrapper's default": (
        """
        def find(value, column="id"):
            cursor.execute(f"select a from t where {column} = %s", (value,))
        def f():
            find(1)
            find(1, "name")
        """,
        ["select a from t where id = %s", "select a from t where name = %s"],
    ),
    "SQLAlchemy's text": (
        'def f(session):\n    session.execute(text("select a from t where b = :b").bindparams(b=1))',
        ["select a from t where b = :b"],
    ),
    "dedent and strip": (
        'def f(cursor):\n    cursor.execute(dedent("select a from t ").strip())',
        ["select a from t "],
    ),
    "Django's raw": ('def f():\n    User.objects.raw("select * from auth_user")', ["select * from auth_user"]),
    "databases": (
        'async def f(database):\n    await database.fetch_all(query="select a from t where b = :b", values={"b": 1})',
        ["select a from t where b = :b"],
    ),
    "execute_values": (
        'def f(cur, rows):\n    execute_values(cur, "insert into t (a) values %s", rows)',
        ["insert into t (a) values %s"],
    ),
    "a wrapper": (
        """
        async def run(query, *args):
            return await pool.fetch(query, *args)
        async def f():
            await run("select a from t where b = $1", 1)
        """,
        ["select a from t where b = $1"],
    ),
    "a wrapper of a wrapper, by keyword": (
        """
        class Database:
            async def _run(self, q, args):
                return await self.pool.fetch(q, *args)
            async def all(self, query, args=()):
                return await self._run(query, args)
        async def f(db: Database):
            await db.all(query="select a from t")
        """,
        ["select a from t"],
    ),
    "a function that returns SQL": (
        """
        def by(column):
            return f"select a from t where {column} = 1"
        def f(cursor):
            cursor.execute(by("b"))
        """,
        ["select a from t where b = 1"],
    ),
    "a helper that names tables and columns": (
        """
        def select_one(table, columns, key="id"):
            cursor.execute(f"select {', '.join(columns)} from {table} where {key} = %s")
        def f():
            select_one(table="users", columns=["id", "name"], key="mail")
        """,
        ["select id, name from users where mail = %s"],
    ),
    "a helper that quotes": (
        """
        def count(table):
            cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
        def f():
            count("Users")
        """,
        ['select count(*) from "Users"'],
    ),
    "a default": (
        'def f(cursor, query=None):\n    cursor.execute(query or "select a from t")',
        ["select a from t"],
    ),
    "docstrings, logs, comments, prose": (
        '''
        def f(cursor):
            """select a from t"""
            # cursor.execute("select b from t")
            logger.info("select the users from the list")
            print("select c from t")
            raise ValueError("delete from t")
        ''',
        [],
    ),
    "another execute": ('def f(executor):\n    executor.execute("send mail")\n    executor.execute(job)', []),
    "text that reaches no driver": ('SQL = "select a from t"\ndef f():\n    return SQL', []),
    "a constant that is no SQL": ("def f(conn):\n    conn.execute(select(User).where(User.id == 1))", []),
}


@pytest.mark.parametrize("form", ONE_FILE)
def test_sql_is_found_in(tmp_path: Path, form: str) -> None:
    code, expected = ONE_FILE[form]
    assert texts(read(tmp_path, app=code)) == expected


def test_a_constant_of_another_module_stands_where_it_is_written(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app____init__="",
        app__queries='"""Queries."""\n\nFIND = """\nselect a\nfrom t"""\n',
        app__views="from . import queries as q\nfrom .queries import FIND as F\n\n\n"
        "def f(cursor):\n    cursor.execute(q.FIND)\n    cursor.execute(F)\n",
    )
    assert [(each.site, each.call.file, each.call.line) for each in found.statements] == [
        (("app/queries.py", 3, 10), "app/views.py", 6),
        (("app/queries.py", 3, 10), "app/views.py", 7),
    ]


def test_a_file_of_sql_is_read_by_its_name(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app__sql__find_sql="select a\nfrom t",
        app__sql__old_sql="select never",
        app__db='HERE = Path(__file__).parent\n\n\ndef f(cursor):\n    cursor.execute((HERE / "sql" / "find_sql.sql")'
        '.read_text())\n    with open("sql/find_sql.sql") as file:\n        cursor.execute(file.read())\n',
    )
    assert [(each.sql, each.site.file) for each in found.statements] == [
        ("select a\nfrom t", "app/sql/find_sql.sql"),
        ("select a\nfrom t", "app/sql/find_sql.sql"),
    ]


def test_named_queries_of_a_file(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        sql__users_sql="-- name: get_user^\n-- One user.\nselect * from users where id = :id;\n\n-- name: all_users\n"
        "select * from users;\n",
        db='import aiosql\nqueries = aiosql.from_path("sql", "asyncpg")\n',
    )
    assert texts(found) == ["-- One user.\nselect * from users where id = :id;", "select * from users;"]
    assert [each.site.line for each in found.statements] == [2, 6]


def test_comments_of_one_word_are_no_names_where_names_are_said_to_be(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        sql__users_sql="--- :name find :many\n-- Finds\nselect 1;\n-- :name drop\ndelete from a",
        db='import pugsql\nqueries = pugsql.module("sql/")\n',
    )
    assert texts(found) == ["-- Finds\nselect 1;", "delete from a"]
    assert len({each.call for each in found.statements}) == 2


def test_helpers_are_told_names_of_any_alphabet(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        from db import drop
        def f():
            drop('"größe.{x}"', 'schlüssel')
        """,
        db="""
        def drop(table, key):
            cursor.execute(f"delete from {table} where {key} = 1")
        """,
    )
    assert texts(found) == ['delete from "größe.{x}" where schlüssel = 1']


def test_what_is_dynamic_is_counted_and_listed(tmp_path: Path) -> None:
    found = read(tmp_path, app="def f(cursor, builder):\n    cursor.execute(builder.build())\n")
    assert [(each.site.line, each.said) for each in found.dynamic] == [(2, "cursor.execute({builder.build()})")]


def test_code_for_another_engine_is_said_to_be(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        import sqlite3
        def f(cursor):
            if is_sqlite:
                cursor.execute("select 1 from a")
            else:
                cursor.execute("select 2 from a")
            if engine.name != "postgresql":
                return cursor.execute("select 3 from a")
            cursor.execute("select 4 from a")
        def g():
            connection = sqlite3.connect("x")
            connection.execute("select 5 from a")
        """,
        other="def h(conn):\n    conn.execute('select 6 from a')\n",
    )
    assert [(each.sql[7], each.engine) for each in found.statements] == [
        ("1", "SQLite"),
        ("2", "SQLite"),
        ("3", "another engine"),
        ("4", "SQLite"),
        ("5", "SQLite"),
        ("6", None),
    ]


NO_GUARDS = {
    "a driver that is not there": "if asyncpg is None:\n        raise RuntimeError",
    "a setting that is not there": "if os.environ.get('POSTGRES_DSN') is None:\n        raise RuntimeError",
    "a setting of another engine": "if settings.SQLITE_PATH:\n        return",
    "an error": "if isinstance(e, psycopg.errors.UniqueViolation):\n        return",
    "a name with another meaning": "if not snowflake_id:\n        return",
    "a word within another": "if kind == 'oracles':\n        return",
}


@pytest.mark.parametrize("condition", NO_GUARDS)
def test_a_condition_is_no_question_for_an_engine_by_a_word_alone(tmp_path: Path, condition: str) -> None:
    code = f"def f(cursor, e, kind, snowflake_id):\n    {NO_GUARDS[condition]}\n    cursor.execute('select a from t')\n"
    (statement,) = read(tmp_path, app=code).statements
    assert statement.engine is None


GUARDED = {
    "a flag": "self.is_sqlite",
    "a call": "self.is_sqlite()",
    "a name": "dialect.name == 'sqlite'",
    "one of several": "engine in ('mysql', 'mariadb')",
    "the beginning of an address": "url.startswith('sqlite')",
    "a part of an address": "'sqlite' in url",
    "a path of a class": "settings['ENGINE'] == 'django.db.backends.sqlite3'",
    "a member of an enumeration": "kind == Kind.SQLITE",
    "not ours": "dialect != 'postgresql'",
    "one or another": "dialect == 'mysql' or dialect == 'sqlite'",
    "one and more": "self.is_sqlite and self.fast",
}


@pytest.mark.parametrize("condition", GUARDED)
def test_a_guard_goes_with_the_text(tmp_path: Path, condition: str) -> None:
    code = f"""
        if {GUARDED[condition]}:
            CONSTANT = "insert or ignore into t values (3)"
        else:
            CONSTANT = "select 3 from t"
        class C:
            def f(self, cursor, dialect, engine, url):
                if {GUARDED[condition]}:
                    sql = "insert or ignore into t values (1)"
                else:
                    sql = "select 1 from t"
                cursor.execute(sql)
                cursor.execute("insert or ignore into t values (2)" if {GUARDED[condition]} else "select 2 from t")
                cursor.execute(CONSTANT)
        """
    found = read(tmp_path, app=code).statements
    assert len(found) == 6
    assert {each.sql: each.engine is not None for each in found} == {
        each.sql: each.sql.startswith("insert or") for each in found
    }


def test_words_of_postgresql_in_a_condition_need_not_ask_for_an_engine(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        def f(cursor, driver):
            if self.postgresql.is_running():
                return
            if driver == "asyncpg":
                return
            cursor.execute("select 1 from a")
            if USE_POSTGRES:
                cursor.execute("select 2 from a")
            else:
                cursor.execute("select 3 from a")
        """,
        backends__oracle__x='def f(cursor):\n    cursor.execute("select 4 from dual")\n',
    )
    engines = {each.sql[7]: each.engine for each in found.statements}
    assert engines == {"1": None, "2": None, "3": "another engine", "4": "Oracle"}


def test_what_is_for_some_versions_is_conditional(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        def f(conn):
            if conn.info.server_version < 110000:
                conn.execute("select proisagg from pg_proc")
        """,
    )
    assert [each.condition for each in found.statements] == ["conn.info.server_version < 110000"]


def test_what_asks_the_catalog_first_is_conditional(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        def f(cursor):
            there = cursor.fetchval("select to_regclass('old_users')")
            if there:
                cursor.execute("select a from old_users")
            cursor.execute("select b from users")
        """,
    )
    assert [each.condition for each in found.statements if each.sql.startswith("select a")] == ["there"]
    assert [each.condition for each in found.statements if each.sql.startswith("select b")] == [None]


def test_tests_may_be_wrong_on_purpose(tmp_path: Path) -> None:
    found = read(
        tmp_path, tests__test_app='def test(cursor):\n    cursor.execute("selct 1")\n    cursor.execute("select 1")\n'
    )
    assert [each.live for each in found.statements] == [False]


def test_migrations_are_not_live(tmp_path: Path) -> None:
    found = read(tmp_path, app__migrations__0001_first='def up(cursor):\n    cursor.execute("drop table t")\n')
    assert [each.live for each in found.statements] == [False]


def test_gitignore_and_patterns_exclude(tmp_path: Path) -> None:
    code = 'def f(cursor):\n    cursor.execute("select 1 from {}")\n'
    for name in ("kept.py", "build/left.py", "gen/left.py", "gen/kept.py", "skipped/x.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code.replace("{}", path.stem))
    (tmp_path / ".gitignore").write_text("build/\n*left.py\n")
    (tmp_path / "gen" / ".gitignore").write_text("!kept.py\n")
    found = extract(tmp_path, ["skipped/"])
    assert [each.site.file for each in found.statements] == ["gen/kept.py", "kept.py"]


def test_a_file_that_does_not_parse_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        bad='def f(:\n    cursor.execute("select 1")\n',
        good='def f(cursor):\n    cursor.execute("select 1")\n',
    )
    (tmp_path / "latin.py").write_bytes(
        "# -*- coding: latin-1 -*-\nS = 'ä'; cursor.execute('select 2')\n".encode("latin-1")
    )
    (tmp_path / "broken.py").write_bytes(b"S = '\xff'; cursor.execute('select 3')\n")
    found = extract(tmp_path)
    assert [each.path for each in found.unreadable] == ["bad.py", "broken.py"]
    assert texts(found) == ["select 1", "select 2"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text('cursor.execute("select 1")\n')
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(outside)
    (tmp_path / "tree" / "y.py").symlink_to(outside / "x.py")
    assert extract(tmp_path / "tree").statements == ()


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    found = read(tmp_path, app=f'open({str(marker)!r}, "w")\ncursor.execute("select 1")\n')
    assert texts(found) == ["select 1"]
    assert not marker.exists()


def test_columns_count_characters(tmp_path: Path) -> None:
    found = read(tmp_path, app='def f(cursor):\n    "ä"; cursor.execute("select 1")\n')
    assert [(each.call.column, each.site.column) for each in found.statements] == [(9, 25)]


def test_arguments_come_with_what_is_proved_of_them(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        async def f(conn: asyncpg.Connection, a: int, b: str | None, c: "UUID", d, e: int):
            e = request.args["e"]
            await conn.fetch("select 1", a, b, c, d, e, str(a), f"{a}", datetime.now(), [a], 1.5)
        """,
    )
    (statement,) = found.statements
    assert statement.arguments is not None
    assert [each.proof and each.proof.type for each in statement.arguments] == [
        "int", "str", "UUID", None, None, "str", "str", "datetime", "list", "float",
    ]  # fmt: skip


def test_values_come_through_a_wrapper(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        import psycopg
        def run(sql, params=None):
            with psycopg.connect() as conn:
                return conn.execute(sql, params)
        def spread(query, *args):
            return pool.fetch(query, *args)
        def f(name: str):
            run("select 1 where a = %s", (name, 2))
            run("select 2")
            spread("select 3 where a = $1", name)
        """,
    )
    given = {each.sql[7]: each.arguments for each in found.statements}
    assert [each.said for each in given["1"] or ()] == ["name", "2"]
    assert given["2"] == ()
    assert [(each.said, each.proof and each.proof.type) for each in given["3"] or ()] == [("name", "str")]


def test_a_wrapper_that_writes_placeholders_anew_is_known(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        app="""
        import asyncpg
        async def plain(query, *args):
            return await pool.fetch(query, *args)
        async def written_anew(query, *args):
            query = to_dollar(query)
            return await pool.fetch(query, *args)
        async def in_place(query, *args):
            return await pool.fetch(to_dollar(query), *args)
        async def f():
            await plain("select 1 where a = ?", 1)
            await written_anew("select 2 where a = ?", 1)
            await in_place("select 3 where a = ?", 1)
        """,
    )
    assert [(each.sql[7], each.rewrites) for each in found.statements] == [("1", False), ("2", True), ("3", True)]


def test_a_large_display_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own names belong to the display, not to each of the calls in it."""
    looked: list[object] = []
    monkeypatch.setattr(reading, "names_of_comprehensions", lambda node: looked.append(node) or set())
    module = reading.read_module("a.py", "a", "X = [" + "f('select 1 from t'), " * 500 + "]\n")
    assert len(module.calls) == 500
    assert len(looked) == 1
