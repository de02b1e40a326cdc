"""Code with one conversion in it, drawn by number: where the value is from, which statement it goes to, how it is put.

A value's source says by itself whether it can be anything but what it is thought to be; with that, and with what
running the code shows, nothing here asks the prover.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

_KEY: Final = UUID(int=3)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value is from: the function's parameters (after `conn`), lines before its use, the value converted
    (`use`) and without (`bare`), and what to call the function with. `top` are lines of the module. `uuid`s are for
    a column of keys, others for one of integers."""

    name: str
    parameters: str
    use: str
    bare: str
    calls: tuple[tuple[Any, ...], ...]
    before: str = ""
    top: str = ""
    uuid: bool = False


class UserId(int):
    """An integer that is shown otherwise."""

    def __str__(self) -> str:
        """As nobody thinks."""
        return f"{int(self) + 1}"


_INTS: Final = ((3,), (0,), (7,))
PROVABLE: Final = (
    Source("an annotation", "x: int", "str(x)", "x", _INTS),
    Source("an annotation in quotes", "x: 'int'", "str(x)", "x", _INTS),
    Source("an annotated keyword", "*, x: int = 3", "str(x)", "x", ((),)),
    Source(
        "typing's Annotated", "x: Annotated[int, 'a path']", "str(x)", "x", _INTS, top="from typing import Annotated"
    ),
    Source("a literal", "", "str(x)", "x", ((),), before="x = 3"),
    Source("a constant", "", "str(ORDER)", "ORDER", ((),), top="ORDER = 3"),
    Source("int upstream", "y", "str(x)", "x", (("3",), (4,)), before="x = int(y)"),
    Source("a name given anew", "x", "str(x)", "x", (("3",), (4,)), before="x = int(x)"),
    Source(
        "a name given anew beside others",
        "x, y",
        "str(x)",
        "x",
        (("3", 1),),
        before="if y:\n    y = 2\nx = int(x)\ny = x",
    ),
    Source("a sum", "x: int", "str(x + 1)", "(x + 1)", _INTS),
    Source("a length", "x", "str(len(x))", "len(x)", (("abc",), ([1],))),
    Source("one of two literals", "y", "str(x)", "x", ((True,), (False,)), before="x = 3 if y else 4"),
    Source(
        "both branches", "y", "str(x)", "x", ((True,), (False,)), before="if y:\n    x = 3\nelse:\n    x = len('ab')"
    ),
    Source("an f-string", "x: int", 'f"{x}"', "x", _INTS),
    Source("a local annotation", "y", "str(x)", "x", ((3,),), before="x: int = y"),
    Source("an alias", "x: int", "str(z)", "z", _INTS, before="z = x"),
    Source("within a loop", "y", "str(x)", "x", ((["3", "4"],),), before="for each in y:\n    x = int(each)\nx = 3"),
    Source("a name of the conversion", "x: int", "uid", "uid", _INTS, before="uid = str(x)"),
    Source(
        "a column of a query",
        "",
        "str(row['id'])",
        "row['id']",
        ((),),
        before="row = {one}('select id, name from users where id = 3')",
    ),
    Source(
        "a row of many",
        "",
        "str(rows[0]['id'])",
        "rows[0]['id']",
        ((),),
        before="rows = {many}('select id from users where id > 2 order by id')",
    ),
    Source(
        "an item read before",
        "",
        "str(x)",
        "x",
        ((),),
        before="row = {one}('select u.id from users u join logs l on l.id = u.id where u.id = 3')\nx = row['id']",
    ),
    Source(
        "uuid4 upstream",
        "y",
        "str(k)",
        "k",
        ((_KEY,), (str(_KEY),)),
        before="k = UUID(str(y))",
        top="from uuid import UUID",
        uuid=True,
    ),
    Source("an annotated UUID", "k: UUID", "str(k)", "k", ((_KEY,),), top="from uuid import UUID", uuid=True),
    Source("a UUID by its module", "k: uuid.UUID", "str(k)", "k", ((_KEY,),), top="import uuid", uuid=True),
    Source(
        "a column of keys",
        "",
        "str(row['key'])",
        "row['key']",
        ((),),
        before="row = {one}('select key from users where id = 3')",
        uuid=True,
    ),
)
OUTSIDE: Final = (
    Source("a plain parameter", "x", "str(x)", "x", (("3",), (4,))),
    Source("an annotated str", "x: str", "str(x)", "x", (("3",),)),
    Source("an item of claims", "payload", "str(payload['sub'])", "payload['sub']", (({"sub": "3"},), ({"sub": 4},))),
    Source("a claim by name", "payload", "str(sub)", "sub", (({"sub": "3"},),), before="sub = payload['sub']"),
    Source("an attribute", "request", "str(request.real)", "request.real", ((3,),)),
    Source("a lookup", "payload", "str(payload.get('sub'))", "payload.get('sub')", (({"sub": "3"},), ({},))),
    Source("an optional int", "x: int | None", "str(x)", "x", ((3,), (None,))),
    Source("None by default", "x: int = None", "str(x)", "x", ((3,), ())),
    Source("a bool", "x: bool", "str(x)", "x", ((True,),)),
    Source(
        "a class of its own",
        "x: UserId",
        "str(x)",
        "x",
        ((UserId(3),),),
        top="from tests.lab.conversions.plant import UserId",
    ),
    Source("given anew in a branch", "x: int, y", "str(x)", "x", ((3, None), (3, "4")), before="if y:\n    x = y"),
    Source(
        "given anew in the next round",
        "y",
        "str(x)",
        "x",
        ((["3"],),),
        before="x = 3\nfor each in y:\n    len(str(x))\n    x = each",
    ),
    Source(
        "given anew by a try that fails",
        "x",
        "str(x)",
        "x",
        (("3",),),
        before="try:\n    x = int(x) + len(3)\nexcept TypeError:\n    x = '4'",
    ),
    Source(
        "a try that may fail before",
        "x, y",
        "str(x)",
        "x",
        (("3", "z"),),
        before="try:\n    int(y)\n    x = int(x)\nexcept ValueError:\n    pass",
    ),
    Source(
        "given anew within", "y", "str(x)", "x", (("4",),), before="x = 3\ndef g():\n    nonlocal x\n    x = y\ng()"
    ),
    Source(
        "given anew by a pattern",
        "x: int, y",
        "str(x)",
        "x",
        ((3, {"a": "4"}),),
        before="match y:\n    case {'a': x}:\n        pass",
    ),
    Source(
        "given anew by an expression",
        "x: int, y",
        "str(x)",
        "x",
        ((3, "4"), (3, "")),
        before="if (x := y or x):\n    pass",
    ),
    Source("another str", "x: int", "str(x)", "x", ((3,),), before="def str(v):\n    return f'{v + 1}'"),
    Source("a str of the module", "x: int", "str(x)", "x", ((3,),), top="def str(v):\n    return f'{v + 1}'"),
    Source("an encoding", "x", "str(x, 'utf8')", "x", ((b"3",),)),
    Source("put together", "x: int, y", "str(x) + y", "x + y", ((3, "4"),)),
    Source("a float", "x: float", "str(x)", "x", ((3.0,),)),
    Source(
        "for a text, too",
        "x: int",
        "uid",
        "x",
        ((3,),),
        before="uid = str(x)\n{do}('select 1 from logs where user_id = {mark}', {given})",
    ),
    Source("shown, too", "x: int", "uid", "x", ((3,),), before="uid = str(x)\nassert uid.isdigit()"),
    Source(
        "a column that may be NULL",
        "",
        "str(row['amount'])",
        "row['amount']",
        ((),),
        before="row = {one}('select amount from logs where id = 3')",
    ),
    Source(
        "a column of an outer join",
        "",
        "str(row['id'])",
        "row['id']",
        ((),),
        before="row = {one}('select o.id from users u left join orders o on o.id = u.id where u.id = 9')",
    ),
    Source(
        "a constant that a function changes",
        "y",
        "str(ORDER)",
        "ORDER",
        (("4",),),
        top="ORDER = 3\ndef change(v):\n    global ORDER\n    ORDER = v",
        before="change(y)",
    ),
    Source("a plain key", "k", "str(k)", "k", ((_KEY,), (str(_KEY),)), uuid=True),
)

# With `{0}` for the placeholder of the value, the others are written out; what rows say of it is compared.
_STATEMENTS: Final = (
    "select id from orders where {column} = {0} order by id",
    "select o.id from orders o where o.{column} in ({0}) order by 1",
    "select id from orders o where exists (select from orders i where i.id = o.id and {0} = i.{column}) order by 1",
    "with o as (select * from orders where {column} = {0}) select id from o order by id",
    "update orders set {column} = {0} where id = 1 returning id",
    "insert into orders (id, note, {column}, {other}) values (100, 'n', {0}, {filled}) returning id",
    "delete from orders where {column} <> {0} returning note",
    "update orders set note = 'n' where id > 1 and {column} = {0} returning id",
    "select count(*) from orders o join users u on u.id = o.id where o.{column} = {0}",
)
_WRITTEN: Final = ("{0}", "{0}", "{0}", "{0}", "(  # why\n            {0}  # because\n        )")
DRIVERS: Final = ("asyncpg", "psycopg")


@dataclass(frozen=True, slots=True)
class Planted:
    """`code` is the file's, `wanted` what may come of it where the value is provable (written in several ways that do
    the same). `column` is the one that it is for."""

    number: int
    driver: str
    source: Source
    provable: bool
    column: str
    code: str
    wanted: tuple[str, ...]
    line_end: str

    @property
    def content(self) -> bytes:
        """The file."""
        return self.code.replace("\n", self.line_end).encode()


def planted(number: int) -> Planted:
    """The one of that number; even ones are provable."""
    random = Random(number)
    provable = number % 2 == 0
    source = random.choice(PROVABLE if provable else OUTSIDE)
    driver = random.choice(DRIVERS)
    column, other, filled = ("key", "user_id", "'1'") if source.uuid else ("user_id", "key", f"'{_KEY}'")
    sql = random.choice(_STATEMENTS)
    mark = "$1" if driver == "asyncpg" else "%s"
    sql = sql.format(mark, column=column, other=other, filled=filled)
    layout, line_end = random.choice(_WRITTEN), random.choice(("\n", "\n", "\r\n"))
    tab = random.choice(("    ", "\t"))
    comment = random.choice(("", "  # naïve: größer"))
    written = _Writer(driver, source, sql, tab, comment)
    code = written.code(layout.format(source.use), source.before)
    wanted = [written.code(layout.format(each), source.before) for each in (source.bare, f"({source.bare})")]
    if source.use == "uid":
        wanted = [written.code(layout.format("uid"), source.before.replace("str(x)", "x"))]
    elif layout != "{0}" and source.use.startswith("str("):
        wanted.append(written.code(layout.format(source.use[3:]), source.before))
    return Planted(number, driver, source, provable, column, code, tuple(wanted), line_end)


@dataclass(frozen=True, slots=True)
class _Writer:
    driver: str
    source: Source
    sql: str
    tab: str
    comment: str

    def code(self, value: str, before: str) -> str:
        asynchronous = self.driver == "asyncpg"
        call = "await conn.{}" if asynchronous else "conn.execute"
        filled = {
            "one": call.format("fetchrow") if asynchronous else "_one(conn, ",
            "many": call.format("fetch") if asynchronous else "_many(conn, ",
            "do": call.format("fetch"),
            "mark": "$1" if asynchronous else "%s",
            "given": "uid" if asynchronous else "(uid,)",
        }
        lines = [self._filled(each, filled) for each in before.splitlines()]
        given = value if asynchronous else f"({value},)"
        method = call.format("fetch")
        body = [*lines, f"return {method}({self.sql!r}, {given})"]
        if not asynchronous:
            body[-1] += ".fetchall()"
        parameters = f", {self.source.parameters}" if self.source.parameters else ""
        kind = "asyncpg.Connection" if asynchronous else "psycopg.Connection"
        head = f"{'async ' if asynchronous else ''}def f(conn: {kind}{parameters}):{self.comment}"
        top = [f"import {self.driver}", *self.source.top.splitlines(), ""]
        return "\n".join([*top, head, *(self.tab + each.replace("    ", self.tab) for each in body)]) + "\n"

    def _filled(self, line: str, filled: dict[str, str]) -> str:
        for name, text in filled.items():
            line = line.replace(f"{{{name}}}", text)
        if self.driver == "psycopg" and "_one(conn, (" in line:
            line = line.replace("_one(conn, (", "conn.execute(") + ".fetchone()"
        if self.driver == "psycopg" and "_many(conn, (" in line:
            line = line.replace("_many(conn, (", "conn.execute(") + ".fetchall()"
        return line
