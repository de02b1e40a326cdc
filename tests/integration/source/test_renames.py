"""Code after a rename: what is changed in it, what keeps its name, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.edit import rewritten
from pgmend.listener.source.rewriting.mended import Mendings
from pgmend.listener.source.rewriting.menders import SUREST, mend
from pgmend.listener.source.rewriting.renamed_code import mend_renames
from psycopg import sql

from tests.support.database import Database

SCHEMA = """
create table users (id integer primary key, name text not null, "E-Mail" text, age integer);
create table posts (id integer primary key, user_id integer, nick text, body text);
create schema app; create table app.notes (id integer, text text);
"""
HEAD = "import asyncpg\n"
LONG = "ö" * 30


@pytest.fixture
def schema(installed: Database) -> Database:
    installed.execute(SCHEMA)
    renamed(installed, "users", "nick", "name")
    renamed(installed, "users", "Mail", "E-Mail")
    return installed


def renamed(database: Database, table: str, before: str, after: str, schema: str = "public", age: int = 1) -> None:
    """As the listener tells it."""
    database.execute(
        sql.SQL(
            """
            insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, before, after, seen_at)
            values (0, {}, {}, 'column_renamed', {}, jsonb_build_object('name', {}::text),
              jsonb_build_object('name', {}::text), clock_timestamp() - {} * interval '1 hour')
            """
        ).format(schema, table, after, before, after, age)
    )


def table_renamed(database: Database, before: str, after: str, schema: str = "public", age: int = 1) -> None:
    database.execute(
        sql.SQL(
            """
            insert into pgmend.change (table_oid, schema_name, table_name, kind, before, after, seen_at)
            values (0, {}, {}, 'table_renamed', jsonb_build_object('name', {}::text),
              jsonb_build_object('name', {}::text), clock_timestamp() - {} * interval '1 hour')
            """
        ).format(schema, after, before, after, age)
    )


async def mended(database: Database, folder: Path) -> Mendings:
    connection = await database.connect()
    analysis = await analyze(connection, extract(folder), Settings())
    return await mend_renames(connection, analysis, folder)


async def after(database: Database, folder: Path, code: str, encoding: str = "utf-8") -> str:
    """The code as it is mended; as it was where nothing is."""
    (found,) = (await each_after(database, folder, {"app": code}, encoding)).values()
    return found


async def each_after(
    database: Database, folder: Path, codes: dict[str, str], encoding: str = "utf-8"
) -> dict[str, str]:
    """Files as they are mended, all in one look."""
    for name, code in codes.items():
        (folder / f"{name}.py").write_bytes(code.encode(encoding))
    found = await mended(database, folder)
    edits = found.edits()
    return {
        name: rewritten(found.files[f"{name}.py"].text, edits[f"{name}.py"]) if f"{name}.py" in edits else code
        for name, code in codes.items()
    }


def call(statement: str) -> str:
    return f"{HEAD}async def f(conn: asyncpg.Connection, a):\n    return await conn.fetch({statement})\n"


STATEMENTS = {
    "a result keeps its name": ("select nick from users", "select name as nick from users"),
    "what has a name of its own needs none": ("select nick as x from users", "select name as x from users"),
    "a condition": ("select id from users where nick = $1", "select id from users where name = $1"),
    "every place": (
        "select u.nick, lower(nick) l from users u where nick > $1 group by nick, u.nick having max(nick) > ''"
        " order by nick",
        "select u.name as nick, lower(name) l from users u where name > $1 group by name, u.name having max(name) > ''"
        " order by nick",
    ),
    "not another table's column of the same name": (
        "select p.nick, u.nick as n from posts p join users u on u.id = p.user_id where u.nick <> p.nick",
        "select p.nick, u.name as n from posts p join users u on u.id = p.user_id where u.name <> p.nick",
    ),
    "an outer table's column of the same name": (
        "select u.nick from posts, users u where posts.nick = 'a' and exists (select 1 from users where nick = 'b')",
        "select u.name as nick from posts, users u where posts.nick = 'a'"
        " and exists (select 1 from users where name = 'b')",
    ),
    "an alias of that name": (
        "select lower(u.nick) as nick from users u order by nick",
        "select lower(u.name) as nick from users u order by nick",
    ),
    "a name of WITH": (
        "with x as (select nick from users) select nick from x where x.nick = $1",
        "with x as (select name as nick from users) select nick from x where x.nick = $1",
    ),
    "what a star gives": (
        "with w as (select * from users) select s.nick, w.nick as x from (select u.*, 1 as one from users u) s join w"
        " on w.nick = s.nick",
        "with w as (select * from users) select s.name as nick, w.name as x from (select u.*, 1 as one from users u) s"
        " join w on w.name = s.name",
    ),
    "what a star does not give, for it has that name already": (
        "select s.nick from (select users.*, nick as nick from users) s",
        "select s.nick from (select users.*, name as nick from users) s",
    ),
    "a literal and a comment of that name": (
        "select id from users where 'nick' = nick -- nick",
        "select id from users where 'nick' = name -- nick",
    ),
    "upper case": ("SELECT NICK FROM USERS", "SELECT name as NICK FROM USERS"),
    "an insert": (
        "insert into users (id, nick) values ($1, $2) returning nick",
        "insert into users (id, name) values ($1, $2) returning name as nick",
    ),
    "an upsert": (
        "insert into users as u (id, nick) values ($1, $2) on conflict (id) do update set nick = excluded.nick"
        " where u.nick <> excluded.nick",
        "insert into users as u (id, name) values ($1, $2) on conflict (id) do update set name = excluded.name"
        " where u.name <> excluded.name",
    ),
    "an update": (
        "update users set (nick, age) = ($1, 2) where nick = $2",
        "update users set (name, age) = ($1, 2) where name = $2",
    ),
    "a delete": ("delete from users where nick = $1", "delete from users where name = $1"),
    "an insert from a query": (
        "insert into posts (id, nick) select id, nick from users",
        "insert into posts (id, nick) select id, name from users",
    ),
    "several queries": (
        "select nick from users union select nick from posts order by nick",
        "select name as nick from users union select nick from posts order by nick",
    ),
    "an expression that has its name": (
        "select nick::varchar, case when age is distinct from 1 then '' else nick end from users",
        "select name::varchar as nick, case when age is distinct from 1 then '' else name end as nick from users",
    ),
    "a name that is ambiguous by now": (
        "select age from users u join (select 'a' as name) x on true where nick = 'a'",
        "select age from users u join (select 'a' as name) x on true where u.name = 'a'",
    ),
    "what sorts by a result of the new name": (
        "select lower(body) as name from users join posts using (id) order by users.nick",
        "select lower(body) as name from users join posts using (id) order by users.name",
    ),
    "a quoted name": ('select u."Mail" from users u', 'select u."E-Mail" as "Mail" from users u'),
    "an upsert by it, and of nothing else": (
        "insert into users (id) values ($1) on conflict (nick) do nothing",
        "insert into users (id) values ($1) on conflict (name) do nothing",
    ),
    "a merge that inserts": (
        "merge into users u using (select id, nick from posts) p on u.id = p.id when matched then update set"
        " nick = p.nick when not matched then insert (id, nick) values (p.id, p.nick)",
        "merge into users u using (select id, nick from posts) p on u.id = p.id when matched then update set"
        " name = p.nick when not matched then insert (id, name) values (p.id, p.nick)",
    ),
    "a sample": (
        "select nick from users tablesample system (9)", "select name as nick from users tablesample system (9)"
    ),
    "a merge": (
        "merge into users u using posts p on u.nick = p.nick when matched then update set nick = p.body",
        "merge into users u using posts p on u.name = p.nick when matched then update set name = p.body",
    ),
}  # fmt: skip


async def test_statements_have_the_names_of_now_and_nothing_to_mend_then(schema: Database, tmp_path: Path) -> None:
    expected = {case: call(f"'''{now}\n'''") for case, (_, now) in STATEMENTS.items()}
    before = {case: call(f"'''{before}\n'''") for case, (before, _) in STATEMENTS.items()}
    assert await each_after(schema, tmp_path, before) == expected
    assert await each_after(schema, tmp_path, expected) == expected


LITERALS = {
    "adjacent ones": ("'select id, '\n        'nick '  # nick\n        'from users'", "name as nick "),
    "of other quotes": ("'select id from users where \"Mail\" = $1'", '"E-Mail" = $1'),
    "escaped where they have to be": ('"select id from users where \\"Mail\\" = $1"', '\\"E-Mail\\" = $1'),
    "with escapes before": (
        "'select \\x27\\N{BULLET}\\\\\\n\\x27, nick from users'",
        "\\\\\\n\\x27, name as nick from",
    ),
    "raw": ("r'select nick from users -- \\d'", "name as nick from users -- \\d"),
    "an f-string": ("f'select nick from users where id = {a[\"nick\"]} and nick = $1'", 'a["nick"]} and name = $1'),
    "with braces for one": ("f'select nick from users where nick = $1 -- {{{a}}}'", "where name = $1 -- {{{a}}}"),
}


async def test_literals_of_all_kinds_are_written_into(schema: Database, tmp_path: Path) -> None:
    found = await each_after(schema, tmp_path, {case: call(code) for case, (code, _) in LITERALS.items()})
    assert [case for case, (_, expected) in LITERALS.items() if expected not in found[case]] == []
    assert await each_after(schema, tmp_path, found) == found


async def test_a_name_gets_the_quotes_and_escapes_that_its_literal_needs(schema: Database, tmp_path: Path) -> None:
    schema.execute(sql.SQL("alter table users rename column age to {}").format(sql.Identifier(LONG + ' "x')))
    renamed(schema, "users", "age", LONG + ' "x')
    found = await after(schema, tmp_path, call('"select 1 from users where age = 1"'))
    assert f'where \\"{LONG} \\"\\"x\\" = 1"' in found
    assert await after(schema, tmp_path, found) == found


async def test_bytes_around_stay_as_they_are(schema: Database, tmp_path: Path) -> None:
    code = "# coding: latin-1\r\n" + call("'''select -- é\n\tnick\n from users'''").replace("\n", "\r\n").rstrip()
    found = await after(schema, tmp_path, code, "latin-1")
    assert found == code.replace("\tnick", "\tname as nick")
    code = "\ufeff" + call("'select nick from users'")
    assert await after(schema, tmp_path, code) == code[1:].replace("nick", "name as nick")


async def test_a_name_that_the_encoding_has_no_letters_for_is_left(schema: Database, tmp_path: Path) -> None:
    schema.execute('alter table users rename column age to "名"')
    renamed(schema, "users", "age", "名")
    (tmp_path / "app.py").write_bytes(("# coding: latin-1\n" + call("'select age from users'")).encode("latin-1"))
    found = await mended(schema, tmp_path)
    assert found.ready == ()
    assert ["iso-8859-1, which has no '名'" in each for each in found.left.values()] == [True]


async def test_renames_are_followed_to_the_end(schema: Database, tmp_path: Path) -> None:
    renamed(schema, "users", "handle", "nick", age=3)
    renamed(schema, "accounts", "login", "handle", age=5)
    table_renamed(schema, "accounts", "users", age=4)
    found = await after(schema, tmp_path, call("'select accounts.login from accounts where accounts.login = $1'"))
    assert "select users.name as login from users where users.name = $1" in found


TABLES = {
    "a table with its qualifiers": (
        "select logs.id, logs.* from logs where logs.id = 1 for update of logs",
        "select posts.id, posts.* from posts where posts.id = 1 for update of posts",
    ),
    "an alias stays": ("select logs.id from logs logs", "select logs.id from posts logs"),
    "a whole row keeps its name": ("select logs from logs", "select posts as logs from posts"),
    "a comment of that name is none": (
        "select p.body from logs p where nick = $1 -- logs",
        "select p.body from posts p where nick = $1 -- logs",
    ),
    "in another schema": ("select app.old.id from app.old", "select app.notes.id from app.notes"),
    "a truncated one": ("truncate logs", "truncate posts"),
    "one to write to": (
        "insert into logs (id) values (1) returning logs.id",
        "insert into posts (id) values (1) returning posts.id",
    ),
}  # fmt: skip


async def test_tables_have_their_names_of_now(schema: Database, tmp_path: Path) -> None:
    table_renamed(schema, "logs", "posts")
    table_renamed(schema, "old", "notes", "app")
    before = {case: call(f"'''{before}'''") for case, (before, _) in TABLES.items()}
    expected = {case: call(f"'''{now}'''") for case, (_, now) in TABLES.items()}
    assert await each_after(schema, tmp_path, before) == expected


HELPER = """
import psycopg
from psycopg import sql

def select_one(conn: psycopg.Connection, table, columns, where=None):
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table))
    return conn.execute(query)

def count(conn: psycopg.Connection, table, column):
    return conn.execute(f"select count(*) from {table} where {column} is null")

def by(conn: psycopg.Connection, column):
    return conn.execute(sql.SQL("select id from users where {} is null").format(sql.Identifier(column)))
"""


async def test_names_that_helpers_are_given_are_changed_where_they_stand(schema: Database, tmp_path: Path) -> None:
    table_renamed(schema, "people", "users")
    code = dedent(HELPER) + dedent(
        """
        def f(conn):
            count(conn, "users", "nick")
            count(conn, table="people", column='nick')
            count(conn, "posts", "nick")
            by(conn, "Mail")
        """
    )
    found = await after(schema, tmp_path, code)
    assert found.partition("def f")[2].splitlines()[1:] == [
        '    count(conn, "users", "name")',
        "    count(conn, table=\"users\", column='name')",
        '    count(conn, "posts", "nick")',
        '    by(conn, "E-Mail")',
    ]


ELSEWHERE = """
import psycopg, requests
MAIL = "nick"
FIELDS = "id, nick"

def count(conn: psycopg.Connection, table, column):
    return conn.execute(f"select count(*) from {table} where {column} is null")

def insert(conn: psycopg.Connection, table, data):
    conn.execute(f"insert into {table} ({', '.join(data)}) values (%s, %s)", list(data.values()))

def f(conn: psycopg.Connection, key, mail):
    CODE

def g(payload):
    OTHER
"""
USES = {
    "a constant": ("conn.execute(f'select {MAIL} from users')", "return payload[MAIL]", 16),
    "a list in a text": ("conn.execute(f'select {FIELDS} from users')", "return FIELDS.split(',')", 16),
    "a default": ("conn.execute(f'select {MAIL} from users')", "return (lambda key=MAIL: payload[key])()", 16),
    "through another name": (
        "name = 'nick'; same = name; count(conn, 'users', name); requests.post('x', json={same: 1})",
        "return None",
        13,
    ),
    "a value": ("count(conn, 'users', MAIL); conn.execute('select %s', [MAIL])", "return None", 13),
    "a dictionary": (
        "data = {'id': 1, 'nick': mail}; insert(conn, 'users', data); requests.post('x', json=data)",
        "return None",
        13,
    ),
    "what is returned": ("name = 'nick'; count(conn, 'users', name); return name", "return None", 13),
}


@pytest.mark.parametrize("uses", USES.values(), ids=USES.keys())
async def test_a_name_that_is_of_use_elsewhere_is_left_and_the_places_told(
    schema: Database, tmp_path: Path, uses: tuple[str, str, int]
) -> None:
    code = ELSEWHERE.replace("CODE", uses[0]).replace("OTHER", uses[1])
    (tmp_path / "app.py").write_text(code)
    found = await mended(schema, tmp_path)
    assert found.ready == ()
    assert any(f"may be used otherwise, too: app.py:{uses[2]}" in each for each in found.left.values()), found.left


async def test_a_constant_that_another_file_names_is_left(schema: Database, tmp_path: Path) -> None:
    code = ELSEWHERE.replace("CODE", USES["a constant"][0]).replace("OTHER", "return None")
    other = "from app import MAIL\nprint({}[MAIL])\n"
    assert await each_after(schema, tmp_path, {"app": code, "other": other}) == {"app": code, "other": other}
    (found,) = (await mended(schema, tmp_path)).left.values()
    assert "otherwise, too: other.py:1" in found


async def test_a_name_that_only_statements_use_is_changed(schema: Database, tmp_path: Path) -> None:
    use = "conn.execute(f'select {MAIL} from users'); count(conn, 'users', MAIL)"
    code = ELSEWHERE.replace("CODE", use).replace("OTHER", "return None")
    assert 'MAIL = "name"' in await after(schema, tmp_path, code)


async def test_nobody_changes_a_name_by_itself_alone(schema: Database, tmp_path: Path) -> None:
    code = ELSEWHERE.replace("CODE", "count(conn, 'users', 'nick')").replace("OTHER", "return None")
    (tmp_path / "app.py").write_text(code)
    connection = await schema.connect()
    analysis = await analyze(connection, extract(tmp_path), Settings())
    found = await mend(connection, analysis, tmp_path, SUREST)
    assert (found.ready, ["a name by itself" in each for each in found.left.values()]) == ((), [True])
    assert (await mend(connection, analysis, tmp_path)).ready


async def test_a_text_that_others_are_made_of_too_is_left(schema: Database, tmp_path: Path) -> None:
    code = dedent(
        """
        import psycopg
        COLUMNS = "id, nick"

        def f(conn: psycopg.Connection):
            conn.execute(f"select {COLUMNS} from users")
            conn.execute(f"select {COLUMNS} from posts")
        """
    )
    (tmp_path / "app.py").write_text(code)
    found = await mended(schema, tmp_path)
    assert found.ready == ()
    assert list(found.left.values()) == ["app.py:7 is made of the same text"]


async def test_who_reads_rows_by_the_old_name_is_told_where_the_rows_change(schema: Database, tmp_path: Path) -> None:
    code = dedent(
        """
        import psycopg

        def f(conn: psycopg.Connection, column="nick"):
            row = conn.execute("select * from users").fetchone()
            return row["nick"], row.get("nick"), row["age"]

        def g(conn: psycopg.Connection):
            row = conn.execute("select nick from users").fetchone()
            return row["nick"]

        def h(conn: psycopg.Connection):
            columns = ["id", "nick"]
            rows = conn.execute("select " + ", ".join(columns) + " from users")
            return [row.nick for row in rows]
        """
    )
    (tmp_path / "app.py").write_text(code)
    found = await mended(schema, tmp_path)
    assert [(each.site.line, each.said.partition(" ")[0]) for each in sorted(found.notes)] == [
        (6, "nick"),
        (15, "nick"),
    ]
    assert 'columns = ["id", "name"]' in rewritten(code, found.edits()["app.py"])


async def test_a_name_that_means_another_column_since_is_told(schema: Database, tmp_path: Path) -> None:
    statement = "'select 1 from posts where exists (select 1 from users where nick = posts.body)'"
    (tmp_path / "app.py").write_text(call(statement))
    found = await mended(schema, tmp_path)
    assert found.ready == ()
    (note,) = found.notes
    assert note.site == ("app.py", 3, call(statement).splitlines()[2].index("nick"))
    assert note.said.startswith("nick means another column here than it did: nick was renamed to name")


LEFT = {
    "a name that was another's before": ("select nick, age from users", "may mean either"),
    "other objections": ("select nick, gone from users", "still object"),
    "a shared key": ("select 1 from users join posts using (nick)", "(USING, or a row's field)"),
    "a row's field": ("select (u).nick from users u", "(USING, or a row's field)"),
}


async def test_what_is_not_sure_is_left_and_told(schema: Database, tmp_path: Path) -> None:
    renamed(schema, "users", "age", "years", age=2)
    schema.execute("alter table users add years integer")
    for number, (statement, _) in enumerate(LEFT.values()):
        (tmp_path / f"{number}.py").write_text(call(f"'''{statement}'''"))
    found = await mended(schema, tmp_path)
    assert found.ready == ()
    said = sorted(found.left.values())
    assert all(any(each in one for one in said) for _, each in LEFT.values() if each), said
    assert len(said) == 5  # of one statement two names are unknown


async def test_what_runs_by_the_catalog_is_left(schema: Database, tmp_path: Path) -> None:
    code = dedent(
        """
        import psycopg

        def f(conn: psycopg.Connection):
            old = conn.execute("select 1 from information_schema.columns where column_name = 'nick'").fetchone()
            if old:
                conn.execute("select nick from users")
        """
    )
    assert await after(schema, tmp_path, code) == code


async def test_files_of_sql_are_written_into(schema: Database, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_bytes("-- name: ä\r\n-- name: get^\r\nselect nick\r\nfrom users;\r\n".encode())
    (tmp_path / "app.py").write_text("import aiosql\nq = aiosql.from_path('q.sql', 'asyncpg')\n")
    found = await mended(schema, tmp_path)
    text = rewritten(found.files["q.sql"].text, found.edits()["q.sql"])
    assert found.files["q.sql"].encoded(text).endswith(b"\r\nselect name as nick\r\nfrom users;\r\n")
