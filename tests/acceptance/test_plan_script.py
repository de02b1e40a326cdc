"""`pgmend plan --format sql`, run with psql: names are data in it, never commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.api.report.script import plan_lines, preamble
from pgmend.listener.fixes.plan import Plan, Step
from pgmend.listener.remedy import CreateIndex
from psycopg import sql

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.process import Finished, Processes
from tests.support.server import Server

BASE = """
create table users (id integer primary key);
create table notes (id integer primary key, user_id text);
insert into users select generate_series(1, 20);
insert into notes select id, id::text from users;
create view alike as select * from notes where user_id like 'x%';
create view beyond as select * from notes where user_id > '3';
"""
HOSTILE = (
    "a\ndrop table users cascade; --",
    "b\rdrop table users cascade; --",
    "c\r\ndrop table users cascade; --",
    "d\x0bdrop table users cascade; --",
    "e\u2028drop table users cascade; --",
    "f\n\\! touch {mark}\n--",
    "g\n\\i /etc/passwd\n",
    'h"; drop table users cascade; --',
    "i*/ drop table users cascade; /*",
    "j :\"USER\" :'USER' :USER \\q",
    "k\u202egnp.x\u202c\u200b",
    "l'\x1b[31m\x07\x85\ufeff",
    "m\U000e0041$$ drop table users cascade; $$",
)


def psql_of(server: Server) -> Processes:
    """psql as one runs a script with it."""
    if server.cluster is None:
        pytest.skip("psql comes with a server of our own")
    return Processes((server.cluster.bin("psql"), "-X", "-v", "ON_ERROR_STOP=1"))


async def play(server: Server, database: Database, file: Path) -> Finished:
    return await psql_of(server).run("-d", database.dsn, "-f", file)


async def test_hostile_names_are_mended_by_the_script_and_run_nothing(
    pgmend: Processes, installed: Database, server: Server, tmp_path: Path
) -> None:
    psql_of(server)
    installed.execute(BASE)
    mark = tmp_path / "mark"
    names = [name.replace("{mark}", str(mark)) for name in HOSTILE]
    for number, name in enumerate(names):
        installed.execute(
            sql.SQL("create table {} (id int primary key, {} integer references users)").format(
                sql.Identifier(name[:60]), sql.Identifier(f"{name[:50]}{number}")
            )
        )
        installed.execute(sql.SQL("create table {} (a int)").format(sql.Identifier(f"keyless {name[:50]}")))
    listener = await listen(pgmend, installed, "--observe")
    await listener.issue("MISSING_INDEX", names[0][:60])
    assert await listener.process.terminate() == 0

    file = tmp_path / "plan.sql"
    made = await pgmend.run("plan", "--format", "sql", "-o", file, "--dsn", installed.dsn)
    assert made.code == 0, made
    script = file.read_text()
    assert "no plan" in script
    assert not {"\r", "\x0b", "\x1b", "\u2028", "\u202e"} & set(script)

    ran = await play(server, installed, file)
    assert ran.code == 0, ran
    assert not mark.exists()
    assert installed.value("select count(*) from users") == 20
    indexed = installed.fetch(
        "select t.relname from pg_index as i join pg_class as t on t.oid = i.indrelid"
        " where not i.indisprimary and i.indisvalid and t.relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in indexed} >= {name[:60] for name in names}


@pytest.mark.parametrize(
    ("before", "statement", "question", "answer"),
    [
        (
            'create table t (a int[], "USER" int)',
            'create index i on t ((a[1:"USER"]))',
            "select count(*) from pg_indexes where indexname = 'i'",
            1,
        ),
        ("create table t ()", "comment on table t is ':USER :''USER'' \\q'", "select 't'::regclass::oid::int * 0", 0),
        (
            "create table t ()",
            "comment on table t is 'a\u202eb\\c''d\ne'",
            "select obj_description('t'::regclass)",
            "a\u202eb\\c'd\ne",
        ),
        (
            "create table t (x text)",
            "alter table t alter x set default $$a\n\\! false\n--$$",
            "select pg_get_expr(adbin, adrelid) from pg_attrdef",
            "'a\n\\! false\n--'::text",
        ),
        ("create table t ()", 'alter table t add "a\\\ufeff""b" int;', "select attname from pg_attribute where attrelid"
         " = 't'::regclass and attnum = 1", 'a\\\ufeff"b'),
    ],
)  # fmt: skip
async def test_a_statement_means_in_psql_what_it_meant(
    server: Server, database: Database, tmp_path: Path, before: str, statement: str, question: str, answer: object
) -> None:
    database.execute(sql.SQL(before))
    plan = _plan(statement.replace("on t ", "on public.t ").replace("table t ", "table public.t "))
    file = tmp_path / "plan.sql"
    file.write_text("\n".join([*preamble(), *plan_lines(plan)]))
    ran = await play(server, database, file)
    assert ran.code == 0, ran
    assert database.value(sql.SQL(question)) == answer


@pytest.mark.parametrize("statement", ["select 1; drop table users", "select \u202e1", "no sql at all", ""])
async def test_what_cannot_be_written_safely_is_only_a_comment(statement: str) -> None:
    lines = list(plan_lines(_plan("select 1", statement)))
    assert all(line.startswith("--") for line in lines)
    assert any("not to be run" in line for line in lines)


def _plan(*statements: str) -> Plan:
    step = Step("Try\nit", statements, transactional=True, probe="select 'before'")
    return Plan("create_index", "0" * 16, "A plan", CreateIndex(1, (1,)), steps=(step,))
