"""The code that goes with a change of types, against a real schema: what is changed, and what must not be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.conversions import CodeConversions, conversions
from pgmend.listener.source.rewriting.edit import rewritten
from pgmend.listener.source.rewriting.type_change import type_changes

from tests.support.database import Database

SCHEMA = """
create table users (id integer primary key, name text not null, key uuid not null);
create table orders (id integer primary key, user_id text not null, parent text, note text, key text not null);
create table logs (line text not null, user_id text);
"""
ASYNCPG = "import asyncpg\nfrom fastapi import Query\nfrom uuid import UUID\n"
PSYCOPG = "import psycopg\nfrom psycopg.rows import dict_row\n"


@pytest.fixture
def schema(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


async def converted(
    database: Database, folder: Path, column: str = "user_id", type_name: str = "integer", table: str = "orders"
) -> CodeConversions:
    """What goes with that change of the code in the folder."""
    connection = await database.connect()
    row = await (
        await connection.execute(
            "select attrelid::bigint, attnum from pg_attribute where attrelid = %s::regclass and attname = %s",
            (table, column),
        )
    ).fetchone()
    assert row is not None
    remedies = [ChangeColumnType(row[0], row[1], type_name)]
    changes = await type_changes(connection, remedies)
    own = await database.connect()
    analysis = await analyze(own, extract(folder), Settings())
    return await conversions(own, analysis, folder, changes)


async def mended_all(database: Database, folder: Path, codes: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """Each code, a file of its own, as it is afterwards, and whether something of it was told."""
    names = {case: f"case_{number}.py" for number, case in enumerate(codes)}
    for case, code in codes.items():
        (folder / names[case]).write_bytes(code.encode())
    found = await converted(database, folder)
    told = {each.site.file for each in found.told}
    return {case: (rewritten(codes[case], found.edits.get(name, ())), name in told) for case, name in names.items()}


async def mended(database: Database, folder: Path, code: str, **change: Any) -> tuple[str, CodeConversions]:
    """The code as it is afterwards, and all that was found."""
    (folder / "app.py").write_bytes(code.encode())
    found = await converted(database, folder, **change)
    return rewritten(code, found.edits.get("app.py", ())), found


def asyncpg(
    value: str, parameters: str, before: str = "", sql: str = "select id from orders where user_id = $1"
) -> str:
    body = "".join(f"    {line}\n" for line in dedent(before).strip().splitlines())
    return (
        f"{ASYNCPG}async def f(conn: asyncpg.Connection, {parameters}):\n{body}"
        f"    return await conn.fetch({sql!r}, {value})\n"
    )


def psycopg(value: str, parameters: str, sql: str = "select id from orders where user_id = %s") -> str:
    return f"{PSYCOPG}def f(conn: psycopg.Connection, {parameters}):\n    return conn.execute({sql!r}, ({value},))\n"


# Value, parameters of the function, lines before, and the value as it is afterwards.
VALUES: dict[str, tuple[str, str, str, str]] = {
    "an annotated int": ("str(user_id)", "user_id: int", "", "user_id"),
    "an annotation in quotes": ("str(user_id)", "user_id: 'int'", "", "user_id"),
    "a literal": ('"5"', "", "", "5"),
    "an int upstream": ("str(x)", "y", "x = int(y)", "x"),
    "a name given anew by int": ("str(x)", "x", "x = int(x)", "x"),
    "a name given anew in each round": ("str(x)", "y", "while y:\n    x = int(y)\n    break\nelse:\n    x = 5", "x"),
    "a sum": ("str(x + 1)", "x: int", "", "(x + 1)"),
    "a length": ("str(len(x))", "x", "", "len(x)"),
    "an f-string": ('f"{x}"', "x: int", "", "x"),
    "what comes from outside, converted": ("str(x)", "x", "", "int(x)"),
    "a str, converted": ("str(x)", "x: str", "", "int(x)"),
    "a claim": ('payload["sub"]', "payload", "", 'int(payload["sub"])'),
    "a path parameter": ('request.path_params["id"]', "request", "", 'int(request.path_params["id"])'),
    "a name for a claim": ("sub", "payload", 'sub = payload["sub"]', "int(sub)"),
    "an annotated str": ("x", "x: str", "", "int(x)"),
    "what may be None": ("x", "x", "", "None if x is None else int(x)"),
    "an optional str": ("x", "x: str | None", "", "None if x is None else int(x)"),
    "an int": ("x", "x: int", "", "x"),
    "a framework's default": ("str(x)", "x: int = Query(1, ge=1)", "", "x"),
    "an int with a default": ("str(x)", "x: int = 5", "", "x"),
}
LEFT: dict[str, tuple[str, str, str]] = {
    "an optional int": ("str(x)", "x: int | None", ""),
    "typing's optional int": ("str(x)", "x: Optional[int]", ""),
    "an int that is None by default": ("str(x)", "x: int = None", ""),
    "an int that a framework gives None for": ("str(x)", "x: int = Query(None)", ""),
    "a lookup that may find nothing": ("str(x.get('a'))", "x", ""),
    "a lookup without a conversion": ("x.get('a')", "x", ""),
    "another encoding": ("str(x, 'utf8')", "x: bytes", ""),
    "a text put together": ("str(x) + y", "x: int, y: str", ""),
    "a bool": ("str(x)", "x: bool", ""),
    "a comparison": ("str(x is None)", "x", ""),
    "a float": ("str(x)", "x: float", ""),
    "no integer": ('"007"', "", ""),
    "a word": ('"admin"', "", ""),
    "a function of one's own called str": ("str(x)", "x: int", "def str(x): return 'u' + repr(x)"),
    "a name called str": ("str(x)", "x: int, str", ""),
    "stars": ("*x", "x", ""),
    "a call": ("g(x)", "x", ""),
}
# Removing it would change what is sent; the right conversion does not.
REPLACED: dict[str, tuple[str, str, str]] = {
    "a class of one's own": ("str(x)", "x: UserId", "class UserId(int): ..."),
    "a name given anew in a branch": ("str(x)", "x: int, y", "if y:\n    x = y"),
    "a name given anew in a loop": (
        "str(x)",
        "y",
        "x = 5\nfor each in y:\n    await conn.fetch('select 1')\n    x = each",
    ),
    "a name given anew by with": ("str(x)", "x: int, y", "with y as x:\n    pass"),
    "a name given anew by an exception": ("str(x)", "x: int, y", "try:\n    y()\nexcept ValueError as x:\n    raise"),
    "a name given anew by a pattern": ("str(x)", "x: int, y", "match y:\n    case {'a': x}:\n        pass"),
    "a name given anew within an expression": ("str(x)", "x: int, y", "if (x := y):\n    pass"),
    "a name given anew by a function within": (
        "str(x)",
        "y",
        "x = 5\ndef g():\n    nonlocal x\n    x = y\ng()",
    ),
    "a name given anew by an import": ("str(x)", "x: int", "from a import b as x"),
    "a name given anew by unpacking": ("str(x)", "x: int, y", "x, z = y"),
    "a name added to": ("str(x)", "x: int, y", "x += y"),
    "a name of a comprehension": ("[str(x) for x in y][0]", "x: int, y", ""),
    "a name in a try": ("str(x)", "x, y", "try:\n    x = int(x)\nexcept ValueError:\n    pass"),
}


async def test_a_value_gets_what_its_parameter_wants(schema: Database, tmp_path: Path) -> None:
    codes = {case: asyncpg(value, parameters, before) for case, (value, parameters, before, _) in VALUES.items()}
    expected = {case: (asyncpg(after, *given), False) for case, (_, *given, after) in VALUES.items()}
    assert await mended_all(schema, tmp_path, codes) == expected


async def test_what_is_not_sure_is_told_and_left(schema: Database, tmp_path: Path) -> None:
    codes = {case: asyncpg(*given) for case, given in LEFT.items()}
    assert await mended_all(schema, tmp_path, codes) == {case: (code, True) for case, code in codes.items()}


async def test_a_conversion_is_not_removed_where_the_type_is_not_proved(schema: Database, tmp_path: Path) -> None:
    codes = {case: asyncpg(*given) for case, given in REPLACED.items()}
    for case, (after, told) in (await mended_all(schema, tmp_path, codes)).items():
        value, parameters, before = REPLACED[case]
        assert after == (codes[case] if told else asyncpg(value.replace("str(", "int("), parameters, before)), case


# Sources as they are, with every byte that has to stay.
FORMS: dict[str, tuple[str, str]] = {
    "a call over several lines": (
        "str(  # the column is text\n            user_id,  # of the token\n        )",
        "(  # the column is text\n            user_id  # of the token\n        )",
    ),
    "a comma behind": ("str(user_id,)", "user_id"),
    "parentheses within": ("str((user_id))", "((user_id))"),
    "blanks": ("str ( user_id )", "user_id"),
    "a word behind": ("str(user_id)if user_id else'1'", "str(user_id)if user_id else'1'"),
    "a name within": ("(x := str(user_id))", "(x := str(user_id))"),
}


@pytest.mark.parametrize(
    ("head", "function"),
    [
        ("from fastapi import Depends", "async def f(conn: asyncpg.Connection, x: int = Depends(current)):"),
        ("from fastapi import Security", "async def f(conn: asyncpg.Connection, x: int = Security(current)):"),
        (
            "from typing import Annotated\nfrom fastapi import Depends",
            "async def f(conn: asyncpg.Connection, x: Annotated[int, Depends(current)]):",
        ),
        ("from own import Query", "async def f(conn: asyncpg.Connection, x: int = Query(1)):"),
        ("from fastapi import Query", "async def f(conn: asyncpg.Connection, x: int = Query('1')):"),
        ("from fastapi import Query", "async def f(conn: asyncpg.Connection, x: int = Query(default_factory=g)):"),
        (
            "from flask import Flask\napp = Flask('a')",
            "@app.route('/users/<x>')\nasync def f(x: int, conn: asyncpg.Connection):",
        ),
        (
            "from flask import Flask\napp = Flask('a')",
            "@app.get('/<x>')\nasync def f(x: int, conn: asyncpg.Connection):",
        ),
        ("from own import app", "@app.get('/<x>')\nasync def f(x: int, conn: asyncpg.Connection):"),
        (
            "from fastapi import FastAPI\nfrom own import login\napp = FastAPI()",
            "@app.get('/{x}')\n@login\nasync def f(x: int, conn: asyncpg.Connection):",
        ),
        ("import pytest", "@pytest.fixture\nasync def f(x: int, conn: asyncpg.Connection):"),
        ("", "async def f(request, conn: asyncpg.Connection):\n    x: int = (await request.json())['user_id']"),
        ("", "async def f(claims, conn: asyncpg.Connection):\n    x: int = claims['sub']"),
        ("", "async def f(claims, conn: asyncpg.Connection):\n    x: int = claims.get('sub', 0)"),
        ("", "async def f(args, conn: asyncpg.Connection):\n    x: int = args.user_id"),
        ("", "async def f(claims, conn: asyncpg.Connection):\n    y = claims['sub']\n    x: int = y"),
    ],
)
async def test_what_nothing_checks_keeps_a_conversion(
    schema: Database, tmp_path: Path, head: str, function: str
) -> None:
    code = (
        f"import asyncpg\n{head}\n{function}\n    await conn.fetch('select 1 from orders where user_id = $1', str(x))\n"
    )
    after, found = await mended(schema, tmp_path, code)
    assert after in (code, code.replace("str(x)", "int(x)"))
    assert after != code or found.told


@pytest.mark.parametrize(
    ("head", "function"),
    [
        (
            "from fastapi import FastAPI\napp = FastAPI()",
            "@app.get('/{x}')\nasync def f(x: int, conn: asyncpg.Connection):",
        ),
        (
            "from fastapi import APIRouter, Path\nfrom typing import Annotated\nrouter = APIRouter(prefix='/a')",
            "@router.websocket('/{x}')\nasync def f(x: Annotated[int, Path(ge=1)], conn: asyncpg.Connection):",
        ),
        ("import fastapi", "async def f(conn: asyncpg.Connection, x: int = fastapi.Query(..., ge=1)):"),
        (
            "from contextlib import asynccontextmanager",
            "@asynccontextmanager\nasync def f(conn: asyncpg.Connection, x: int):\n    yield",
        ),
        ("", "async def f(conn: asyncpg.Connection, y: int):\n    x: int = y"),
    ],
)
async def test_what_is_checked_needs_no_conversion(schema: Database, tmp_path: Path, head: str, function: str) -> None:
    code = (
        f"import asyncpg\n{head}\n{function}\n    await conn.fetch('select 1 from orders where user_id = $1', str(x))\n"
    )
    after, found = await mended(schema, tmp_path, code)
    assert (after, found.told) == (code.replace("str(x)", "x"), ())


async def test_formatting_and_comments_stay(schema: Database, tmp_path: Path) -> None:
    codes = {case: asyncpg(value, "user_id: int") for case, (value, _) in FORMS.items()}
    found = await mended_all(schema, tmp_path, codes)
    expected = {case: asyncpg(after, "user_id: int") for case, (_, after) in FORMS.items()}
    assert {case: after for case, (after, _) in found.items()} == expected


@pytest.mark.parametrize(
    ("encoding", "cookie"), [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n")]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
async def test_every_byte_outside_of_edits_stays(
    schema: Database, tmp_path: Path, encoding: str, cookie: str, line_end: str
) -> None:
    before = (
        f"{cookie}{ASYNCPG}async def größe(conn: asyncpg.Connection, übrig: int):\n\tsagt = 'äöü'; await conn.fetch("
        f"'select id from orders where note = $1 and user_id = $2', 'ä', str(übrig))  # naïve\f\n\treturn  sagt"
    )
    if encoding == "utf-8":
        before = before.replace("naïve", "na\u0000ïve".replace("\u0000", "\u2028"))
    content = before.replace("\n", line_end).encode(encoding)
    (tmp_path / "app.py").write_bytes(content)
    found = await converted(schema, tmp_path)
    file = found.files["app.py"]
    now = file.content[: len(file.content) - len(file.encoded(file.text))] + file.encoded(
        rewritten(file.text, found.edits["app.py"])
    )
    assert now == content.replace(
        "str(übrig)".encode("utf-8" if "utf" in encoding else encoding),
        "übrig".encode("utf-8" if "utf" in encoding else encoding),
    )


SQL: dict[str, tuple[str, str]] = {
    "a cast of the other side": (
        "select 1 from users u join orders o on u.id::text = o.user_id",
        "select 1 from users u join orders o on u.id = o.user_id",
    ),
    "a cast of the column": (
        "select 1 from users u join orders o on u.id = o.user_id::integer",
        "select 1 from users u join orders o on u.id = o.user_id",
    ),
    "casts of both": (
        "select 1 from users u, orders o where (u.id)::text=o.user_id :: text",
        "select 1 from users u, orders o where (u.id)=o.user_id",
    ),
    "CAST": (
        "select 1 from users u join orders o on CAST( u.id AS varchar(20) ) = o.user_id and true",
        "select 1 from users u join orders o on u.id = o.user_id and true",
    ),
    "the name of a result": ("select user_id::int from orders", "select user_id from orders"),
    "a value that is inserted": (
        "insert into orders (id, user_id, key) select id, id::text, name from users",
        "insert into orders (id, user_id, key) select id, id, name from users",
    ),
    "within a query within": (
        "select 1 from users where id::text in (select user_id from orders)",
        "select 1 from users where id::text in (select user_id from orders)",
    ),
    "another table's column of that name": (
        "select 1 from users u join logs l on u.id::text = l.user_id, orders",
        "select 1 from users u join logs l on u.id::text = l.user_id, orders",
    ),
    "a cast that still says something": (
        "select user_id::text from orders where note = user_id::text",
        "select user_id::text from orders where note = user_id::text",
    ),
    "a comment within": (
        "select 1 from users u join orders o on cast(u.id /* why */ as text) = o.user_id",
        "select 1 from users u join orders o on cast(u.id /* why */ as text) = o.user_id",
    ),
}


async def test_casts_that_have_no_use_go(schema: Database, tmp_path: Path) -> None:
    code = f"{ASYNCPG}async def f(conn: asyncpg.Connection):\n    await conn.fetch('''{{}}''')\n"
    found = await mended_all(schema, tmp_path, {case: code.format(before) for case, (before, _) in SQL.items()})
    assert {case: after for case, (after, _) in found.items()} == {
        case: code.format(after) for case, (_, after) in SQL.items()
    }
    assert {case for case, (_, told) in found.items() if told} == {"within a query within", "a comment within"}
    # The server itself takes them then.
    schema.execute("alter table orders alter user_id type integer using user_id::integer")
    for case in SQL.keys() - {"within a query within", "a comment within"}:
        schema.execute(f"prepare x as {SQL[case][1]}")  # pyright: ignore[reportArgumentType] - the case's own


async def test_a_cast_of_a_parameter_goes_with_its_conversion(schema: Database, tmp_path: Path) -> None:
    after, found = await mended(
        schema, tmp_path, asyncpg("str(x)", "x: int", sql="select id from orders where user_id = $1::text")
    )
    assert after == asyncpg("x", "x: int", sql="select id from orders where user_id = $1")
    assert found.told == ()


WRITES = {
    "an insert": ("insert into orders (id, user_id, key) values ($2, $1, 'k')", "x"),
    "an insert of a whole row": ("insert into orders values ($2, $1, null, null, 'k')", "x"),
    "an update": ("update orders set note = 'n', user_id = $1 where id = $2", "x"),
    "a conflict": (
        "insert into orders (id, user_id, key) values ($2, '1', 'k') on conflict (id) do update set user_id = $1",
        "x",
    ),
    "the row of a conflict": (
        "insert into orders (id, user_id, key) values ($2, $1, 'k')"
        " on conflict (id) do update set user_id = excluded.user_id where orders.user_id <> excluded.user_id",
        "x",
    ),
    "a list": ("select 1 from orders where id = $2 and user_id in ('1', $1)", "x"),
    "a range": ("select 1 from orders where id = $2 and user_id between '0' and $1", "x"),
    "a query within": ("select 1 from users where id = $2 and exists (select from orders where user_id = $1)", "x"),
    "a query of WITH": ("with o as (select * from orders where user_id = $1) delete from users where id = $2", "x"),
    "a name of its own": ("select * from (select user_id as u from orders) as s where u = $1 and $2 = 1", "x"),
    "another column": ("select 1 from orders where parent = $1 and id = $2", "str(x)"),
    "another table": ("select 1 from logs, orders where logs.user_id = $1 and id = $2", "str(x)"),
    "used for another column, too": ("select 1 from orders where user_id = $1 and note = $1 and id = $2", "str(x)"),
    "what a star hides": ("select 1 from (select * from orders) as s where s.user_id = $1 and id = $2", "str(x)"),
    "a whole row": ("select o from orders o where user_id = $1 and id = $2", "str(x)"),
    "a column of a whole row": ("select 1 from orders o where (o).user_id = $1 and id = $2", "str(x)"),
    "an insert of a query": (
        "insert into orders (id, user_id, key) select $2, $1, name from users where name is not null",
        "x",
    ),
    "an insert that sorts": (
        "insert into orders (id, user_id, key) select distinct id, $1, name from users where id = $2",
        "str(x)",
    ),
    "assigned twice": ("update orders set user_id = $1, note = $1 where id = $2", "str(x)"),
    "a function": ("select 1 from orders where lower(user_id) = $1 and id = $2", "str(x)"),
    "a pattern": ("select 1 from orders where user_id like $1 and id = $2", "str(x)"),
}


async def test_parameters_are_those_of_the_column(schema: Database, tmp_path: Path) -> None:
    codes = {case: asyncpg("str(x), 5", "x: int", sql=sql) for case, (sql, _) in WRITES.items()}
    unmoved = {"another column", "another table"}
    assert await mended_all(schema, tmp_path, codes) == {
        case: (asyncpg(f"{value}, 5", "x: int", sql=sql), value == "str(x)" and case not in unmoved)
        for case, (sql, value) in WRITES.items()
    }


async def test_psycopg_takes_a_str_and_keeps_it(schema: Database, tmp_path: Path) -> None:
    for code in (psycopg("x", "x: str"), psycopg("str(x)", "x"), psycopg('"5"', "x")):
        after, found = await mended(schema, tmp_path, code)
        assert (after, found.told) == (code, ())
    after, found = await mended(schema, tmp_path, psycopg("str(x)", "x: int"))
    assert after == psycopg("x", "x: int")
    assert [each.order for each in found.changes] == ["schema first"]
    assert found.order == ("After the schema: app.py:4; the code of today works until then.",)


async def test_the_other_way_round(schema: Database, tmp_path: Path) -> None:
    schema.execute("alter table logs alter user_id type integer using user_id::integer")
    sql = "select 1 from logs where user_id = $1"
    for value, parameters, expected in (
        ("int(x)", "x: str", "str(int(x))"),
        ("x", "x: int", "str(x)"),
        ("5", "x", '"5"'),
        ("x", "x", "None if x is None else str(x)"),
    ):
        code = asyncpg(value, parameters, sql=sql)
        after, _ = await mended(schema, tmp_path, code, table="logs", type_name="text")
        assert after == asyncpg(expected, parameters, sql=sql)


async def test_a_value_of_two_columns_is_converted_where_it_is_used(schema: Database, tmp_path: Path) -> None:
    code = ASYNCPG + dedent(
        """
        async def f(conn: asyncpg.Connection, user_id: int):
            uid = str(user_id)
            await conn.fetch("select 1 from orders where user_id = $1", uid)
            await conn.fetch("select 1 from logs where user_id = $1", uid)
        """
    )
    after, _ = await mended(schema, tmp_path, code)
    assert after == code.replace('from orders where user_id = $1", uid', 'from orders where user_id = $1", int(uid)')


async def test_a_name_of_one_column_loses_its_conversion(schema: Database, tmp_path: Path) -> None:
    code = ASYNCPG + dedent(
        """
        async def f(conn: asyncpg.Connection, user_id: int):
            uid = str(user_id)
            await conn.fetch("select 1 from orders where user_id = $1", uid)
            return await conn.fetch("update orders set user_id = $1", uid)
        """
    )
    after, found = await mended(schema, tmp_path, code)
    assert after == code.replace("uid = str(user_id)", "uid = user_id")
    assert [each.order for each in found.changes] == ["together"]
    assert "no code works on both sides" in found.order[0]
    logged = code + "    return uid\n"
    after, _ = await mended(schema, tmp_path, logged.replace("    return await", "    await"))
    assert "uid = str(user_id)" in after
    assert after.count("int(uid)") == 2


async def test_a_value_that_two_texts_get_is_left(schema: Database, tmp_path: Path) -> None:
    code = ASYNCPG + dedent(
        """
        async def f(conn: asyncpg.Connection, user_id: int, old):
            sql = "select 1 from orders where user_id = $1"
            if old:
                sql = "select 1 from logs where user_id = $1"
            await conn.fetch(sql, str(user_id))

        async def find(conn: asyncpg.Connection, sql, value: int):
            return await conn.fetch(sql, str(value))

        async def g(conn):
            await find(conn, "select 1 from orders where user_id = $1", 5)
            await find(conn, "select 1 from logs where user_id = $1", 5)
            await look(conn, "select 1 from orders where user_id = $1", 5)

        async def look(conn: asyncpg.Connection, sql, value: int):
            return await conn.fetch(sql, str(value))
        """
    )
    after, found = await mended(schema, tmp_path, code)
    assert after == code
    assert len(found.told) == 3


async def test_what_comes_through_a_view_is_told(schema: Database, tmp_path: Path) -> None:
    schema.execute('create view o as select id, user_id as "Größe" from orders; create view p as select * from o')
    schema.execute("create view q as select id, note from orders where user_id <> ''")
    codes = {
        "a column": asyncpg("str(x)", "x: int", sql='select 1 from p where "Größe" = $1'),
        "all of it": asyncpg("5", "x", sql="select * from o where id = $1"),
        "another column": asyncpg("5", "x", sql="select id from o where id = $1"),
        "a view without it": asyncpg("5", "x", sql="select id from q where id = $1"),
    }
    assert await mended_all(schema, tmp_path, codes) == {
        case: (code, case in ("a column", "all of it")) for case, code in codes.items()
    }


async def test_what_the_next_round_brings_counts(schema: Database, tmp_path: Path) -> None:
    code = ASYNCPG + dedent(
        """
        async def f(conn: asyncpg.Connection, y):
            x = 5
            while y:
                await conn.fetch("select 1 from orders where user_id = $1", str(x))
                x = y
        """
    )
    after, _ = await mended(schema, tmp_path, code)
    assert after == code.replace("str(x)", "int(x)")


async def test_a_value_is_changed_where_the_caller_gives_it(schema: Database, tmp_path: Path) -> None:
    code = ASYNCPG + dedent(
        """
        class Store:
            def __init__(self, pool: asyncpg.Pool):
                self.pool = pool

            async def run(self, sql, *args):
                return await self.pool.fetch(sql, *args)

            async def orders(self, user_id: int):
                return await self.run("select 1 from orders where user_id = $1", str(user_id))
        """
    )
    after, found = await mended(schema, tmp_path, code)
    assert after == code.replace("str(user_id)", "user_id")
    assert found.told == ()


ROWS: dict[str, tuple[str, str]] = {
    "an int of it": ("return int(row['user_id'])", "return row['user_id']"),
    "a str of it": ("return str(row['user_id'])", "return str(row['user_id'])"),
    "compared with a literal": ("return row['user_id'] == '5'", "return str(row['user_id']) == '5'"),
    "compared with a str": ("return name != row['user_id']", "return name != str(row['user_id'])"),
    "shown": ("return f'{row[\"user_id\"]}'", "return f'{row[\"user_id\"]}'"),
    "returned": ("return row['user_id']", "return row['user_id']"),
    "compared with what is not known": ("return row['user_id'] == other", "return row['user_id'] == other"),
    "by place": ("return int(row[1])", "return row[1]"),
    "another column": ("return int(row['parent'])", "return int(row['parent'])"),
    "given on": (
        "await conn.fetch('select 1 from orders where user_id = $1', str(row['user_id']))",
        "await conn.fetch('select 1 from orders where user_id = $1', row['user_id'])",
    ),
    "given on as it is": (
        "await conn.fetch('select 1 from orders where user_id = $1', row['user_id'])",
        "await conn.fetch('select 1 from orders where user_id = $1', row['user_id'])",
    ),
    "of another query": (
        "await conn.fetch('select 1 from orders where user_id = $1', str(row['id']))",
        "await conn.fetch('select 1 from orders where user_id = $1', row['id'])",
    ),
}


@pytest.mark.parametrize("way", ["row = await conn.fetchrow({0!r})", "for row in await conn.fetch({0!r}):"])
async def test_what_reads_the_column_follows(schema: Database, tmp_path: Path, way: str) -> None:
    head = f"{ASYNCPG}async def f(conn: asyncpg.Connection, name: str, other):\n    " + way.format(
        "select id, user_id, parent from orders"
    )
    indent = "        " if way.startswith("for") else "    "
    codes = {case: f"{head}\n{indent}{before}\n" for case, (before, _) in ROWS.items()}
    assert await mended_all(schema, tmp_path, codes) == {
        case: (f"{head}\n{indent}{after}\n", case in ("returned", "compared with what is not known"))
        for case, (_, after) in ROWS.items()
    }


async def test_what_may_be_null_keeps_its_conversion(schema: Database, tmp_path: Path) -> None:
    for sql in ("select user_id from users u left join orders o on o.id = u.id", "select user_id from logs, orders o"):
        code = f"{ASYNCPG}async def f(conn: asyncpg.Connection):\n    row = await conn.fetchrow('{sql}')\n"
        code = code.replace("logs, orders o", "logs") + "    return int(row['user_id'])\n"
        table = "logs" if "from logs" in code else "orders"
        after, _ = await mended(schema, tmp_path, code, table=table)
        assert after == code


async def test_a_not_null_that_old_rows_break_proves_nothing(schema: Database, tmp_path: Path) -> None:
    schema.execute(
        """
        create table people (late integer, sure integer not null);
        alter table people add constraint people_late_filled not null late not valid;
        """
    )
    code = f"{ASYNCPG}async def f(conn: asyncpg.Connection):\n" + "".join(
        f"    {name} = await conn.fetchrow('select {name} from people')\n"
        f"    await conn.fetch('select 1 from orders where user_id = $1', str({name}['{name}']))\n"
        for name in ("late", "sure")
    )
    after, found = await mended(schema, tmp_path, code)
    assert after == code.replace("str(sure['sure'])", "sure['sure']")
    assert [each.site.line for each in found.told] == [6]


async def test_psycopgs_rows_are_followed(schema: Database, tmp_path: Path) -> None:
    code = PSYCOPG + dedent(
        """
        def f(conn: psycopg.Connection):
            row = conn.execute("select user_id from orders").fetchone()
            cursor = conn.execute("select user_id from orders")
            found = [int(each["user_id"]) for each in cursor.fetchall()]
            return int(row["user_id"]), found

        def g(conn: psycopg.Connection):
            with conn.cursor() as cur:
                cur.execute("select user_id from orders")
                first = cur.fetchone()
                cur.execute("select user_id from logs")
                second = cur.fetchone()
                for one in cur.fetchall():
                    print(int(one["user_id"]))
                return (first["user_id"] == "5"), int(second["user_id"])
        """
    )
    after, _ = await mended(schema, tmp_path, code)
    code = code.replace('first["user_id"] ==', 'str(first["user_id"]) ==')
    assert after == code.replace('int(each["user_id"])', 'each["user_id"]').replace(
        'int(row["user_id"])', 'row["user_id"]'
    )


KEYS = '"""Keys."""\n\nimport asyncpg\n\n\n{}def other():\n    return 1\n'
HELPER = 'def as_key(value):\n    """Text, as the column is."""\n    return str(value)\n\n\n'


async def test_a_helper_goes_with_its_last_use_and_its_import(schema: Database, tmp_path: Path) -> None:
    (tmp_path / "keys.py").write_text(KEYS.format(HELPER), encoding="utf-8")
    code = (
        "import asyncpg\nfrom keys import as_key, other\n\nasync def f(conn: asyncpg.Connection, x: int, y):\n"
        "    other()\n    await conn.fetch('select 1 from orders where user_id = $1', as_key(x))\n"
        "    await conn.fetch('select 2 from orders where user_id = $1', as_key(y))\n"
    )
    after, found = await mended(schema, tmp_path, code)
    assert after == code.replace("as_key(x)", "x").replace("as_key(y)", "int(y)").replace("as_key, other", "other")
    keys = rewritten((tmp_path / "keys.py").read_text(encoding="utf-8"), found.edits["keys.py"])
    assert keys == KEYS.format("")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test_keys.py", "from keys import as_key\n"),
        ("more.py", "import keys\nprint(getattr(keys, 'as_key'))\n"),
        ("package/__init__.py", "from keys import as_key\n__all__ = ['as_key']\n"),
        ("settings.toml", "filter = 'keys.as_key'\n"),
    ],
)
async def test_a_helper_stays_where_anything_else_names_it(
    schema: Database, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / "keys.py").write_text("def as_key(value):\n    return str(value)\n", encoding="utf-8")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    code = (
        "import asyncpg\nfrom keys import as_key\nasync def f(conn: asyncpg.Connection, x: int):\n"
        "    await conn.fetch('select 1 from orders where user_id = $1', as_key(x))\n"
    )
    after, found = await mended(schema, tmp_path, code)
    assert "$1', x)" in after
    assert "keys.py" not in found.edits


@pytest.mark.parametrize("other", ["tests/test_keys.py", "app/cli", "docs/index.rst"])
@pytest.mark.parametrize("project", [".git", "pyproject.toml"])
async def test_a_helper_stays_where_the_project_around_names_it(
    schema: Database, tmp_path: Path, other: str, project: str
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / project).touch()
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_text("#!/usr/bin/python3\nfrom keys import as_key\n", encoding="utf-8")
    (tmp_path / "app" / "keys.py").write_text("def as_key(value):\n    return str(value)\n", encoding="utf-8")
    code = (
        "import asyncpg\nfrom keys import as_key\nasync def f(conn: asyncpg.Connection, x: int):\n"
        "    await conn.fetch('select 1 from orders where user_id = $1', as_key(x))\n"
    )
    after, found = await mended(schema, tmp_path / "app", code)
    assert "$1', x)" in after
    assert "keys.py" not in found.edits
    assert [(each.site.file, each.site.line) for each in found.told] == [("keys.py", 1)]
