"""SQL on its way through the code's own objects, and through functions that are told what to call."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.source_tree import read, texts

WRAPPED = """
    import psycopg2

    class Cursor(Protocol):
        def execute(self, sql, parameters=()): ...

    class Transaction:
        txn: Cursor

        def execute(self, sql, parameters=()):
            self._do(self.txn.execute, sql, parameters)

        def _do(self, function, sql, *args):
            sql = self.engine.convert(sql)
            return function(sql, *args)

    class Connection:
        def cursor(self) -> Transaction:
            return Transaction(self)
    """


def test_placeholders_are_not_foreign_behind_a_wrapper_that_hands_a_method_on(tmp_path: Path) -> None:
    code = """
        def known(txn: Transaction):
            txn.execute("select a from t where b = ?", (1,))
        def made(conn: Connection):
            txn = conn.cursor()
            txn.execute("select b from t where b = ?", (1,))
        def unknown(txn):
            txn.execute("select c from t where b = ?", (1,))
        """
    found = read(tmp_path, app=dedent(WRAPPED) + dedent(code))
    assert texts(found) == [f"select {each} from t where b = ?" for each in "abc"]
    assert {each.rewrites for each in found.statements} == {True}


def test_a_method_of_a_known_class_that_sends_nothing_is_no_driver_s(tmp_path: Path) -> None:
    code = """
        import psycopg2
        class Recorder:
            def execute(self, sql):
                self.seen = sql
        def f(cursor: Recorder, other):
            cursor.execute("select a from t")
            other.execute("select b from t")
        """
    assert texts(read(tmp_path, app=code)) == ["select b from t"]


TOLD = {
    "a thread": 'asyncio.to_thread(conn.execute, "select a from t")',
    "an executor": 'loop.run_in_executor(None, conn.execute, "select a from t")',
    "a partial": 'functools.partial(conn.execute, "select a from t")',
    "a function of the code": 'asyncio.to_thread(select, conn, "t", ["a"])',
    "a runner that has the connection": 'run("why", select, "t", ["a"])',
    "a runner that is given it": 'run("why", select, conn, "t", ["a"])',
    "a runner and keywords": 'run("why", select, table="t", columns=["a"])',
}


@pytest.mark.parametrize("way", TOLD)
def test_what_a_function_is_told_to_call_is_called(tmp_path: Path, way: str) -> None:
    code = f"""
        import psycopg
        def select(conn, table, columns):
            conn.execute("select " + ", ".join(columns) + " from " + table)
        def f(conn, run):
            select(conn, "t", ["b"])
            {TOLD[way]}
        """
    assert texts(read(tmp_path, app=code)) == ["select a from t", "select b from t"]


HELPERS = {
    "app__rows": "def select_row(conn, table):\n    conn.execute('select 1 from ' + table)\n",
    "app__again": "from .rows import select_row\ndef first_row(conn, table):\n    return select_row(conn, table)\n",
    "app__exports": "from .rows import select_row as other_name\n",
}


def test_a_file_without_sql_is_read_where_it_calls_helpers(tmp_path: Path) -> None:
    used = "from .again import first_row\nfrom .exports import other_name\n"
    found = read(
        tmp_path,
        **HELPERS,
        app__used=f"{used}def f(conn):\n    first_row(conn, 't')\n    other_name(conn, 'u')\n",
        app__unused="import os\ndef f(conn):\n    os.system(conn, 't')\n",
    )
    assert texts(found) == ["select 1 from t", "select 1 from u"]
    assert (found.files, found.lines) == (5, 14)


def test_the_constructor_of_a_base_is_that_of_the_base_alone(tmp_path: Path) -> None:
    code = """
        class Counter:
            def __init__(self, conn, table):
                conn.execute("select max(id) from " + table)
        class Events(Counter):
            def __init__(self, conn):
                super().__init__(conn, "events")
        class Other(Unknown):
            def __init__(self, conn):
                super().__init__(conn, "nothing")
        Counter(conn, "made")
        """
    assert texts(read(tmp_path, app=code)) == ["select max(id) from events", "select max(id) from made"]


def test_many_constructors_that_call_each_other_s_base_stay_apart(tmp_path: Path) -> None:
    """Each took the other for its base once, and the work grew with the sixth power of their number."""
    classes = "\n".join(
        f"class C{each}(Base):\n    def __init__(self, table, conn):\n        super().__init__(table, conn)\n"
        for each in range(60)
    )
    code = 'class Counter:\n    def __init__(self, table, conn):\n        conn.execute("select 1 from " + table)\n'
    assert texts(read(tmp_path, app=code + classes)) == ["select 1 from {table}"]
