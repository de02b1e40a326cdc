"""Every kind of fault breaks what it says, on a schema where there is something to break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

import psycopg
import pytest

from tests.support.database import Database
from tests.support.server import Server

from .content import Rows, content_of
from .dump import normalised_dump, pg_dump_for
from .faults import KINDS
from .faults.kind import FaultKind
from .injector import Injector
from .rows.fill import fill
from .script import load_text, make_roles
from .shipped import CLINIC
from .subject import STRANGER

RENAMES = {"rename column", "rename table"}


@pytest.fixture
def clinic(server: Server) -> Iterator[Database]:
    with server.database(server.template("clinic with rows", filled)) as database:
        yield database


@pytest.fixture(scope="module")
def sound(server: Server) -> tuple[str, Mapping[str, Rows]]:
    """What the clinic is before anything is broken."""
    dsn = server.dsn_of(server.template("clinic with rows", filled))
    return normalised_dump(dsn, pg_dump_for(server)), content_of(dsn)


def filled(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        make_roles([STRANGER], connection)
        load_text(CLINIC.sql(), connection)
        fill(connection, 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_each_kind_strikes_and_shows_and_leaves_the_rows(
    server: Server, sound: tuple[str, Mapping[str, Rows]], clinic: Database, kind: FaultKind
) -> None:
    before, rows = sound
    (fault,) = await Injector(clinic.dsn, Random(1), STRANGER, [kind]).strike(1, together=False)
    assert normalised_dump(clinic.dsn, pg_dump_for(server)) != before, fault
    if kind.name not in RENAMES:
        assert content_of(clinic.dsn) == rows


async def test_the_same_seed_breaks_the_same_things(clinic: Database) -> None:
    comments = [kind for kind in KINDS if kind.name == "change comment"]
    made = [await Injector(clinic.dsn, Random(seed), STRANGER, comments).strike(1, together=True) for seed in (5, 5, 6)]
    first, again, other = [each.statement for (each,) in made]
    assert first == again != other


async def test_a_group_strikes_tables_that_foreign_keys_tie_in_one_transaction(clinic: Database) -> None:
    tied = clinic.fetch("select conrelid::regclass::text, confrelid::regclass::text from pg_constraint")
    for seed in range(5):
        kinds = [kind for kind in KINDS if not kind.name.startswith("rename")]
        faults = await Injector(clinic.dsn, Random(seed), STRANGER, kinds).strike(4, together=True)
        assert len({each.made_at for each in faults}) == 1
        struck = {each.relation.strip('"') for each in faults}
        for relation in struck if len(struck) > 1 else ():
            assert any({relation, other} <= {a, b} for a, b in tied for other in struck - {relation})


async def test_what_the_server_refuses_is_not_done_and_another_victim_is_found(database: Database) -> None:
    database.execute("create table t (a text); insert into t values (repeat('x', 500)); create table u (a text)")
    (kind,) = [each for each in KINDS if each.name == "text to varchar"]
    for seed in range(4):
        for fault in await Injector(database.dsn, Random(seed), "nobody", [kind]).strike(1, together=False):
            assert fault.relation == "u"
    (kind,) = [each for each in KINDS if each.name == "drop view"]
    database.execute("create view v as select 1 as a; create view w as select a from v")
    (fault,) = await Injector(database.dsn, Random(1), "nobody", [kind]).strike(1, together=True)
    assert fault.object == "w"


async def test_nothing_to_break_is_no_fault(database: Database) -> None:
    assert await Injector(database.dsn, Random(1), "nobody").strike(3, together=True) == ()
