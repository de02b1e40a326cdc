"""An application's code among the known statements: what it sends is described before and after a plan."""

from __future__ import annotations

from pathlib import Path

from pgmend.listener.codebase.statements import code_sources
from pgmend.listener.codebase.witness import CodeWitness
from pgmend.listener.fixes.cached_plans import cached_plans
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.rehearsal.rehearsal import Rehearsal
from pgmend.listener.settings import Settings

from tests.support.rehearsed import at_once, rehearse, to_integer
from tests.support.workshop import Workshop

HEAD = "import asyncpg\n\n\nasync def f(c: asyncpg.Connection, n: int, s: str) -> None:\n    "


def knowing(folder: Path, code: str) -> Rehearsal:
    """A rehearsal that knows that code."""
    (folder / "orders.py").write_text(HEAD + code + "\n", encoding="utf-8")
    return at_once(sources=code_sources(Settings(code=folder)), witnesses=(CodeWitness(),))


async def test_a_call_site_that_is_proved_to_take_the_new_type_is_harmless(workshop: Workshop, tmp_path: Path) -> None:
    code = 'await c.fetch("select id from app.sessions where user_id = $1", {})'
    plan = await workshop.plan(to_integer(workshop))
    told = await rehearse(workshop, plan, knowing(tmp_path, code.format("n")))
    assert told.statements == (Verdict.PROVED, "")
    told = await rehearse(workshop, plan, knowing(tmp_path, code.format("s")))
    assert told.statements == (Verdict.REFUTED, "orders.py:5: parameter $1 text becomes integer")


async def test_a_result_of_another_type_blocks_and_is_forecast(workshop: Workshop, tmp_path: Path) -> None:
    rehearsal = knowing(tmp_path, 'await c.fetch("select user_id, seen from app.sessions")')
    plan = await workshop.plan(to_integer(workshop))
    told = await rehearse(workshop, plan, rehearsal)
    assert told.statements == (Verdict.REFUTED, "orders.py:5: result user_id text becomes integer")
    (forecast,) = await cached_plans(workshop.connection, plan, sources=rehearsal.sources)
    assert (forecast.verdict, forecast.counter_examples) == (Verdict.REFUTED, ("orders.py:5",))


async def test_what_the_code_may_send_besides_is_unproved_with_its_place(workshop: Workshop, tmp_path: Path) -> None:
    rehearsal = knowing(tmp_path, 'await c.fetch("select id from app.sessions"); await c.fetch(f"select 1 from {s}")')
    verdict, examples = (await rehearse(workshop, rehearsal=rehearsal)).statements
    assert (verdict, examples) == (Verdict.UNPROVED, "orders.py:5: part of its text is known only when it runs")


async def test_code_that_sends_the_table_nothing_is_knowledge_and_code_that_is_gone_is_none(
    workshop: Workshop, tmp_path: Path
) -> None:
    plan = await workshop.plan(to_integer(workshop))
    rehearsal = knowing(tmp_path, 'await c.fetch("select id from app.users")')
    assert (await rehearse(workshop, plan, rehearsal)).statements == (Verdict.PROVED, "")
    nowhere = at_once(sources=code_sources(Settings(code=tmp_path / "gone")))
    verdict, examples = (await rehearse(workshop, plan, nowhere)).statements
    assert (verdict, "what the code says is not known" in examples) == (Verdict.UNPROVED, True)


async def test_code_without_statements_and_code_with_an_orm_are_no_knowledge(
    workshop: Workshop, tmp_path: Path
) -> None:
    plan = await workshop.plan(to_integer(workshop))
    verdict, examples = (await rehearse(workshop, plan, knowing(tmp_path, "pass"))).statements
    assert (verdict, "no statement is found in the code" in examples) == (Verdict.UNPROVED, True)
    (tmp_path / "models.py").write_text("import peewee\n")
    verdict, examples = (await rehearse(workshop, plan, knowing(tmp_path, 'await c.fetch("select 1")'))).statements
    assert (verdict, "models.py:1: it imports peewee" in examples) == (Verdict.UNPROVED, True)
