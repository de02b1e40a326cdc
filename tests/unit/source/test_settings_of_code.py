"""Names of tables that settings give: what they are where nobody sets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.source_tree import read, texts

SETTINGS = """
    from dataclasses import dataclass
    def prefixed(name):
        return lambda data: f"{data['prefix']}{name}"
    @dataclass
    class Names:
        jobs: str
        log: str
    class Settings(BaseSettings):
        prefix: str = Field(default="q_")
        space: str | None = Field(default=None)
        jobs: str = Field(default_factory=prefixed("jobs"))
        log: str = Field(default_factory=lambda data: f"{data['prefix']}log")
        def whole(self, name):
            return f"{self.space}.{name}" if self.space else name
        @property
        def names(self) -> Names:
            return Names(jobs=self.whole(self.jobs), log=self.whole(self.log))
    class Queries:
        settings: Settings = field(default_factory=Settings)
        @property
        def names(self) -> Names:
            return self.settings.names
        def find(self):
            return f"select 1 from {self.names.jobs}, {self.names.log}"
    """
CHANCE = """
    SQL = "select 1"
    class JobQueue:
        def __init__(self, prefix="q_"):
            self.prefix = prefix
    """
USES = {
    "a property of settings": (
        "settings",
        SETTINGS,
        "queries = Queries()\n    conn.execute(queries.find())",
        "select 1 from q_jobs, q_log",
    ),
    "what the only class is called": (
        "queue",
        CHANCE,
        'conn.execute(f"select 1 from {job_queue.prefix}jobs")',
        "select 1 from q_jobs",
    ),
    "an attribute that is called so": (
        "queue",
        CHANCE,
        'conn.execute(f"select 1 from {self.job_queue.prefix}jobs")',
        "select 1 from q_jobs",
    ),
}


@pytest.mark.parametrize("use", USES)
def test_the_default_of_a_setting_is_taken_for_what_it_is(tmp_path: Path, use: str) -> None:
    module, code, call, expected = USES[use]
    found = read(
        tmp_path, **{module: code}, app=f"from {module} import Queries\ndef f(self, conn, job_queue):\n    {call}\n"
    )
    assert texts(found) == [expected]
    assert any(getattr(piece, "assumed", False) for piece in found.statements[0].text)


def test_of_two_classes_of_a_name_none_is_taken(tmp_path: Path) -> None:
    call = 'def f(conn, job_queue):\n    conn.execute(f"select 1 from {job_queue.prefix}jobs")\n'
    found = read(tmp_path, queue=CHANCE, other="SQL = 'select 1'\nclass JobQueue:\n    prefix = 'other_'\n", app=call)
    assert texts(found) == ["select 1 from {job_queue.prefix}jobs"]


CLASSES = {
    "isinstance(engine, PostgresEngine)": (None, "another engine"),
    "not isinstance(engine, PostgresEngine)": ("another engine", None),
    "isinstance(engine, engines.Sqlite3Engine)": ("SQLite", None),
    "isinstance(engine, (MySQLBackend, SQLiteBackend))": ("MySQL", None),
    "isinstance(url, PostgresDsn)": (None, None),
    "isinstance(conn, PostgresConnection)": (None, None),
}


@pytest.mark.parametrize("condition", CLASSES)
def test_the_class_of_an_engine_tells_which_it_is(tmp_path: Path, condition: str) -> None:
    code = f"""
        def f(self, conn, engine, url):
            if {condition}:
                conn.execute("select 1 from a")
            else:
                conn.execute("select 1 from b")
        """
    assert tuple(each.engine for each in read(tmp_path, app=code).statements) == CLASSES[condition]


@pytest.mark.parametrize("scheme", ["Scheme.POSTGRES", "(Scheme.POSTGRES, Scheme.COCKROACH)"])
def test_the_other_branch_of_a_constant_of_ours_is_for_another_engine(tmp_path: Path, scheme: str) -> None:
    operator = "in" if scheme.startswith("(") else "=="
    code = f"""
        def f(self, conn):
            if self.db.scheme {operator} {scheme}:
                conn.execute("select 1 from a")
            else:
                conn.execute("select 1 from b")
        """
    assert {each.sql[-1]: each.live for each in read(tmp_path, app=code).statements} == {"a": True, "b": False}
