"""What each kind of fix locks and writes anew is what its plan says: measured on a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.rehearsal.rehearsal import LOCKS, REWRITES, STEPS
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    EnableRowSecurity,
    EnableTrigger,
    Remedy,
    SetSearchPath,
    ValidateConstraint,
)

from tests.support.rehearsed import Rehearsed, at_once
from tests.support.workshop import Workshop

SICK = """
create table app.orders (id int primary key, user_id int, "Größe" text);
alter table app.orders add constraint big check (id < 1000000) not valid;
alter table app.orders add constraint to_session foreign key (user_id) references app.sessions not valid;
create policy p on app.orders using (id > 0);
create function app.f() returns trigger language plpgsql as 'begin return new; end';
create trigger t before insert on app.orders for each row execute function app.f();
alter table app.orders disable trigger t;
"""


def oid(workshop: Workshop, query: str) -> int:
    return workshop.database.value(query.encode())  # type: ignore[arg-type]


def constraint(name: str) -> Callable[[Workshop], Remedy]:
    def remedy(workshop: Workshop) -> Remedy:
        found = oid(workshop, f"select oid::bigint from pg_constraint where conname = '{name}'")
        return ValidateConstraint(workshop.oid("app.orders"), found)

    return remedy


KINDS: Mapping[str, Callable[[Workshop], Remedy]] = {
    "a check": constraint("big"),
    "a foreign key that is there": constraint("to_session"),
    "a foreign key": lambda workshop: AddForeignKey(workshop.oid("app.orders"), (2,), workshop.oid("app.users"), (1,)),
    "a trigger": lambda workshop: EnableTrigger(
        workshop.oid("app.orders"), oid(workshop, "select oid::bigint from pg_trigger where tgname = 't'")
    ),
    "row security": lambda workshop: EnableRowSecurity(workshop.oid("app.orders")),
    "a function": lambda workshop: SetSearchPath(
        oid(workshop, "select 'app.f'::regproc::oid::bigint"), ("pg_catalog", "app")
    ),
    "a type that is written anew": lambda workshop: ChangeColumnType(workshop.oid("app.orders"), 2, "bigint"),
    "a type that is not": lambda workshop: ChangeColumnType(workshop.oid("app.orders"), 3, "character varying"),
}


async def test_what_each_kind_locks_and_writes_anew_is_what_its_plan_says(workshop: Workshop) -> None:
    workshop.database.execute(SICK.encode())
    workshop.database.execute("select id from app.orders; select seen from app.sessions")
    wrong = dict[str, object]()
    for name, remedy_of in KINDS.items():
        plan = await workshop.plan(remedy_of(workshop))
        assert plan.steps, (name, plan.refusal)
        told = Rehearsed(await at_once().rehearse(workshop.connection, plan, workshop.limits))
        alone = not all(step.transactional for step in plan.steps)
        wanted = (Verdict.PROVED, Verdict.UNPROVED if alone else Verdict.PROVED, Verdict.PROVED)
        if (told[STEPS].verdict, told[LOCKS].verdict, told[REWRITES].verdict) != wanted:
            wrong[name] = told.proofs
        if told[STATEMENTS].verdict is Verdict.REFUTED:
            wrong[name] = told[STATEMENTS]
    assert wrong == {}
