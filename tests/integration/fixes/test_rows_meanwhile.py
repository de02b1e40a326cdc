"""Rows that come between the look before a fix and its last step: what was done is taken back, and they are named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pgmend.listener.expected.portrait import ObjectKind
from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.remedy import AddForeignKey, CreateIndex, Remedy

from tests.support.eventually import eventually
from tests.support.mending import at, executing
from tests.support.restoration import Case as Illness
from tests.support.restoration import fall_ill
from tests.support.workshop import Workshop

APP = """
create table app.users (id int primary key);
create table app.orders (id int primary key, user_id int, "E-Mail" text not null);
insert into app.users select generate_series(1, 50);
insert into app.orders select n, n, 'u' || n from generate_series(1, 50) n;
"""


def ill(
    well: str, fault: str, aspect: str, kind: ObjectKind, name: str, definition: str = "", **fields: str
) -> Illness:
    return Illness(APP + well, fault, aspect, kind, ("app", "orders", name), definition, fields)


@dataclass(frozen=True)
class Case:
    """What is mended, a row that comes at a point of it, and how it is named. `look` is the check that finds it."""

    illness: Illness | None
    point: str
    meddling: str
    look: str
    named: str

    async def remedy(self, workshop: Workshop) -> Remedy:
        if self.illness is None:
            workshop.database.execute(f"create schema app; {APP}".encode())
            return AddForeignKey(workshop.oid("app.orders"), (2,), workshop.oid("app.users"), (1,))
        await fall_ill(workshop, self.illness)
        return self.illness.remedy(workshop)


CONSTRAINT = ObjectKind.CONSTRAINT
NOT_NULL = ill(
    "", 'alter table app.orders alter "E-Mail" drop not null', "nullability", ObjectKind.COLUMN, "E-Mail",
    not_null="true",
)  # fmt: skip
UNIQUE = ill(
    'alter table app.orders add constraint c unique ("E-Mail")', "alter table app.orders drop constraint c",
    "existence", CONSTRAINT, "c", 'UNIQUE ("E-Mail")',
)  # fmt: skip
PRIMARY = ill(
    "", 'alter table app.orders drop constraint orders_pkey, alter id drop not null',
    "existence", CONSTRAINT, "orders_pkey", "PRIMARY KEY (id)",
)  # fmt: skip
ORPHAN = "insert into app.orders values (1000, 5000, 'x')"
CASES = {
    "an orphan before the index": Case(None, "apply proved", ORPHAN, "no orphans", "id=1000, user_id=5000"),
    "an orphan before the key": Case(None, "apply 2 intended", ORPHAN, "no orphans", "id=1000, user_id=5000"),
    "an orphan that no trigger of the key sees": Case(
        None, "apply 3 intended", f"set session_replication_role = replica; {ORPHAN}", "no orphans",
        "id=1000, user_id=5000",
    ),
    "a parent that goes unseen": Case(
        None, "apply 3 intended", "set session_replication_role = replica; delete from app.users where id = 7",
        "no orphans", "id=7, user_id=7",
    ),
    "a NULL before the check": Case(
        NOT_NULL, "apply 1 intended", "insert into app.orders values (1000, 1, null)", "no nulls", "id=1000"
    ),
    "a twin before the index": Case(
        UNIQUE, "apply 1 intended", "insert into app.orders values (1000, 1, 'u7')", "no duplicates",
        "E-Mail=u7, rows=2",
    ),
    "a twin of a primary key": Case(
        PRIMARY, "apply 1 intended", "insert into app.orders values (7, 1, 'x')", "no duplicates", "id=7, rows=2"
    ),
    "a NULL in a primary key after its index": Case(
        PRIMARY, "apply 2 intended", "insert into app.orders values (null, 1, 'x')", "no nulls", "ctid=("
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_row_that_comes_meanwhile_takes_the_fix_back_and_is_named(workshop: Workshop, case: Case) -> None:
    remedy = await case.remedy(workshop)
    before = workshop.structure()
    outcome = await workshop.heal(remedy, checkpoint=at(case.point, executing(workshop, case.meddling)))
    assert outcome.state == "failed"
    assert case.named in (outcome.reason or "")
    assert workshop.structure() == before
    assert workshop.leftovers() == []
    told = workshop.database.value("select proofs from pgmend.fix")
    (proof,) = (each for each in told if each["name"] == case.look)
    assert (proof["verdict"], case.named in proof["counter_examples"][0]) == (Verdict.REFUTED.value, True)


@pytest.mark.parametrize(
    ("illness", "writing", "named"),
    [
        (UNIQUE, "insert into app.orders values (1000, 1, 'u7')", "E-Mail=u7, rows=2"),
        (PRIMARY, "insert into app.orders values (7, 1, 'x')", "id=7, rows=2"),
    ],
    ids=["unique", "primary key"],
)
async def test_a_twin_of_a_transaction_that_began_before_the_build_takes_it_back(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any], illness: Illness, writing: str, named: str
) -> None:
    await fall_ill(workshop, illness)
    before = workshop.structure()
    await shop.execute(writing.encode())
    patient = {"concurrent_patience": timedelta(minutes=10)}
    fix = asyncio.create_task(workshop.heal(illness.remedy(workshop), limits=patient))
    waiting = "select count(*) from pg_stat_progress_create_index where phase ~ '^waiting for writers'"
    await eventually(lambda: workshop.database.value(waiting.encode()) == 1)
    await shop.commit()
    outcome = await fix
    assert (outcome.state, named in (outcome.reason or "")) == ("failed", True)
    assert workshop.structure() == before
    assert workshop.leftovers() == []


DDL: list[tuple[Callable[[Workshop], Remedy] | Illness, str]] = [
    (NOT_NULL, "apply 2 intended"),
    (NOT_NULL, "apply 3 intended"),
    (UNIQUE, "apply 2 intended"),
    (PRIMARY, "apply 2 intended"),
    (lambda shop: CreateIndex(shop.oid("app.orders"), (2,)), "apply 1 intended"),
    (lambda shop: AddForeignKey(shop.oid("app.orders"), (2,), shop.oid("app.users"), (1,)), "apply 3 intended"),
]


@pytest.mark.parametrize(("sick", "point"), DDL)
async def test_ddl_of_others_between_two_steps_takes_the_fix_back(
    workshop: Workshop, sick: Callable[[Workshop], Remedy] | Illness, point: str
) -> None:
    if isinstance(sick, Illness):
        await fall_ill(workshop, sick)
        remedy: Remedy = sick.remedy(workshop)
    else:
        workshop.database.execute(f"create schema app; {APP}".encode())
        remedy = sick(workshop)
    before = workshop.structure()
    meddling = executing(workshop, "alter table app.orders add note text")
    outcome = await workshop.heal(remedy, checkpoint=at(point, meddling))
    assert outcome.state == "superseded"
    workshop.database.execute("alter table app.orders drop note")
    assert workshop.structure() == before
    assert workshop.leftovers() == []


async def test_an_application_that_locks_the_other_way_round_is_never_the_victim_of_a_deadlock(
    workshop: Workshop, shop: psycopg.AsyncConnection[Any]
) -> None:
    workshop.database.execute(f"create schema app; {APP}".encode())
    remedy = AddForeignKey(workshop.oid("app.orders"), (2,), workshop.oid("app.users"), (1,))
    await shop.execute("set deadlock_timeout = '10ms'")
    await shop.execute("insert into app.users values (1000)")
    fix = asyncio.create_task(workshop.heal(remedy))
    number = 1000
    while not fix.done():
        number += 1
        await shop.execute("insert into app.orders values (%s, 1000, 'x')", [number])
        await asyncio.sleep(0)
    await shop.commit()
    assert (await fix).state == "deferred"
    assert workshop.database.value("select count(*) from app.orders where user_id = 1000") == number - 1000
    assert (await workshop.again()).state == "applied"


SCANS = "select coalesce(max(seq_scan), 0) from pg_stat_xact_user_tables where relid = 'app.orders'::regclass"


@pytest.mark.parametrize("illness", [NOT_NULL, PRIMARY], ids=["not null", "primary key"])
async def test_no_step_under_a_strong_lock_reads_the_rows(workshop: Workshop, illness: Illness) -> None:
    await fall_ill(workshop, illness)
    plan = await workshop.plan(illness.remedy(workshop))
    scans = {True: 0, False: 0}
    async with await workshop.database.connect(autocommit=True) as connection:

        async def scanned() -> int:
            row = await (await connection.execute(SCANS.encode())).fetchone()
            assert row is not None
            return row[0]

        for step in plan.steps:
            if not step.transactional:
                await connection.execute(step.statements[0].encode())
                continue
            strong = any(lock.mode == "ACCESS EXCLUSIVE" for lock in step.locks)
            async with connection.transaction():
                before = await scanned()
                for statement in step.statements:
                    await connection.execute(statement.encode())
                scans[strong] += await scanned() - before
    assert scans == {True: 0, False: 1}
