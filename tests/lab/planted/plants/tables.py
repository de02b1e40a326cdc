"""Tables that are not there, wherever a statement may name one."""

from __future__ import annotations

from ..ground import Ground, Kind, Needs, Plant
from ..words import sql


def _selected(g: Ground) -> Plant:
    t = g.table()
    words = sql("select", g.column(t, "key"), ",", g.column(t, "label"), "from", g.spoilt_table(t))
    return g.plant(sql(words, "where", g.column(t, "key"), "=", g.value("key")))


def _joined(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    on = sql("on", g.column(o, "parent", "o"), "=", g.column(t, "key", "t"))
    words = sql("select", g.column(t, "label", "t"), "from", t.called, "t join", g.spoilt_table(o), "o", on)
    return g.plant(sql(words, "where", g.column(t, "key", "t"), "=", g.value("key")))


def _of_subquery(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    inner = sql("( select", g.column(o, "parent"), "from", g.spoilt_table(o), ")")
    words = sql("select", g.column(t, "label"), "from", t.called, "where", g.column(t, "key"), "in", inner)
    return g.plant(sql(words, "and", g.column(t, "done"), "=", g.value("done")))


def _of_exists(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    inner = sql("( select 1 from", g.spoilt_table(o), "o where", g.column(o, "parent", "o"), "=")
    inner = sql(inner, g.column(t, "key", "t"), ")")
    return g.plant(sql("delete from", t.called, "t where exists", inner, "and t.ctid is not null"))


def _of_with(g: Ground) -> Plant:
    t = g.table()
    inner = sql("( select", g.column(t, "key"), "as a from", g.spoilt_table(t), ")")
    return g.plant(sql("with q as", inner, "select q.a from q where q.a =", g.value("key")))


def _inserted(g: Ground) -> Plant:
    t = g.table()
    columns = sql("(", g.column(t, "key"), ",", g.column(t, "label"), ")")
    given = sql("values (", g.value("key"), ",", g.value("label"), ")")
    return g.plant(sql("insert into", g.spoilt_table(t), columns, given))


def _inserted_from(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("insert into", t.called, "(", g.column(t, "key"), ") select", g.column(o, "parent"), "from")
    return g.plant(sql(words, g.spoilt_table(o), "where", g.column(o, "label"), "=", g.value("label")))


def _updated(g: Ground) -> Plant:
    t = g.table()
    words = sql("update", g.spoilt_table(t), "set", g.column(t, "label"), "=", g.value("label"))
    return g.plant(sql(words, "where", g.column(t, "key"), "=", g.value("key")))


def _updated_from(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("update", t.called, "t set", g.column(t, "label"), "=", g.column(o, "told", "o"), "from")
    words = sql(words, g.spoilt_table(o), "o where", g.column(o, "parent", "o"), "=", g.column(t, "key", "t"))
    return g.plant(sql(words, "and", g.column(t, "key", "t"), "=", g.value("key")))


def _deleted(g: Ground) -> Plant:
    t = g.table()
    return g.plant(sql("delete from", g.spoilt_table(t), "where", g.column(t, "key"), "=", g.value("key")))


def _united(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("select", g.column(t, "key"), "from", t.called, "union all select", g.column(o, "key"))
    return g.plant(sql(words, "from", g.spoilt_table(o)))


def _lateral(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    inner = sql("( select", g.column(o, "day"), "as d from", g.spoilt_table(o), "where", g.column(o, "parent"), "=")
    words = sql("select l.d from", t.called, "t cross join lateral", inner, g.column(t, "key", "t"), "limit 1 ) l")
    return g.plant(sql(words, "where l.d =", g.value("day")))


def _truncated(g: Ground) -> Plant:
    return g.plant(sql("truncate table", g.spoilt_table(g.table()), "restart identity"))


def _locked(g: Ground) -> Plant:
    return g.plant(sql("lock table", g.spoilt_table(g.table()), "in share mode"))


def _altered(g: Ground) -> Plant:
    t = g.table()
    words = sql("alter table", g.spoilt_table(t), "alter column", g.column(t, "label"), "set default 'none'")
    return g.plant(words)


_WAYS = {
    "select": _selected,
    "join": _joined,
    "subquery": _of_subquery,
    "exists": _of_exists,
    "with": _of_with,
    "insert": _inserted,
    "insert from a query": _inserted_from,
    "update": _updated,
    "update from": _updated_from,
    "delete": _deleted,
    "union": _united,
    "lateral": _lateral,
    "truncate": _truncated,
    "lock": _locked,
    "alter": _altered,
}
TABLES = tuple(Kind("UNKNOWN_TABLE", variant, plant, Needs.NAMES) for variant, plant in _WAYS.items())
