"""Lists of texts that are joined: written out, grown, mapped, or given by a caller item by item."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.source_tree import read, texts

ONE_FUNCTION = {
    "what is always there, and what may be there": (
        """
        where = ["a = 1"]
        if b:
            where.append("b = 1")
        conn.execute("select 1 from t where " + " and ".join(where))
        """,
        ["select 1 from t where a = 1", "select 1 from t where a = 1 and b = 1"],
    ),
    "many that may be there come together": (
        """
        where = ["a = 1"]
        if b: where.append("b = 1")
        if c: where.append("c = 1")
        if d: where.append("d = 1")
        if e: where.append("e = 1")
        conn.execute("select 1 from t where " + " and ".join(where))
        """,
        ["select 1 from t where a = 1", "select 1 from t where a = 1 and b = 1 and c = 1 and d = 1 and e = 1"],
    ),
    "one or the other": (
        """
        columns = []
        if b:
            columns.append("a")
        else:
            columns.append("b")
        conn.execute("select " + ", ".join(columns) + " from t")
        """,
        ["select a from t", "select b from t"],
    ),
    "what each round of a loop adds": (
        """
        where = ["a = 1"]
        for each in given:
            where.append("b = %s")
        conn.execute("select 1 from t where " + " and ".join(where))
        """,
        ["select 1 from t where a = 1", "select 1 from t where a = 1 and b = %s"],
    ),
    "a constant of the module, mapped": (
        'conn.execute("select " + ", ".join("x." + each for each in COLUMNS) + " from t x")',
        ["select x.a, x.b from t x"],
    ),
    "the keys of a mapping": (
        """
        row = {"a": 1}
        row["b"] = 2
        names = ", ".join(row)
        marks = ", ".join("%s" for _ in row)
        conn.execute("insert into t (" + names + ") values (" + marks + ")")
        """,
        ["insert into t (a, b) values (%s, %s)"],
    ),
    "a loop over names": (
        """
        for table in ("a", "b"):
            conn.execute("delete from " + table)
        """,
        ["delete from a", "delete from b"],
    ),
    "lists that are put together": (
        """
        columns = ["a", *COLUMNS]
        columns += ["c"]
        conn.execute("select " + ", ".join(columns + ["d"]) + " from t")
        """,
        ["select a, a, b, c, d from t"],
    ),
    "a list with something unknown": (
        """
        columns = ["a"]
        columns.extend(more())
        conn.execute("select " + ", ".join(columns) + " from t")
        """,
        ['select {", ".join(columns)} from t'],
    ),
    "a list that is changed otherwise": (
        """
        columns = ["a"]
        columns.clear()
        conn.execute("select " + ", ".join(columns) + " from t")
        """,
        ['select {", ".join(columns)} from t'],
    ),
    "a comprehension that leaves some out": (
        'conn.execute("select " + ", ".join(each for each in COLUMNS if each in given) + " from t")',
        ['select {", ".join(each for each in COLUMNS if each in given)} from t'],
    ),
}


@pytest.mark.parametrize("way", ONE_FUNCTION)
def test_joined_are(tmp_path: Path, way: str) -> None:
    code, expected = ONE_FUNCTION[way]
    body = "\n".join("    " + line for line in code.strip("\n").split("\n"))
    indent = "" if code.startswith("\n") else "        "
    found = read(
        tmp_path, app=f"        COLUMNS = ['a', 'b']\n        def f(conn, b, c, d, e, given):\n{indent}{body}\n"
    )
    assert texts(found) == expected


HELPER = """
    def where(key):
        return "%s = %%s" % key
    class Db:
        def insert(self, conn, table, values):
            keys, vals = zip(*values.items())
            marks = ", ".join("%s" for _ in keys)
            conn.execute("insert into " + table + " (" + ", ".join(k for k in keys) + ") values (" + marks + ")", vals)
        def find(self, conn, table, keyvalues, columns, extra=None):
            extra = extra or {}
            every = {}
            every.update(keyvalues)
            every.update(extra)
            clauses = []
            for key, value in every.items():
                clauses.append("%s = %%s" % (key,))
            conn.execute("select " + ", ".join(columns) + " from " + table + " where " + " and ".join(clauses))
        def count(self, conn, table, keyvalues):
            conn.execute("select count(*) from " + table + " where " + " and ".join(where(k) for k in keyvalues))
        def among(self, conn, table, column, values):
            clause, args = within(column, values)
            conn.execute("select 1 from " + table + " where " + clause, args)
    def within(column, values):
        if not values:
            return "false", []
        return column + " = any(%s)", [values]
    """
BESIDE = "SQL = 'select 1'\nfrom db import Db\n"
CALLS = {
    'db.insert(conn, "t", {"a": 1, "b": x})': ["insert into t (a, b) values (%s, %s)"],
    'db.insert(conn, "t", values={"größe": 1})': ["insert into t (größe) values (%s)"],
    'db.insert(conn, "t", dict(a=1, b=x))': ["insert into t (a, b) values (%s, %s)"],
    'db.find(conn, "t", {"a": 1}, ["b", "c"])': ["select b, c from t where a = %s"],
    'db.find(conn, "t", {"a": 1}, ("b",), extra={"d": 1})': ["select b from t where a = %s and d = %s"],
    'db.count(conn, "t", {"a": 1, "b": 2})': ["select count(*) from t where a = %s and b = %s"],
    'db.among(conn, "t", "a", [1])': ["select 1 from t where false", "select 1 from t where a = any(%s)"],
}


@pytest.mark.parametrize("call", CALLS)
def test_what_a_helper_does_with_keys_and_columns_is_done_with_those_of_each_call(tmp_path: Path, call: str) -> None:
    found = read(tmp_path, db=HELPER, app=f"{BESIDE}\ndb = Db()\ndef f(conn, x):\n    {call}\n")
    assert [each.sql for each in found.statements if each.call.file == "app.py"] == CALLS[call]


@pytest.mark.parametrize("given", ["", ", None", ", where=None"])
def test_what_no_caller_gives_is_in_none_of_its_texts(tmp_path: Path, given: str) -> None:
    code = f"""
        def find(conn, table, where=None):
            sql = "select 1 from " + table
            if where:
                sql += " where " + where
            conn.execute(sql)
        def f(conn):
            find(conn, "t"{given})
            find(conn, "u", "a = 1")
        """
    assert texts(read(tmp_path, app=code)) == ["select 1 from t", "select 1 from u", "select 1 from u where a = 1"]


def test_a_call_that_gives_none_is_not_lost(tmp_path: Path) -> None:
    code = """
        def find(conn, table, where=None):
            conn.execute("select 1 from " + table + " where " + where)
        find(conn, "t")
        """
    assert texts(read(tmp_path, app=code)) == ["select 1 from t where {None}"]


def test_a_key_stands_where_it_is_written(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        db=HELPER,
        app=BESIDE + 'Db().insert(conn, "t", {\n    "é": 1,\n    "b": 2})\n',
    )
    (statement,) = [each for each in found.statements if "{" not in each.sql]
    places = [(each.line, each.column) for each in statement.text if getattr(each, "text", "") in ("é", "b")]
    assert places == [(4, 5), (5, 5)]
