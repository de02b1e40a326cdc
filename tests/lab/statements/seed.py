"""One plan in a schema of its own, with a statement that it breaks or that it leaves alone, taken to its end."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import psycopg
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.remedy import ChangeColumnType
from psycopg import sql

from tests.support.database import Database
from tests.support.installation import installed_database
from tests.support.rehearsed import at_once
from tests.support.server import Server
from tests.support.workshop import Workshop

from .shapes import PAIRS, SHAPES, Pair, Shape

_NAMES = ("sessions", "Order", "user id", 'a "quoted" name', "Größe", "日本語", "%s", "é" * 31 + "x", "table", "x$1")


@dataclass(frozen=True, slots=True)
class Seed:
    """What is drawn from one number: a change of type, a way to know a statement, and names."""

    number: int
    pair: Pair
    shape: Shape
    schema: str
    table: str
    column: str
    other: str
    dropped: bool
    indexed: bool

    @staticmethod
    def drawn(number: int) -> Seed:
        """The same for the same number; every shape comes once in as many numbers as there are shapes."""
        chance = random.Random(number)
        shape = SHAPES[number % len(SHAPES)]
        pair = chance.choice([each for each in PAIRS if each.strange or not shape.strange])
        schema, table, column, other = chance.sample(_NAMES, 4)
        return Seed(number, pair, shape, schema, table, column, other, chance.random() < 0.5, chance.random() < 0.5)

    def mark(self, *, broken: bool) -> str:
        """The word by which the statement is known again."""
        return f"{'broken' if broken else 'harmless'}_{self.number}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a plan: the state that its fix ended in, and whether the proofs name the statement."""

    seed: Seed
    broken: bool
    state: str
    named: bool
    reason: str | None

    @property
    def kept(self) -> bool:
        """Whether it is as promised: refused with the statement named, or applied."""
        return (self.state, self.named) == ("refused", True) if self.broken else self.state == "applied"


async def fate_of(server: Server, seed: Seed, *, broken: bool) -> Fate:
    """Seed it in a database of its own, and apply its plan as one that was queued with all its proofs."""
    with installed_database(server) as database:
        _build(database, seed, broken=broken)
        workshop = await Workshop.open(database)
        try:
            outcome = await _applied(workshop, seed)
        finally:
            await workshop.close()
    told = [example for proof in outcome.proofs for example in proof.counter_examples]
    named = bool(told) and seed.mark(broken=broken) in told[0]
    return Fate(seed, broken, outcome.state, named, outcome.reason)


async def _applied(workshop: Workshop, seed: Seed) -> Outcome:
    oid = workshop.oid(sql.Identifier(seed.schema, seed.table).as_string())
    number = workshop.database.value(
        "select attnum from pg_attribute where attrelid = %s::oid and attname = %s", [oid, seed.column]
    )
    remedy = ChangeColumnType(oid, number, seed.pair.new, restores=False)
    outcome = await workshop.heal(remedy, rehearsal=at_once())
    unproved = [proof for proof in outcome.proofs if proof.alone and proof.verdict != "proved"]
    if outcome.state == "applied" and unproved:
        return Outcome(outcome.fix_id, "refused", f"it would not be done alone: {unproved}", outcome.proofs)
    return outcome


def _build(database: Database, seed: Seed, *, broken: bool) -> None:
    """The schema with two rows, and four statements besides, none of which the change is about."""
    names: dict[str, Any] = {
        "s": sql.Identifier(seed.schema),
        "t": sql.Identifier(seed.schema, seed.table),
        "u": sql.Identifier(seed.table),
        "c": sql.Identifier(seed.column),
        "o": sql.Identifier(seed.other),
        "i": sql.Identifier("id"),
        "d": sql.Identifier(database.name),
        "x": sql.Identifier(seed.column if broken else seed.other),
        "w": sql.SQL(f"'{seed.pair.values[0] if broken else 'x'}'"),
        "its": sql.SQL(seed.pair.old if broken else "text"),
        "old": sql.SQL(seed.pair.old),
        "mark": sql.SQL(seed.mark(broken=broken)),
    }

    def said(text: str) -> bytes:
        return (
            sql.SQL(text).format(**{name: value for name, value in names.items() if f"{{{name}}}" in text}).as_bytes()
        )

    database.execute("create extension pg_stat_statements schema public")
    database.execute(said("create schema {s}; create table {t} ({i} int primary key, gone int, {c} {old}, {o} text)"))
    database.execute(
        said("create table {s}.parent (id int primary key); alter table {t} add up int references {s}.parent")
    )
    if seed.dropped:
        database.execute(said("alter table {t} drop column gone"))
    if seed.indexed:
        database.execute(said("create index on {t} ({c})"))
    rows = [(number, value) for number, value in enumerate(seed.pair.values, start=1)]
    database.execute(said("insert into {t} ({i}, {c}) values " + ", ".join(f"({n}, '{value}')" for n, value in rows)))
    if seed.shape.before:
        database.execute(said(seed.shape.before))
    database.execute("select public.pg_stat_statements_reset()")
    for text in ("select {i} from {t} where up = 3", "select count(*) from {t}", "select {o} from {t} where {i} = 4"):
        database.execute(said(text))
    _run(database, said(seed.shape.text))


def _run(database: Database, text: bytes) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        if text.startswith(b"copy"):
            with connection.cursor().copy(text) as copy:
                list(copy)
        else:
            connection.execute(text)
