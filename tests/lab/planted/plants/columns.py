"""Columns that are not there, in every clause."""

from __future__ import annotations

from ..ground import Ground, Kind, Needs, Plant
from ..words import Sql, sql


def _selected(g: Ground) -> Plant:
    t = g.table()
    words = sql("select", g.column(t, "key"), ",", g.spoilt(t, "label"), "from", t.called)
    return g.plant(sql(words, "where", g.column(t, "key"), "=", g.value("key")))


def _qualified(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("select", g.column(t, "key", "a"), ",", g.spoilt(o, "label", "b"), "from", t.called, "as a, ")
    words = sql(words, o.called, "as b where", g.column(o, "parent", "b"), "=", g.column(t, "key", "a"))
    return g.plant(sql(words, "and", g.column(t, "label", "a"), "=", g.value("label")))


def _filtered(g: Ground) -> Plant:
    t = g.table()
    words = sql("select", g.column(t, "label"), "from", t.called, "where", g.spoilt(t, "key"), "=", g.value("key"))
    return g.plant(sql(words, "and", g.column(t, "done"), "is not true"))


def _inserted(g: Ground) -> Plant:
    t = g.table()
    columns = sql("(", g.column(t, "key"), ",", g.spoilt(t, "label"), ")")
    return g.plant(sql("insert into", t.called, columns, "values (", g.value("key"), ",", g.value("label"), ")"))


def _set(g: Ground) -> Plant:
    t = g.table()
    words = sql("update", t.called, "set", g.column(t, "done"), "=", g.value("done"), ",", g.spoilt(t, "label"), "=")
    return g.plant(sql(words, g.value("label"), "where", g.column(t, "key"), "=", g.value("key")))


def _set_to(g: Ground) -> Plant:
    t = g.table()
    words = sql("update", t.called, "set", g.column(t, "key"), "=", g.spoilt(t, "parent"), "+ 1 where")
    return g.plant(sql(words, g.column(t, "label"), "=", g.value("label")))


def _joined(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("select", g.column(t, "label", "t"), "from", t.called, "t left join", o.called, "o on")
    words = sql(words, g.spoilt(o, "parent", "o"), "=", g.column(t, "key", "t"), "where", g.column(t, "key", "t"))
    return g.plant(sql(words, "=", g.value("key")))


def _of_subquery(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    inner = sql("( select", g.spoilt(o, "parent", "s"), "from", o.called, "s )")
    words = sql("select", g.column(t, "label"), "from", t.called, "where", g.column(t, "key"), "in", inner)
    return g.plant(sql(words, "and", g.column(t, "key"), "<", g.value("key")))


def _of_with(g: Ground) -> Plant:
    t = g.table()
    inner = sql("( select", g.column(t, "key"), "as a ,", g.spoilt(t, "day"), "as b from", t.called, ")")
    return g.plant(sql("with q as", inner, "select a , b from q where b =", g.value("day")))


def _returned(g: Ground) -> Plant:
    t = g.table()
    words = sql("delete from", t.called, "where", g.column(t, "key"), "=", g.value("key"))
    return g.plant(sql(words, "returning", g.column(t, "label"), ",", g.spoilt(t, "made")))


def _returned_of_insert(g: Ground) -> Plant:
    t = g.table()
    words = sql("insert into", t.called, "(", g.column(t, "key"), ") values (", g.value("key"), ") returning")
    return g.plant(sql(words, g.spoilt(t, "key")))


def _in_conflict(g: Ground) -> Plant:
    t = g.table()
    words = sql("insert into", t.called, "(", g.column(t, "key"), ",", g.column(t, "label"), ") values (")
    words = sql(words, g.value("key"), ",", g.value("label"), ") on conflict (", g.spoilt(t, "key"), ") do update set")
    return g.plant(sql(words, g.column(t, "label"), "=", g.column(t, "label", "excluded")))


def _set_in_conflict(g: Ground) -> Plant:
    t = g.table()
    words = sql("insert into", t.called, "(", g.column(t, "key"), ",", g.column(t, "label"), ") values (")
    words = sql(words, g.value("key"), ",", g.value("label"), ") on conflict (", g.column(t, "key"), ") do update set")
    return g.plant(sql(words, g.spoilt(t, "label"), "=", g.column(t, "label", "excluded")))


def _excluded(g: Ground) -> Plant:
    t = g.table()
    words = sql("insert into", t.called, "(", g.column(t, "key"), ",", g.column(t, "label"), ") values (")
    words = sql(words, g.value("key"), ",", g.value("label"), ") on conflict (", g.column(t, "key"), ") do update set")
    return g.plant(sql(words, g.column(t, "label"), "=", g.spoilt(t, "label", "excluded")))


def _sorted(g: Ground) -> Plant:
    t = g.table()
    words = sql("select", g.column(t, "label"), "from", t.called, "where", g.column(t, "key"), ">", g.value("key"))
    return g.plant(sql(words, "order by", g.spoilt(t, "made"), "desc limit 10"))


def _grouped(g: Ground) -> Plant:
    t = g.table()
    words = sql("select count(*) from", t.called, "where", g.column(t, "done"), "=", g.value("done"), "group by")
    return g.plant(sql(words, g.spoilt(t, "label")))


def _computed(g: Ground) -> Plant:
    t = g.table()
    words = sql("select coalesce(", g.spoilt(t, "label"), ", '?' ) , sum (", g.column(t, "amount"), ") over ( order by")
    words = sql(words, g.column(t, "day"), ") from", t.called, "where", g.column(t, "key"), "=", g.value("key"))
    return g.plant(words)


def _of_case(g: Ground) -> Plant:
    t = g.table()
    words = sql("select case when", g.spoilt(t, "done"), "then 1 else 0 end as n from", t.called, "where")
    return g.plant(sql(words, g.column(t, "day"), ">=", g.value("day")))


def _of_update_from(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("update", t.called, "t set", g.column(t, "label"), "=", g.spoilt(o, "told", "o"), "from")
    words = sql(words, o.called, "o where", g.column(o, "parent", "o"), "=", g.column(t, "key", "t"))
    return g.plant(sql(words, "and", g.column(t, "key", "t"), "=", g.value("key")))


def _assigned_of_update_from(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("update", t.called, "t set", g.spoilt(t, "label"), "=", g.column(o, "told", "o"), "from")
    words = sql(words, o.called, "o where", g.column(o, "parent", "o"), "=", g.column(t, "key", "t"))
    return g.plant(sql(words, "and", g.column(t, "key", "t"), "=", g.value("key")))


def _of_insert_from(g: Ground) -> Plant:
    t = g.table()
    o = g.table(t)
    words = sql("insert into", t.called, "(", g.column(t, "key"), ",", g.column(t, "label"), ") select")
    words = sql(words, g.column(o, "parent"), ",", g.spoilt(o, "told"), "from", o.called, "where")
    return g.plant(sql(words, g.column(o, "key"), "=", g.value("key")))


def _of_derived(g: Ground) -> Plant:
    t = g.table()
    inner: Sql = sql("( select", g.column(t, "key"), "as a ,", g.column(t, "label"), "as b from", t.called, ") d")
    name = g.spoilt(t, "label", "d") if g.planted else None
    return g.plant(sql("select d.a ,", name or "d.b", "from", inner, "where d.a =", g.value("key")))


def _of_truth(g: Ground) -> Plant:
    t = g.table()
    words = sql("select", g.column(t, "key"), "from", t.called, "where", g.spoilt(t, "label"), "is null and not")
    return g.plant(sql(words, g.column(t, "done"), "and", g.column(t, "key"), "between", g.value("key"), "and 9"))


_WAYS = {
    "select": _selected,
    "select, qualified": _qualified,
    "where": _filtered,
    "insert list": _inserted,
    "set": _set,
    "set to": _set_to,
    "join": _joined,
    "subquery": _of_subquery,
    "with": _of_with,
    "returning": _returned,
    "returning of insert": _returned_of_insert,
    "on conflict": _in_conflict,
    "on conflict set": _set_in_conflict,
    "excluded": _excluded,
    "order by": _sorted,
    "group by": _grouped,
    "function": _computed,
    "case": _of_case,
    "update from": _of_update_from,
    "update from, set": _assigned_of_update_from,
    "insert from": _of_insert_from,
    "derived table": _of_derived,
    "is null": _of_truth,
}
COLUMNS = tuple(Kind("UNKNOWN_COLUMN", variant, plant, Needs.NAMES) for variant, plant in _WAYS.items())
