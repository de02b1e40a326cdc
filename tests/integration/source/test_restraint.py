"""What the server objects to because it does not know a value: nothing is said, nor called judged in full."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest
from pgmend.listener.issue import Severity
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extraction import extract

from tests.support.database import Database

SCHEMA = """
create type hue as enum ('red');
create table users (id integer primary key, name text, day date, created_at timestamptz, ref uuid, hue hue, x text);
create table orders (id integer primary key, user_id text, total numeric);
"""
PSYCOPG = """\
import psycopg
from datetime import datetime
def f(conn: psycopg.Connection, a, b, when: datetime, n: int, text: str):
    conn.execute({})
"""
PSYCOPG2 = """\
import psycopg2
from psycopg2.extras import execute_values
def f(a, b, n: int, x: float):
    cur = psycopg2.connect("").cursor()
    cur.execute({})
"""
DJANGO = """\
from django.db import connection
def f(a, n: int):
    with connection.cursor() as cursor:
        cursor.execute({})
"""
SQLALCHEMY = """\
from sqlalchemy import text, bindparam
def f(session, a, b):
    session.execute({})
"""


@pytest.fixture
def schema(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


async def judged(database: Database, folder: Path, code: str) -> Analysis:
    (folder / "app.py").write_text(dedent(code), encoding="utf-8")
    return await analyze(await database.connect(), extract(folder), Settings())


TYPED_BY_THE_DRIVER = {
    "a function of several types": (PSYCOPG, "\"select date_trunc('day', %s) from users\", (when,)"),
    "an operator of several types": (PSYCOPG, '"select day + %s from users", (a,)'),
    "two values": (PSYCOPG, '"select %s - %s from users", (a, b)'),
    "a value of a function": (PSYCOPG, '"select extract(epoch from %s - %s) from users", (a, b)'),
    "a list": (PSYCOPG, '"select u.id from users u join unnest(%s) x on x = u.id", (a,)'),
    "an array of values": (PSYCOPG, '"select id from users where id = any(array[%s, %s])", (a, b)'),
    "rows of values": (
        PSYCOPG, '"update users set name = v.n from (values (%s, %s)) v(id, n) where users.id = v.id", (a, b)'
    ),
    "rows of values by WITH": (
        PSYCOPG, '"with v(id) as (values (%s)) select u.id from users u join v on v.id = u.id", (a,)'
    ),
    "a value for psycopg2": (PSYCOPG2, '"select day + %s from users", (a,)'),
    "a value for Django": (DJANGO, "\"select date_trunc('day', %s) from users\", [a]"),
    "a key of two types": (DJANGO, '"select id from users where name = %(q)s or id = %(q)s", {"q": a}'),
    "a value for SQLAlchemy": (SQLALCHEMY, 'text("select date_trunc(\'day\', :d) from users"), {"d": a}'),
    "a literal twice": (DJANGO, "\"select left(name, %s) from users group by left(name, %s)\", [a, a]"),
}  # fmt: skip
BOUND_BY_THE_DRIVER = {
    "IN": (PSYCOPG2, '"select id from users where id in %s", (tuple(a),)'),
    "rows IN": (PSYCOPG2, '"select id from users where (id, name) in %s", (tuple(a),)'),
    "IN that expands": (
        SQLALCHEMY,
        'text("select 1 from users where id in :ids").bindparams(bindparam("ids", expanding=True)), {"ids": a}',
    ),
    "an interval": (DJANGO, '"select id from users where created_at > now() - interval %s", ["1 day"]'),
    "a date": (PSYCOPG2, '"select id from users where day = date %s", (a,)'),
    "a setting": (DJANGO, '"set local statement_timeout = %s", [5000]'),
    "a password": (PSYCOPG2, '"create role app password %s", (a,)'),
    "a notification": (PSYCOPG2, '"notify ch, %s", (a,)'),
    "a name as it is": (PSYCOPG2, '"select id from %s", (AsIs(a),)'),
    "within a literal": (PSYCOPG2, "\"select 1 from users where created_at > now() - interval '%s days'\", (a,)"),
    "within two literals": (
        PSYCOPG2, "\"select 1 from users where day = '%s' and x like '%s%%' and id = %s\", (a, b, 1)"
    ),
    "within a block": (PSYCOPG2, '"do $$ begin perform %s; end $$", (a,)'),
}  # fmt: skip
PUT_IN_BY_THE_CODE = {
    "a date in quotes": (PSYCOPG, "f\"select id from users where created_at > '{a}'\""),
    "a date in quotes by percent": (PSYCOPG, "\"select id from users where created_at > '%s'\" % a"),
    "a date in quotes by format": (PSYCOPG, "\"select id from users where day = '{}'\".format(a)"),
    "a uuid in quotes": (PSYCOPG, "f\"select id from users where ref = '{a}'\""),
    "a label in quotes": (PSYCOPG, "f\"select id from users where hue = '{a}'\""),
    "a sequence in quotes": (PSYCOPG, "f\"select nextval('{a}_id_seq')\""),
    "a type in quotes": (PSYCOPG, "f\"select '{a}'::regtype from users\""),
    "a value that is added": (PSYCOPG, 'f"select day + {n} from users"'),
    "two literals": (
        PSYCOPG, 'sql.SQL("select generate_series({}, {}) from users").format(sql.Literal(a), sql.Literal(b))'
    ),
}  # fmt: skip
FROM_A_HOLE = {
    "a join": (PSYCOPG, 'f"select name, total from users {a} where total > 1"'),
    "a join behind another": (PSYCOPG, 'f"select total, amount from users u join orders o on o.id = u.id {a}"'),
    "columns of a query within": (PSYCOPG, 'f"select q.amount from (select {a} from users) q"'),
    "more columns of a query within": (PSYCOPG, 'f"select id, amount from (select id {a} from users) q"'),
    "a query within": (PSYCOPG, 'f"select amount from ({a}) q, users"'),
    "columns of a query of WITH": (PSYCOPG, 'f"with q as (select {a} from users) select q.amount from q"'),
    "a query of WITH": (PSYCOPG, 'f"{a} select id from recent"'),
    "another query of WITH": (PSYCOPG, 'f"with q as (select 1 as x) {a} select id from recent, q"'),
    "what is sorted by": (PSYCOPG, 'f"select id, {a} from users order by amount"'),
    "a table of an update": (PSYCOPG, 'f"update users set name = amount {a} where total = 1"'),
}
UNDECIDED = TYPED_BY_THE_DRIVER | BOUND_BY_THE_DRIVER | PUT_IN_BY_THE_CODE | FROM_A_HOLE


@pytest.mark.parametrize("case", UNDECIDED)
async def test_nothing_is_said_where_a_value_decides(schema: Database, tmp_path: Path, case: str) -> None:
    template, call = UNDECIDED[case]
    analysis = await judged(schema, tmp_path, template.format(call))
    assert analysis.issues == ()
    assert analysis.asked == 1


NOT_IN_FULL = ["an operator of several types", "rows of values", "a date", "a date in quotes"]


@pytest.mark.parametrize("case", NOT_IN_FULL)
async def test_what_is_not_decided_is_not_judged_in_full(schema: Database, tmp_path: Path, case: str) -> None:
    template, call = UNDECIDED[case]
    assert (await judged(schema, tmp_path, template.format(call))).judged == 0


DECIDED = {
    "an operator between columns": (
        PSYCOPG, '"select 1 from orders o join users u on u.id = o.user_id where u.id = %s", (a,)', "OPERATOR_MISMATCH"
    ),
    "a function of columns": (PSYCOPG, '"select g(id) from users where id = %s", (a,)', "INVALID_SQL"),
    "proved types that no operator has": (PSYCOPG, '"select %s + %s from users", (n, True)', "PARAMETER_TYPE_MISMATCH"),
    "a column beside IN": (PSYCOPG2, '"select nam from users where id in %s", (tuple(a),)', "UNKNOWN_COLUMN"),
    "a column beside a literal": (PSYCOPG, "f\"select nam from users where day = '{a}'\"", "UNKNOWN_COLUMN"),
    "IN for the server": (PSYCOPG, '"select id from users where id in %s", (a,)', "INVALID_SQL"),
    "a column of a table beside a hole": (PSYCOPG, 'f"select u.nam, total from users u {a}"', "UNKNOWN_COLUMN"),
    "a column before a condition": (PSYCOPG, 'f"select nam from users where {a}"', "UNKNOWN_COLUMN"),
    "a column before an order": (PSYCOPG, 'f"select nam from users where id = 1 {a}"', "UNKNOWN_COLUMN"),
    "too few for literals": (
        PSYCOPG2, "\"select 1 from users where x = '%s' and id = %s\", (1,)", "PARAMETER_COUNT_MISMATCH"
    ),
    "columns beside a value in quotes": (
        PSYCOPG, "f\"select 1 from orders o join users u on u.id = o.user_id where day = '{a}'\"", "OPERATOR_MISMATCH"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DECIDED)
async def test_what_no_value_can_mend_is_told(schema: Database, tmp_path: Path, case: str) -> None:
    template, call, expected = DECIDED[case]
    analysis = await judged(schema, tmp_path, template.format(call))
    assert [each.issue_type for each in analysis.issues] == [expected]


BRANCHES = {
    "columns and their join": (
        """
        cols, join = "u.id", ""
        if a:
            cols += ", total"
        if a:
            join = " join orders o on o.user_id = u.name"
        conn.execute(f"select {cols} from users u{join}")
        """,
        [],
    ),
    "a table and its columns": (
        """
        table = "orders" if a else "users"
        column = "total" if a else "name"
        conn.execute(f"select {column} from {table}")
        """,
        [],
    ),
    "a column of neither": (
        """
        table = "orders" if a else "users"
        conn.execute(f"select amount from {table}")
        """,
        ["UNKNOWN_COLUMN", "UNKNOWN_COLUMN"],
    ),
    "one of two texts": ("conn.execute('select nam from users' if a else 'select id from users')", ["UNKNOWN_COLUMN"]),
    "values and their condition": (
        """
        sql, values = "select id from users", ()
        if a:
            sql += " where id = %s"
            values = (a,)
        conn.execute(sql, values) if a else conn.execute(sql)
        """,
        [],
    ),
}


@pytest.mark.parametrize("case", BRANCHES)
async def test_of_texts_that_only_some_conditions_make_what_each_has_is_told(
    schema: Database, tmp_path: Path, case: str
) -> None:
    body, expected = BRANCHES[case]
    code = "import psycopg\ndef f(conn: psycopg.Connection, a):\n" + indent(dedent(body).strip(), "    ")
    analysis = await judged(schema, tmp_path, code)
    assert [each.issue_type for each in analysis.issues] == expected


NO_SQL = {
    "English for an agent": 'agent.execute("Analyze the data and report")',
    "English for a chain": 'chain.stream("Explain the following text")',
    "English for a tool": 'tool.execute("update the docs")',
    "English with a table's name": 'tool.execute("select users")',
    "a command of a router": 'ssh.execute("show interfaces")',
    "a command of a player": 'client.execute("set volume 10")',
    "a method of HTTP": 'client.stream("DELETE", url)',
    "a value of a prepared statement": """
        stmt = await conn.prepare("select id from users where name = $1")
        await stmt.fetch("alice")
        await stmt.fetchval("delete it")
        await stmt.fetch("select id from gone")
        """,
    "a value of a statement that a context prepares": """
        async with prepared(conn) as statement:
            await statement.fetch("alice")
        """,
}


@pytest.mark.parametrize("case", NO_SQL)
async def test_values_and_english_are_no_sql(schema: Database, tmp_path: Path, case: str) -> None:
    parameters = "conn: asyncpg.Connection, agent, chain, tool, ssh, client, url"
    code = f"import asyncpg\nasync def f({parameters}):\n" + indent(dedent(NO_SQL[case]).strip(), "    ")
    analysis = await judged(schema, tmp_path, code)
    assert analysis.issues == ()
    assert analysis.asked == ("prepare(" in code)


async def test_sql_on_an_unknown_object_is_judged_where_it_names_a_table(schema: Database, tmp_path: Path) -> None:
    (issue,) = (await judged(schema, tmp_path, 'def f(thing):\n    thing.execute("select nam from users")\n')).issues
    assert issue.issue_type == "UNKNOWN_COLUMN"


async def test_nothing_of_no_table_and_no_known_driver_is_critical(schema: Database, tmp_path: Path) -> None:
    (issue,) = (await judged(schema, tmp_path, 'def f(conn):\n    conn.execute("select nofunction(1)")\n')).issues
    assert issue.severity is Severity.MEDIUM


UNPROVED = {
    "a wrapper that puts a value before": """
        class Db:
            conn: asyncpg.Connection
            async def q(self, sql, *args):
                args = (self.tenant, *args)
                return await self.conn.fetch(sql, *args)
        db = Db()
        async def g():
            await db.q("select id from users where id = $1 and name = $2", "x")
        """,
    "a wrapper that converts": """
        class Db:
            conn: asyncpg.Connection
            async def one(self, sql, user_id):
                user_id = int(user_id)
                return await self.conn.fetch(sql, user_id)
        db = Db()
        async def g():
            await db.one("select id from users where id = $1", "5")
        """,
    "a wrapper that adds to a list": """
        def run(conn: psycopg.Connection, sql, params):
            params.append(3)
            return conn.execute(sql, params)
        def g(conn):
            run(conn, "select id from users where id = %s limit %s", [1])
        """,
    "a wrapper that makes a new list": """
        def run(conn: psycopg.Connection, sql, params=()):
            params = [*params, 10]
            return conn.execute(sql, params)
        def g(conn):
            run(conn, "select id from users where id = %s limit %s", [1])
        """,
    "a wrapper that changes a mapping": """
        def run(conn: psycopg.Connection, sql, params):
            params["b"] = 1
            return conn.execute(sql, params)
        def g(conn):
            run(conn, "select id from users where id = %(a)s limit %(b)s", {"a": 1})
        """,
    "a name that a condition gives anew": """
        async def f(conn: asyncpg.Connection, n: str):
            if (n := int(n)) > 3:
                await conn.execute("select 1 from users where id = $1", n)
        """,
    "a name that a call gives anew": """
        async def f(conn: asyncpg.Connection, n: str):
            print(n := int(n))
            await conn.execute("select 1 from users where id = $1", n)
        """,
    "a name of a comprehension": """
        async def f(conn: asyncpg.Connection, id: str, ids: list[int]):
            return [await conn.fetch("select 1 from users where id = $1", id) for id in ids]
        """,
    "a name that is given anew after a function": """
        async def f(conn: asyncpg.Connection, x: str):
            async def g():
                await conn.fetch("select 1 from users where id = $1", x)
            x = int(x)
            await g()
        """,
    "values that are bound before": """
        def f(session):
            session.execute(text("select id from users where id = :a and name = :b").bindparams(a=1), {"b": "x"})
        """,
}  # fmt: skip


@pytest.mark.parametrize("case", UNPROVED)
async def test_nothing_is_said_of_values_that_are_not_proved(schema: Database, tmp_path: Path, case: str) -> None:
    imports = "import asyncpg, psycopg\n" if "session" not in UNPROVED[case] else "from sqlalchemy import text\n"
    analysis = await judged(schema, tmp_path, imports + dedent(UNPROVED[case]))
    assert analysis.issues == ()
    assert analysis.asked == 1


async def test_a_value_is_told_in_the_file_that_it_stands_in(schema: Database, tmp_path: Path) -> None:
    (tmp_path / "db.py").write_text(
        "import asyncpg\nconn: asyncpg.Connection\nasync def by_name(sql):\n    # A line.\n    x = 5\n"
        "    return await conn.fetch(sql, x)\n"
    )
    code = "from db import by_name\nasync def f():\n    await by_name('select id from users where name = $1')\n"
    (issue,) = (await judged(schema, tmp_path, code)).issues
    assert issue.site is not None
    assert (issue.issue_type, issue.site.file, issue.site.line) == ("PARAMETER_TYPE_MISMATCH", "db.py", 6)


AS_SENT = {
    "a float of psycopg2": (PSYCOPG2, '"select round(%s, 2) from users", (x,)'),
    "an int of psycopg2": (PSYCOPG2, '"select takes(%s) from users", (n,)'),
    "a dict with a dumper": (
        "import psycopg\npsycopg.adapters.register_dumper(dict, Dumper)\n"
        "def f(conn: psycopg.Connection, d: dict):\n    conn.execute({})\n",
        '"update users set name = %s", (d,)',
    ),
    "an int with a dumper": (
        "import psycopg\npsycopg.adapters.register_dumper(int, Dumper)\n"
        "def f(conn: psycopg.Connection, n: int):\n    conn.execute({})\n",
        '"select id from users where name = %s", (n,)',
    ),
    "any type with a dumper": (
        "import psycopg\ndef f(conn: psycopg.Connection, n: int):\n    conn.adapters.register_dumper(kind, Dumper)\n"
        "    conn.execute({})\n",
        '"select id from users where name = %s", (n,)',
    ),
    "a str with a codec": (
        "import asyncpg\nasync def f(conn: asyncpg.Connection, d: str):\n"
        "    await conn.set_type_codec('timestamptz', schema='pg_catalog', encoder=str, decoder=str)\n"
        "    await conn.execute({})\n",
        '"update users set created_at = $1", d',
    ),
}


@pytest.mark.parametrize("case", AS_SENT)
async def test_values_are_taken_as_the_driver_sends_them(schema: Database, tmp_path: Path, case: str) -> None:
    schema.execute("create function takes(a integer) returns integer language sql return a")
    template, call = AS_SENT[case]
    analysis = await judged(schema, tmp_path, template.format(call))
    assert (analysis.issues, analysis.asked) == ((), 1)


async def test_a_codec_for_json_says_nothing_of_other_types(schema: Database, tmp_path: Path) -> None:
    code = (
        "import asyncpg\nasync def f(conn: asyncpg.Connection, d: str):\n"
        "    await conn.set_type_codec('jsonb', schema='pg_catalog', encoder=str, decoder=str)\n"
        "    await conn.execute('select name from users where id = $1', d)\n"
    )
    (issue,) = (await judged(schema, tmp_path, code)).issues
    assert issue.issue_type == "PARAMETER_TYPE_MISMATCH"


async def test_proved_types_are_judged_in_full(schema: Database, tmp_path: Path) -> None:
    analysis = await judged(schema, tmp_path, PSYCOPG.format('"select day + %s from users", (n,)'))
    assert (analysis.issues, analysis.judged) == ((), 1)
