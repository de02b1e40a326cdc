"""Code against a real schema: each judgement where it has to speak, and where it must not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extraction import extract

from tests.support.database import Database

SCHEMA = """
create table users (id integer primary key, name text not null, "E-Mail" text, created_at timestamptz, data jsonb);
create table sessions (session_id text primary key, user_id integer references users, key uuid);
create table logs (line text, user_id text);
create view active as select id, name from users;
create function f(a integer) returns integer language sql return a;
"""
ASYNCPG = "import asyncpg\n"
PSYCOPG = "import psycopg\n"


@pytest.fixture
def schema(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


async def judged(database: Database, folder: Path, code: str, **settings: Any) -> Analysis:
    (folder / "app.py").write_text(dedent(code), encoding="utf-8")
    connection = await database.connect()
    return await analyze(connection, extract(folder), Settings(**settings))


async def found(database: Database, folder: Path, code: str) -> list[Issue]:
    return list((await judged(database, folder, code)).issues)


def said(issues: list[Issue]) -> list[tuple[str, str, str]]:
    return sorted((each.issue_type, each.where if each.table else "", each.column) for each in issues)


def asyncpg(sql: str, arguments: str = "", before: str = "") -> str:
    return f"{ASYNCPG}async def f(conn: asyncpg.Connection{before}):\n    await conn.fetch({sql!r}{arguments})\n"


def psycopg(sql: str, arguments: str = "", before: str = "") -> str:
    return f"{PSYCOPG}def f(conn: psycopg.Connection{before}):\n    conn.execute({sql!r}{arguments})\n"


def psycopg2(sql: str, arguments: str = "") -> str:
    return f"import psycopg2\ndef f(a):\n    cur = psycopg2.connect('').cursor()\n    cur.execute({sql!r}{arguments})\n"


CLEAN = {
    "a query": asyncpg("select u.name from users u join sessions s on s.user_id = u.id where s.key = $1", ", key"),
    "a view": asyncpg("select id, name from active"),
    "a column with a name of its own": asyncpg('select "E-Mail" from users'),
    "an insert": asyncpg("insert into users (id, name) values ($1, $2) returning id", ", 1, 'a'"),
    "an int for an integer": asyncpg("select 1 from users where id = $1", ", a", ", a: int"),
    "a float that asyncpg cuts": asyncpg("select 1 from users where id = $1", ", a", ", a: float"),
    "a Decimal that asyncpg cuts": asyncpg("select 1 from users where id = $1", ", a", ", a: Decimal"),
    "a str for a uuid": asyncpg("select 1 from sessions where key = $1", ", a", ", a: str"),
    "a cast that says what is meant": asyncpg("select 1 from users where created_at::date = $1", ", day"),
    "an operator with a question mark": asyncpg("select 1 from users where data ? 'a' and data ?| array['b']"),
    "psycopg's percent": psycopg("select 1 from users where name like 'a%%' and id = %s", ", (1,)"),
    "psycopg without values": psycopg("select 1 from users where id % 2 = 0 and name like 'a%'"),
    "psycopg's str for an integer": psycopg("select 1 from users where id = %s", ", (a,)", ", a: str"),
    "psycopg's small int for a function": psycopg("select f(%s)", ", (1,)"),
    "a parameter without a type where the client binds": psycopg("select 1 where %s is null", ", (a,)"),
    "keys": psycopg("select 1 from users where id = %(a)s and name = %(b)s", ", {'a': 1, 'b': 'x'}"),
    "keys of any kind": psycopg("select 1 from users where id = %(user.id)s", ", {'user.id': 1}"),
    "several statements": psycopg("create temp table t (a int); insert into t values (1); select a from t"),
    "what it makes itself": psycopg("create table if not exists made (a int)")
    + "    conn.execute('select a from made')\n",
    "a name that only runs know": f"{PSYCOPG}def f(conn: psycopg.Connection, t):\n"
    "    conn.execute(f'select id, whatever from {t} where a = 1')\n",
    "a condition that only runs know": f"{PSYCOPG}def f(conn: psycopg.Connection, where):\n"
    "    conn.execute(f'select name from users {where} order by id')\n",
    "columns of a query of WITH that only runs know": f"{PSYCOPG}def f(conn: psycopg.Connection, t):\n"
    '    conn.execute(f\'with "H x" as not materialized (select * from {t}), j(a) as (select * from {t})'
    ' select x, y from users, "H x" where z in (select w from j)\')\n',
    "a name that a setting may replace": f"{PSYCOPG}T = os.environ.get('T', 'gone')\n"
    "def f(conn: psycopg.Connection):\n    conn.execute(f'select a from {T} group by a')\n",
    "a value where none may stand": f"{PSYCOPG}def f(conn: psycopg.Connection, n):\n"
    "    conn.execute(f'set local statement_timeout = {int(n)}')\n",
    "columns of a query of what only runs know": f"{PSYCOPG}def f(conn: psycopg.Connection, t):\n"
    "    conn.execute(f'select s.a, s.b from (select a, x.* from {t} as x) as s where s.a = 1 order by s.a')\n",
    "psycopg's cursors for dollars": "from psycopg import AsyncRawCursor\n"
    "async def f(conn):\n    cursor = AsyncRawCursor(conn)\n"
    "    await cursor.execute('select name from users where id = $1', (1,))\n",
    "keys through a wrapper": "from sqlalchemy import text\ndef run(session, name):\n"
    "    session.execute(text('select 1 from users where name = :name'), {'name': name})\n"
    "def f(session):\n    run(session, 'a')\n",
    "texts of conditions that go together": f"{PSYCOPG}def f(conn: psycopg.Connection, a, b):\n"
    "    sql = 'select 1 from users'\n    if a:\n        sql += ' where id = 1'\n"
    "    if b:\n        sql += ' and name = 2::text' if a else ' where name = 3::text'\n    conn.execute(sql)\n",
    "what may have run already": psycopg(
        "alter table usr rename to users; drop table usr; alter table if exists x add y int"
    ),
    "tables of the code's own": psycopg("create table own (a int); create index on own (a); alter table own add b int"),
    "values that come by keywords": "from sqlalchemy import text\ndef f(conn, **values):\n"
    "    conn.execute(text('select 1 from users where id = :id'), **values)\n",
    "a value that decides what is grouped": "import psycopg2\ndef f(a):\n    cur = psycopg2.connect('').cursor()\n"
    "    cur.execute('select id + %s from users group by id + %s', (a, a))\n",
    "a value that decides a type": "import psycopg2\ndef f(a):\n    cur = psycopg2.connect('').cursor()\n"
    "    cur.execute('update users set id = id + %s where name = %s', (a, a))\n",
    "system columns": asyncpg("insert into users (id, name) values (1, 'a') returning ctid, xmin"),
    "a prepared statement": psycopg("prepare x as select name from users where id = $1"),
    "a slice": asyncpg("select (array[id])[:id] from users"),
    "statements of a transaction": psycopg("begin; lock table users in share mode; set local x.y = '1'; commit"),
    "SQLAlchemy's cast": "from sqlalchemy import text\ndef f(session):\n"
    "    session.execute(text('select id::text from users where id = :id'), {'id': 1})\n",
}


@pytest.mark.parametrize("case", CLEAN)
async def test_nothing_is_said_of(schema: Database, tmp_path: Path, case: str) -> None:
    analysis = await judged(schema, tmp_path, CLEAN[case])
    assert analysis.issues == ()
    assert analysis.asked > 0


DEFECTS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "an unknown table": (asyncpg("select a from usres"), [("UNKNOWN_TABLE", ".usres", "")]),
    "all unknown tables": (
        asyncpg("select n.a, o.b from nothing n join other.o using (id) join users u on u.id = n.id"),
        [("UNKNOWN_TABLE", ".nothing", ""), ("UNKNOWN_TABLE", "other.o", "")],
    ),
    "an unknown table to write to": (
        asyncpg("insert into gone (a) select id from users"), [("UNKNOWN_TABLE", ".gone", "")]
    ),
    "a truncated table": (psycopg("truncate gone, users"), [("UNKNOWN_TABLE", ".gone", "")]),
    "all unknown columns": (
        asyncpg("select u.nam, s.keys, u.id from users u join sessions s on s.usr_id = u.id where u.mail = $1", ", a"),
        [
            ("UNKNOWN_COLUMN", "public.sessions", "keys"),
            ("UNKNOWN_COLUMN", "public.sessions", "usr_id"),
            ("UNKNOWN_COLUMN", "public.users", "mail"),
            ("UNKNOWN_COLUMN", "public.users", "nam"),
        ],
    ),
    "a column beside an unknown table": (
        asyncpg("select u.nam, g.x from users u, gone g where anything = 1"),
        [("UNKNOWN_COLUMN", "public.users", "nam"), ("UNKNOWN_TABLE", ".gone", "")],
    ),
    "columns of an insert": (
        asyncpg("insert into users (id, nam, mail) values (1, 'a', 'b')"),
        [("UNKNOWN_COLUMN", "public.users", "mail"), ("UNKNOWN_COLUMN", "public.users", "nam")],
    ),
    "columns of an update": (
        asyncpg("update users set nam = $1, name = $2 where idd = $3 returning age", ", a, b, c"),
        [
            ("UNKNOWN_COLUMN", "public.users", "age"),
            ("UNKNOWN_COLUMN", "public.users", "idd"),
            ("UNKNOWN_COLUMN", "public.users", "nam"),
        ],
    ),
    "a column of a view": (asyncpg("select data from active"), [("UNKNOWN_COLUMN", "public.active", "data")]),
    "an unquoted name": (asyncpg("select EMail from users"), [("UNKNOWN_COLUMN", "public.users", "email")]),
    "a str for an integer": (
        asyncpg("select 1 from users where id = $1", ", a", ", a: str"),
        [("PARAMETER_TYPE_MISMATCH", "public.users", "")],
    ),
    "an int for a text": (
        asyncpg("select 1 from sessions where session_id = $1", ", 5"),
        [("PARAMETER_TYPE_MISMATCH", "public.sessions", "")],
    ),
    "psycopg's int for a text": (
        psycopg("select 1 from sessions where session_id = %s", ", (a,)", ", a: int"),
        [("PARAMETER_TYPE_MISMATCH", "public.sessions", "")],
    ),
    "a dict for psycopg": (
        psycopg("insert into users (id, name, data) values (1, 'a', %s)", ", ({'a': 1},)"),
        [("PARAMETER_TYPE_MISMATCH", "public.users", "")],
    ),
    "too few values": (
        asyncpg("select 1 from users where id = $1 and name = $2", ", 1"),
        [("PARAMETER_COUNT_MISMATCH", "public.users", "")],
    ),
    "a tuple for separate arguments": (
        asyncpg("select 1 from users where name = $1 and name = $2", ", ('a', 'b')"),
        [("PARAMETER_COUNT_MISMATCH", "public.users", "")],
    ),
    "too many values": (
        psycopg("select 1 from users where id = %s", ", (1, 2)"), [("PARAMETER_COUNT_MISMATCH", "public.users", "")]
    ),
    "a key without a value": (
        psycopg("select 1 from users where id = %(id)s", ", {'di': 1}"),
        [("PARAMETER_COUNT_MISMATCH", "public.users", "")],
    ),
    "types without an operator": (
        asyncpg("select 1 from logs l join users u on u.id = l.user_id"),
        [("OPERATOR_MISMATCH", "public.logs", "")],
    ),
    "a cast to join": (
        asyncpg("select 1 from logs l join users u on u.id::text = l.user_id"),
        [("TYPE_CAST_IN_QUERY", "public.users", "id")],
    ),
    "a cast to look up": (
        psycopg("select 1 from users where cast(id as text) = %s", ", (a,)"),
        [("TYPE_CAST_IN_QUERY", "public.users", "id")],
    ),
    "a conversion of what is one": (
        asyncpg("select 1 from users where id = $1", ", int(a)", ", a: int"),
        [("REDUNDANT_CONVERSION", "public.users", "")],
    ),
    "a question mark": (
        asyncpg("select 1 from users where id = ?", ", 1"), [("FOREIGN_PLACEHOLDER", "public.users", "")]
    ),
    "percent for asyncpg": (
        asyncpg("select 1 from users where id = %s", ", 1"), [("FOREIGN_PLACEHOLDER", "public.users", "")]
    ),
    "dollars for psycopg": (
        psycopg("select 1 from users where id = $1", ", (1,)"), [("FOREIGN_PLACEHOLDER", "public.users", "")]
    ),
    "a target of a conflict": (
        asyncpg('insert into users (id, name) values (1, $1) on conflict (id, "E-mail") do nothing', ", a"),
        [("UNKNOWN_COLUMN", "public.users", "E-mail")],
    ),
    "columns of COPY": (psycopg("copy users (id, nam) from stdin"), [("UNKNOWN_COLUMN", "public.users", "nam")]),
    "columns of an index": (
        psycopg("create index if not exists i on users (lower(nam), id, gone) where mail is null"),
        [("UNKNOWN_COLUMN", "public.users", name) for name in ("gone", "mail", "nam")],
    ),
    "a table of an index": (psycopg("create index on usr (id)"), [("UNKNOWN_TABLE", ".usr", "")]),
    "a table that is altered": (psycopg("alter table usr add x int"), [("UNKNOWN_TABLE", ".usr", "")]),
    "a table that a key refers to": (
        psycopg("alter table logs add foreign key (line) references gone (id)"), [("UNKNOWN_TABLE", ".gone", "")]
    ),
    "a table with rights": (psycopg("grant select on usr, users to public"), [("UNKNOWN_TABLE", ".usr", "")]),
    "a table of a trigger": (
        psycopg("create trigger t before insert on usr for each row execute function f()"),
        [("UNKNOWN_TABLE", ".usr", "")],
    ),
    "a comparison in a list of a query": (
        asyncpg("select 1 from users u where u.id in (select l.user_id from logs l)"),
        [("OPERATOR_MISMATCH", "public.users", "")],
    ),
    "an assignment beside a value": (
        psycopg2("update users set id = name where name = %s", ", (a,)"), [("INVALID_SQL", "public.users", "")]
    ),
    "no truth beside a value": (
        psycopg2("select 1 from users where id and name = %s", ", (a,)"), [("INVALID_SQL", "public.users", "")]
    ),
    "not grouped beside a value": (
        psycopg2("select id, name from users where id = %s group by name", ", (a,)"),
        [("INVALID_SQL", "public.users", "")],
    ),
    "an operator beside a query with a hole": (
        f"{PSYCOPG}def f(conn: psycopg.Connection, n):\n"
        "    conn.execute(f'with n as (select 1 where 1={n}) select 1 from users u, logs l where u.id = l.user_id')\n",
        [("OPERATOR_MISMATCH", "public.users", "")],
    ),
    "no values": (
        psycopg("select 1 from users where id = %s"), [("PARAMETER_COUNT_MISMATCH", "public.users", "")]
    ),
    "no values by name": (
        "from sqlalchemy import text\ndef f(db):\n    db.execute(text('select 1 from users where id = :id'))\n",
        [("PARAMETER_COUNT_MISMATCH", "public.users", "")],
    ),
    "one value for all": (
        psycopg("select 1 from users where name = %s", ", name", ", name: str"),
        [("PARAMETER_COUNT_MISMATCH", "public.users", "")],
    ),
    "a date for a number": (
        asyncpg("select $1::numeric from users", ", a", ", a: date"), [("PARAMETER_TYPE_MISMATCH", "public.users", "")]
    ),
    "a single date for several": (
        asyncpg("select 1 from users where created_at = any($1::date[])", ", a", ", a: date"),
        [("PARAMETER_TYPE_MISMATCH", "public.users", "")],
    ),
    "what psycopg2 cannot adapt": (
        psycopg2("update users set data = %s", ", ({'a': 1},)"), [("PARAMETER_TYPE_MISMATCH", "public.users", "")]
    ),
    "a column beside a query of what only runs know": (
        f"{PSYCOPG}def f(conn: psycopg.Connection, t):\n    conn.execute(f'with h as (select a from {{t}} where b = 1)"
        " select nam from users where id in (select c from {t} where d = 1) order by mail')\n",
        [("UNKNOWN_COLUMN", "public.users", "mail"), ("UNKNOWN_COLUMN", "public.users", "nam")],
    ),
    "a column beside a table that is not there": (
        asyncpg("select nam from users where id in (select a from gone)"),
        [("UNKNOWN_COLUMN", "public.users", "nam"), ("UNKNOWN_TABLE", ".gone", "")],
    ),
    "a template of another place": (
        f"{PSYCOPG}FIND = 'select {{}} from {{table}}'\ndef f(conn: psycopg.Connection):\n"
        "    conn.execute(FIND.format('nam', table='users'))\n",
        [("UNKNOWN_COLUMN", "public.users", "nam")],
    ),
    "what does not parse": (asyncpg("select 1 from users were id = 1"), [("INVALID_SQL", "", "")]),
    "an unknown function": (asyncpg("select g(id) from users"), [("INVALID_SQL", "public.users", "")]),
    "an alias that is not there": (asyncpg("select x.id from users u"), [("INVALID_SQL", "public.users", "")]),
    "a column of two tables": (
        asyncpg("select user_id from sessions, logs"), [("INVALID_SQL", "public.sessions", "")]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DEFECTS)
async def test_a_defect_is_told(schema: Database, tmp_path: Path, case: str) -> None:
    code, expected = DEFECTS[case]
    assert said(await found(schema, tmp_path, code)) == expected


async def test_an_issue_says_where_it_is(schema: Database, tmp_path: Path) -> None:
    code = '''\
        async def f(conn: asyncpg.Connection):
            """Ä."""
            return await conn.fetch("""
                select u.id,
                       u.nmae
                from users u""")
        '''
    (issue,) = await found(schema, tmp_path, ASYNCPG + dedent(code))
    assert issue.site is not None
    assert (issue.site.file, issue.site.line, issue.site.column_offset) == ("app.py", 6, 15)
    assert issue.site.sqlstate == "42703"
    assert "perhaps name" in issue.expected_state
    assert issue.severity is Severity.CRITICAL


async def test_the_place_is_that_of_the_literal_with_the_name(schema: Database, tmp_path: Path) -> None:
    code = """\
        BEGIN = "select id, "
        async def f(conn: asyncpg.Connection):
            await conn.fetch(BEGIN + "nam" + " from users")
            await conn.fetch("select \\"E-Mail\\", "
                             'nmae '  # "
                             "from users")
            await conn.fetch(BEGIN + "\\"E-mail\\" from users")
        """
    issues = await found(schema, tmp_path, ASYNCPG + dedent(code))
    places = {each.column: (each.site.line, each.site.column_offset) for each in issues if each.site is not None}
    assert places == {"nam": (4, 30), "nmae": (6, 22), "E-mail": (8, 29)}


async def test_issues_of_one_statement_have_names_that_stay_when_lines_move(schema: Database, tmp_path: Path) -> None:
    code = asyncpg("select nam, mial from users")
    before = await found(schema, tmp_path, code)
    after = await found(schema, tmp_path, "# a line\n\n" + code)
    assert len({each.issue_id for each in before}) == 2
    assert {each.issue_id for each in before} == {each.issue_id for each in after}


async def test_the_same_defect_twice_is_two_issues(schema: Database, tmp_path: Path) -> None:
    code = asyncpg("select nam from users") + "    await conn.fetch('select nam from users')\n"
    issues = await found(schema, tmp_path, code)
    assert len({each.issue_id for each in issues}) == 2


async def test_what_is_critical_is_so_in_critical_tables(schema: Database, tmp_path: Path) -> None:
    code = asyncpg("select lin from logs")
    (issue,) = await found(schema, tmp_path, code)
    assert issue.severity is Severity.MEDIUM
    analysis = await judged(schema, tmp_path, code, critical_tables=("logs",))
    assert analysis.issues[0].severity is Severity.CRITICAL


async def test_a_table_of_another_schema_is_no_critical_issue(schema: Database, tmp_path: Path) -> None:
    schema.execute("create schema app; create table app.orders (id integer)")
    (issue,) = await found(schema, tmp_path, asyncpg("select id from orders"))
    assert issue.severity is Severity.MEDIUM
    assert "app on the search_path" in issue.expected_state


async def test_what_was_renamed_is_told_with_its_event(installed: Database, tmp_path: Path) -> None:
    installed.execute(SCHEMA)
    installed.execute(
        """
        insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, object_oid, column_number,
          before, after)
        values ('users'::regclass, 'public', 'users', 'column_renamed', 'name', 0, 2, '{"name": "nick"}',
          '{"name": "name"}')
        """
    )
    (issue,) = await found(installed, tmp_path, asyncpg("select nick from users"))
    assert issue.expected_state == "name, as it is called now."
    assert any(each.seen.startswith("nick was renamed to name on ") for each in issue.evidence)


async def test_nothing_is_run(schema: Database, tmp_path: Path) -> None:
    schema.execute("create function boom() returns int language plpgsql immutable as $$begin raise 'x'; end$$")
    code = psycopg("select boom(); drop table logs; insert into users (id, name) values (boom(), 'a')")
    assert await found(schema, tmp_path, code) == []
    assert schema.value("select count(*) from users") == 0
    assert schema.value("select to_regclass('logs') is not null")


async def test_what_runs_by_the_catalog_is_of_low_severity(schema: Database, tmp_path: Path) -> None:
    code = PSYCOPG + dedent(
        """
        def f(conn: psycopg.Connection):
            old = conn.execute("select 1 from information_schema.columns where column_name = 'nick'").fetchone()
            if old:
                conn.execute("select nick from users")
        """
    )
    (issue,) = await found(schema, tmp_path, code)
    assert issue.severity is Severity.LOW


async def test_hostile_texts_end_nothing(schema: Database, tmp_path: Path) -> None:
    deep = "select " + "(" * 3000 + "1" + ")" * 3000
    code = (
        psycopg("select 'a\\0b' from users")
        + f"    conn.execute({deep!r})\n    conn.execute('select 1; select from where; {{')\n"
        + "    conn.execute('')\n    conn.execute('select \\'')\n    conn.execute('copy users from stdin')\n"
        + "    conn.execute('select \\ue000 from users')\n    conn.execute('select nam from users')\n"
    )
    issues = await found(schema, tmp_path, code)
    assert ("UNKNOWN_COLUMN", "public.users", "nam") in said(issues)
