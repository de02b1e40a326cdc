"""Operators between types that have none, casts to compare keys, and what the server does not take at all."""

from __future__ import annotations

from collections.abc import Callable

from ..ground import Ground, Kind, Needs, Plant
from ..schema import Table
from ..words import Sql, sql


def _compared(wrong: str, right: str) -> Callable[[Ground], Plant]:
    """A query with a condition; `@role` in it is a column of the one table, `&role` of another one."""

    def plant(g: Ground) -> Plant:
        return g.plant(_query(g, wrong if g.planted else right))

    return plant


def _cast(about: str, wrong: str, right: str) -> Callable[[Ground], Plant]:
    """The same for a cast; an issue is told of the column that it is `about`."""

    def plant(g: Ground) -> Plant:
        tables = _tables(g)
        condition = _filled(g, wrong if g.planted else right, tables)
        if g.planted:
            g.missing = tables[about[0] == "&"].columns[about[1:]]
        return g.plant(_over(g, condition, tables))

    return plant


def _statement(wrong: str, right: str) -> Callable[[Ground], Plant]:
    """A whole statement; `@` is the one table, `&` the other."""

    def plant(g: Ground) -> Plant:
        return g.plant(_filled(g, wrong if g.planted else right, _tables(g)))

    return plant


def _tables(g: Ground) -> tuple[Table, Table]:
    one = g.table()
    return one, g.table(one)


def _query(g: Ground, condition: str) -> Sql:
    tables = _tables(g)
    return _over(g, _filled(g, condition, tables), tables)


def _over(g: Ground, condition: Sql, tables: tuple[Table, Table]) -> Sql:
    one, other = tables
    words = sql("select", g.column(one, "day", "t"), "from", one.called, "t ,", other.called, "o where")
    return sql(words, g.column(one, "key", "t"), "=", g.value("key"), "and", condition)


def _filled(g: Ground, template: str, tables: tuple[Table, Table]) -> Sql:
    """The words with columns (`@role`, `&role`, unqualified `@-role`), tables (`@`, `&`) and values (`=role`)."""
    found: list[Sql] = []
    for word in template.split():
        sign, role = word[0], word[1:]
        if sign in "@&" and not role:
            found.append((tables[sign == "&"].called,))
        elif sign in "@&" and role.startswith("-"):
            found.append((g.column(tables[sign == "&"], role[1:]),))
        elif sign in "@&":
            found.append((g.column(tables[sign == "&"], role, "t" if sign == "@" else "o"),))
        elif sign == "=" and role:
            found.append((g.value(role),))
        else:
            found.append((word.replace("#", str(g.number)),))
    return sql(*found)


_OPERATORS = {
    "integer = text": ("@key = &told", "@key = &parent"),
    "text = integer": ("&label = @parent", "&label = @told"),
    "uuid = text": ("@token = &told", "@token = &token"),
    "date > integer": ("@day > &key", "@day > &day"),
    "jsonb = text": ("@data = &label", "@data ->> 'a' = &label"),
    "text[] = text": ("@tags = &label", "&label = any ( @tags )"),
    "text + integer": ("@label + &key > 1", "@parent + &key > 1"),
    "like": ("@token like 'a_'", "@label like 'a_'"),
    "boolean = integer": ("@done = @key", "@done = ( @key = 1 )"),
    "in a query": (
        "@key in ( select o.oid from pg_class o ) and @key in ( select &told )",
        "@key in ( select &parent )",
    ),
    "timestamptz = text": ("@made = &told", "@made >= &day"),
    "between": ("@label between &key and 3", "@parent between &key and 3"),
    "is distinct from": ("@told is distinct from &parent", "@told is distinct from &label"),
    "in a list": ("@key in ( &told , &label )", "@key in ( &parent , 7 )"),
}
_CASTS = {
    "key to text": ("@key", "@key ::text = &told", "@told = &told"),
    "cast to text": ("@key", "cast ( @key as text ) = &told", "cast ( @made as date ) = &day"),
    "text to key": ("@key", "&told = @key ::text", "&told = @label"),
    "uuid to text": ("@token", "@token ::text = &told", "@token = &token"),
    "key to text, for a value": ("@big", "@big ::text = =label", "@big = =key"),
    "not equal": ("@parent", "@parent ::varchar <> &told", "@code ::text <> &told"),
}
_INVALID = {
    "comma before from": ("select @-key , from @ where @-key = =key", "select @-key from @ where @-key = =key"),
    "no condition": ("select @-key from @ where and @-key = =key", "select @-key from @ where true and @-key = =key"),
    "open parenthesis": (
        "select count ( @-key from @ where @-key = =key",
        "select count ( @-key ) from @ where @-key = =key",
    ),
    "from misspelt": (
        "select @-key , @-label fron @ where @-key = =key",
        "select @-key , @-label x from @ where @-key = =key",
    ),
    "where twice": ("delete from @ where @-key = =key where true", "delete from @ where @-key = =key and true"),
    "fewer expressions": (
        "insert into @ ( @-key , @-label , @-day ) values ( =key , =label )",
        "insert into @ ( @-key , @-label ) values ( =key , =label )",
    ),
    "more expressions": (
        "insert into @ ( @-key ) values ( =key , 'a' )",
        "insert into @ ( @-key , @-label ) values ( =key , 'a' )",
    ),
    "unknown function": (
        "select lowercase_# ( @-label ) from @ where @-key = =key",
        "select lower ( @-label ) from @ where @-key = =key",
    ),
    "unknown type": (
        "select @-label ::strng_# from @ where @-key = =key",
        "select @-label ::name from @ where @-key = =key",
    ),
    "not grouped": (
        "select @-key , @-label , count(*) from @ where @-key = =key group by @-label",
        "select @-label , count(*) from @ where @-key = =key group by @-label",
    ),
    "ambiguous": (
        "select @-key from @ t , @ o where t.ctid = o.ctid and @key = =key",
        "select @key from @ t , @ o where t.ctid = o.ctid and @key = =key",
    ),
    "no such alias": ("select z.ctid from @ t where @key = =key", "select t.ctid from @ t where @key = =key"),
    "type of an assignment": (
        "update @ set @-key = @-label where @-key = =key",
        "update @ set @-key = @-parent where @-key = =key",
    ),
    "condition of no truth": (
        "select 1 from @ where @-key and @-label = =label",
        "select 1 from @ where @-done and @-label = =label",
    ),
    "bad literal": (
        "select @-label from @ where @-key = 'abc' and @-label = =label",
        "select @-label from @ where @-key = '12' and @-label = =label",
    ),
    "alias twice": ("select 1 from @ t , & t where @key = =key", "select 1 from @ t , & o where @key = =key"),
    "columns of a union": (
        "select @-key , 1 from @ where @-key = =key union select 2",
        "select @-key , 1 from @ where @-key = =key union select 2 , 3",
    ),
    "aggregate in where": (
        "select @-label from @ where count(*) > 1 and @-key = =key",
        "select @-label from @ where @-key = =key group by @-label having count(*) > 1",
    ),
    "limit before where": (
        "select @-label from @ limit 3 where @-key = =key",
        "select @-label from @ where @-key = =key limit 3",
    ),
}
STATEMENTS = (
    *(Kind("OPERATOR_MISMATCH", name, _compared(*each), Needs.TYPES) for name, each in _OPERATORS.items()),
    *(Kind("TYPE_CAST_IN_QUERY", name, _cast(*each), Needs.TYPES) for name, each in _CASTS.items()),
    *(Kind("INVALID_SQL", name, _statement(*each), Needs.WHOLE) for name, each in _INVALID.items()),
)
