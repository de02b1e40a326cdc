"""What tests of rehearsals share: a table whose column is to change its type, and the proofs by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pgmend.listener.fixes.plan import Plan, Proof, Verdict
from pgmend.listener.fixes.rehearsal.rehearsal import Rehearsal
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.remedy import ChangeColumnType

from tests.support.workshop import Workshop

APP = """
create extension if not exists pg_stat_statements schema public;
create schema app;
create table app.users (id int primary key);
create table app.sessions (id int primary key, gone int, user_id text, seen text);
alter table app.sessions drop column gone;
insert into app.sessions values (1, '1', 'x'), (2, '20', 'y');
"""
WANTED = "select count(*) from pg_database where datname like 'pgmend\\_scratch\\_%%' and datdba = %s::regrole"


def at_once(dsn: str | None = None, **knowing: Any) -> Rehearsal:
    """A rehearsal that believes what the server has seen since a moment ago."""
    return Rehearsal(dsn, **knowing, seen_for=timedelta())


def to_integer(workshop: Workshop) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid("app.sessions"), 3, "integer", restores=False)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The proofs by name."""

    proofs: tuple[Proof, ...]

    def __getitem__(self, name: str) -> Proof:
        (found,) = (each for each in self.proofs if each.name == name)
        return found

    @property
    def statements(self) -> tuple[Verdict, str]:
        return self[STATEMENTS].verdict, "\n".join(self[STATEMENTS].counter_examples)

    @property
    def verdicts(self) -> set[Verdict]:
        return {each.verdict for each in self.proofs}


async def rehearse(workshop: Workshop, plan: Plan | None = None, rehearsal: Rehearsal | None = None) -> Rehearsed:
    plan = plan or await workshop.plan(to_integer(workshop))
    return Rehearsed(await (rehearsal or at_once()).proofs(workshop.connection, plan, workshop.limits))


def scratch_databases(workshop: Workshop) -> int:
    return workshop.database.value(WANTED, [workshop.database.value("select current_user")])
