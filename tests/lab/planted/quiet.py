"""Code of which nothing has to be said: prose, logs, other engines, what it makes itself, pieces, guards."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .code import block, literal
from .routes import Source
from .schema import Schema, Table
from .sender import Sender, Style


@dataclass(frozen=True)
class Still:
    """Where such code is written: `gone` is a table that nothing has."""

    number: int
    chance: random.Random
    schema: Schema
    sender: Sender

    @property
    def gone(self) -> str:
        """A name that nothing has."""
        return f"gone_{self.number}"

    def table(self) -> Table:
        """Any."""
        return self.chance.choice(self.schema.tables)

    def send(self, text: str) -> str:
        """A call that sends it."""
        return self.sent(literal(text, self.chance))

    def sent(self, expression: str, values: str = "", *, ready: bool = False) -> str:
        """A call that sends what the expression gives."""
        return self.sender.called(self.chance.choice(self.sender.methods), expression, values, ready=ready)

    def function(self, *lines: str, given: tuple[str, ...] = ()) -> list[str]:
        """A function with the connection at hand."""
        sender = self.sender
        head = f"{sender.defines} case_{self.number}({', '.join((*sender.given, *given))}):"
        return [block(head, sender.within(lines))]


Keep = Callable[[Still], list[str]]


def _docstring(s: Still) -> list[str]:
    said = f'"""select a from {s.gone} where b = 1; update {s.gone} set c = 2"""'
    return [*s.function(s.send("select 1"), said), block(f"class Case_{s.number}:", [said])]


def _log(s: Still) -> list[str]:
    lines = [
        f'logger.info("select a from {s.gone}")',
        f'logger.debug("delete from {s.gone} where id = %s", rows)',
        f'raise ValueError("insert into {s.gone} (a) values (1) failed")',
    ]
    return [block(f"def case_{s.number}(rows):", lines)]


def _unused(s: Still) -> list[str]:
    return [f'OLD_{s.number} = "select a from {s.gone}"', f'HELP_{s.number} = ("drop table {s.gone}", "see there")']


def _others(s: Still) -> list[str]:
    lines = [
        'runner.execute("update the list of guests")',
        f'redis.execute("set", "select a from {s.gone}")',
        'menu.fetch("select a dish from the menu of today")',
        'shell.execute("drop the ball")',
        f'spark.sql("select a from {s.gone}")',
    ]
    return [block(f"def case_{s.number}(runner, redis, menu, shell, spark):", lines)]


def _sqlite(s: Still) -> list[str]:
    lines = [
        f'lite.execute("select a from {s.gone} where b = ?", (1,))',
        "other = lite.cursor()",
        f'other.execute("insert into {s.gone} (a) values (?)", (2,))',
    ]
    opened = block("with sqlite3.connect(path) as lite:", lines)
    return ["import sqlite3", block(f"def case_{s.number}(path):", [opened])]


def _branches(s: Still) -> list[str]:
    lines = (
        block('if dialect == "sqlite":', [s.send(f"select a from {s.gone}")]),
        block('elif dialect == "mysql":', [s.send(f"select b from {s.gone}")]),
        block("else:", [s.send("select 1")]),
    )
    return s.function(*lines, given=("dialect",))


def _early(s: Still) -> list[str]:
    lines = (block("if not is_sqlite:", [f"return {s.send('select 2')}"]), s.send(f"select a from {s.gone}"))
    return s.function(*lines, given=("is_sqlite=False",))


def _made(s: Still) -> list[str]:
    name = f"made_{s.number}"
    return s.function(
        s.send(f"create temporary table {name} (a int, b text) on commit drop"),
        s.send(f"insert into {name} (a, b) values (1, 'x')"),
        s.send(f"select a, b from {name} where a > 0"),
    )


def _copied(s: Still) -> list[str]:
    t, name = s.table(), f"copied_{s.number}"
    key = t.column("key")
    made = s.send(f"create temp table {name} as select {key} as a from {t.called.said}")
    return s.function(made, s.send(f"update {name} set a = a + 1"))


def _view(s: Still) -> list[str]:
    t, n = s.table(), s.number
    return s.function(
        s.send(f"create or replace view shown_{n} as select {t.column('key')} as a from {t.called.said}"),
        s.send(f"select a from shown_{n}"),
        s.send(f"create function twice_{n}(a int) returns int language sql return a * 2"),
        s.send(f"select twice_{n}(3)"),
    )


def _asked(s: Still) -> list[str]:
    asked = s.send(f"select to_regclass('extra_{s.number}') is not null")
    return s.function(f"there = {asked}", block("if there:", [s.send(f"select a from extra_{s.number}")]))


def _pieces(s: Still) -> list[str]:
    n = s.number
    return [
        f'WHERE_{n} = " where a = 1 and"',
        f'SELECT_{n} = "select x, y from"',
        block(f"def case_{n}(parts):", [f"return SELECT_{n} + WHERE_{n} + parts"]),
    ]


def _pieces_sent(s: Still) -> list[str]:
    t = s.table()
    begun = f"select {t.column('key')} from"
    lines = (
        f"sql = {literal(begun, s.chance)}",
        f"sql += {literal(f' {t.called.said} where', s.chance)}",
        'sql += " and ".join(conditions)',
        s.sent("sql"),
    )
    return s.function(*lines, given=("conditions",))


def _printed(s: Still) -> list[str]:
    lines = [
        f'print("create table {s.gone} (a int);")',
        f'print(f"insert into {s.gone} values ({{parser}});")',
        f'parser.add_argument("--where", help="select rows from {s.gone} by this")',
    ]
    return [block(f"def case_{s.number}(parser):", lines)]


def _pattern(s: Still) -> list[str]:
    said = f're.match("select .* from {s.gone}", line) or re.compile("update {s.gone} set").search(line)'
    return ["import re", block(f"def case_{s.number}(line):", [f"return {said}"])]


def _aliases(s: Still) -> list[str]:
    t = s.table()
    label, name = t.column("label"), t.called.said
    return s.function(
        s.send(f"select {label} as shown_as, count(*) as n from {name} group by shown_as order by n, shown_as"),
        s.send(f"select d.a from (select {label} as a from {name}) d order by a"),
    )


def _correlated(s: Still) -> list[str]:
    t = s.table()
    key, name = t.column("key"), t.called.said
    inner = f"select 1 from pg_catalog.pg_class c where c.oid = t.{key} and {key} > 0"
    return s.function(s.send(f"select t.{key} from {name} t where exists ({inner})"))


def _derived(s: Still) -> list[str]:
    t = s.table()
    join = f"join {t.called.said} t on t.{t.column('key')} = v.a"
    return s.function(
        s.send("select g.i, o.ord from generate_series(1, 3) as g(i), unnest(array['a']) with ordinality as o(v, ord)"),
        s.send(f"select v.a, v.b from (values (1, 'x'), (2, 'y')) as v(a, b) {join}"),
        s.send("with recursive r(a) as (select 1 union all select a + 1 from r where a < 5) select a from r"),
        s.send("select x.a, x.b from jsonb_to_recordset('[]') as x(a int, b text)"),
    )


def _whole_row(s: Still) -> list[str]:
    t = s.table()
    key, label, name = t.column("key"), t.column("label"), t.called.said
    return s.function(
        s.send(f"select t, to_jsonb(t), t.ctid, t.tableoid from {name} t"),
        s.send(f"select row_number() over w from {name} window w as (partition by {label} order by {key})"),
        s.send(f"table {name}"),
        s.send(f"update only {name} set ({key}, {label}) = (select {key} + 1, 'x')"),
    )


def _merged(s: Still) -> list[str]:
    t = s.table()
    key, label = t.column("key"), t.column("label")
    text = f"merge into {t.called.said} t using (select 1 as k) s on t.{key} = s.k when matched then update set"
    return s.function(s.send(f"{text} {label} = 'x' when not matched then insert ({key}) values (s.k)"))


def _session(s: Still) -> list[str]:
    return s.function(
        s.send("set local statement_timeout = '5s'"),
        s.send("select set_config('app.user', 'x', true), current_setting('app.user', true)"),
        s.send(f"listen changes_{s.number}"),
        s.send(f"select nextval('pg_catalog.x_{s.number}'::text::regclass)"),
    )


def _question_marks(s: Still) -> list[str]:
    t = s.table()
    data, name = t.column("data"), t.called.said
    return s.function(s.send(f"select 1 from {name} where {data} ? 'a' or {data} ?| array['b', 'c']"))


def _literals(s: Still) -> list[str]:
    colon = "" if s.sender.style is Style.COLON else ", ':x'"
    return s.function(
        s.send(f"select 'select a from nowhere', '?'{colon}, '$1', $$ update nothing $$"),
        s.send(f"select 1 /* from nowhere where a = ? */ from {s.table().called.said} -- and b = c"),
    )


def _models(s: Still) -> list[str]:
    return s.function(
        s.sent("select(User).where(User.id == 5)", ready=True),
        s.sent("made.build()", ready=True),
        given=("User", "made"),
    )


def _typed_by_hand(s: Still) -> list[str]:
    """A value of which only its annotation is wrong: it is given anew."""
    t = s.table()
    percent = "%%" if s.sender.style in (Style.FORMAT, Style.PYFORMAT) else "%"
    named = f"select 1 from {t.called.said} where {t.column('label')} = ".replace("%", percent)
    text = named + s.sender.style.value
    lines = ("x = convert(x)", s.sent(literal(text, s.chance), _one(s, "x")))
    return s.function(*lines, given=("x: int", "convert"))


def _one(s: Still, said: str) -> str:
    if s.sender.style in (Style.PYFORMAT, Style.COLON):
        return f'{{"v1": {said}}}'
    return said if s.sender.spread else f"({said},)"


def _rewriting(s: Still) -> list[str]:
    """A wrapper that makes the driver's placeholders of others."""
    t, n, sender = s.table(), s.number, s.sender
    rest = "*args" if sender.spread else "args"
    made = sender.called(s.chance.choice(sender.methods), "to_ours(sql)", rest)
    head = f"{sender.defines} ask_{n}({', '.join((*sender.given, 'sql', rest))}):"
    said = literal(f"select 1 from {t.called.said} where {t.column('key')} = ?", s.chance)
    call = sender.wait(f"ask_{n}({', '.join((*sender.taken, said, '5' if sender.spread else '(5,)'))})")
    outer = block(f"{sender.defines} case_{n}({', '.join(sender.given)}):", [call])
    return [
        block("def to_ours(sql):", ['return sql.replace("?", "%s")']),
        block(head, sender.within([f"return {made}"])),
        outer,
    ]


QUIET: dict[str, Keep] = {
    "docstring": _docstring,
    "log": _log,
    "unused": _unused,
    "other receivers": _others,
    "sqlite": _sqlite,
    "branches of engines": _branches,
    "early return": _early,
    "temporary table": _made,
    "table made by a query": _copied,
    "view and function made": _view,
    "asked of the catalog": _asked,
    "pieces": _pieces,
    "pieces with a dynamic end": _pieces_sent,
    "printed": _printed,
    "pattern": _pattern,
    "aliases": _aliases,
    "correlated": _correlated,
    "derived": _derived,
    "whole rows": _whole_row,
    "merge": _merged,
    "session": _session,
    "question marks": _question_marks,
    "literals and comments": _literals,
    "models": _models,
    "given anew": _typed_by_hand,
    "rewriting wrapper": _rewriting,
}


def quiet_source(still: Still, name: str) -> Source:
    """That code."""
    return Source(QUIET[name](still))
