"""Which statements will fail once where sessions have them prepared is known before a column becomes another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from pgmend.listener.fixes.cached_plans import NAME, cached_plans
from pgmend.listener.fixes.limits import limits_of
from pgmend.listener.fixes.outlook import outlook
from pgmend.listener.fixes.plan import Proof, Verdict
from pgmend.listener.fixes.preflight import objection
from pgmend.listener.mending.autonomy import Circumstances, why_not_alone
from pgmend.listener.remedy import ChangeColumnType, CreateIndex, RestoreObject
from pgmend.listener.settings import AutoFix, Settings

from tests.support.fixtures import ServerWith
from tests.support.installation import installed_database
from tests.support.server import Server
from tests.support.workshop import Workshop

APP = """
create extension pg_stat_statements;
create schema "Äpp";
create table "Äpp"."Örders" (id int primary key, "userId" text, note text);
create view "Äpp".seen as select id, "userId" as buyer from "Äpp"."Örders";
insert into "Äpp"."Örders" select n, n::text, 'x' from generate_series(1, 20) n;
"""
STAR = 'select * from "Äpp"."Örders" where id = 7'
COLUMN = 'update "Äpp"."Örders" set note = $$y$$ where id = 7 returning "userId"'
OTHER = 'select id, note from "Äpp"."Örders" where "userId" = $$7$$'
EXPRESSION = 'select max("userId") from "Äpp"."Örders"'


@pytest.fixture(scope="module")
def counting(server_with: ServerWith) -> Server:
    return server_with(shared_preload_libraries="pg_stat_statements")


@pytest.fixture
async def shop(counting: Server) -> AsyncIterator[Workshop]:
    """Orders on a server that counts statements, of which some were run."""
    with installed_database(counting) as database:
        database.execute(APP)
        workshop = await Workshop.open(database)
        for statement in (STAR, COLUMN, OTHER, EXPRESSION, 'insert into "Äpp"."Örders" values (99, $$9$$)'):
            database.execute(statement.encode())
        yield workshop
        await workshop.close()


def to_integer(workshop: Workshop, *, restores: bool = False) -> ChangeColumnType:
    return ChangeColumnType(workshop.oid('"Äpp"."Örders"'), 2, "integer", restores=restores)


async def forecast(workshop: Workshop, remedy: ChangeColumnType | RestoreObject) -> Proof:
    # What cannot be planned here is still forecast by its remedy.
    plan = await workshop.plan(to_integer(workshop))
    (proof,) = await cached_plans(workshop.connection, replace(plan, remedy=remedy))
    return proof


async def test_statements_that_give_the_column_back_are_named_and_no_others(shop: Workshop) -> None:
    proof = await forecast(shop, to_integer(shop))
    assert (proof.name, proof.verdict, proof.forecast) == (NAME, Verdict.REFUTED, True)
    assert proof.figures.startswith("3 of ")
    assert "known statements give back what changes: each fails once (0A000," in proof.figures
    told = "\n".join(proof.counter_examples)
    assert "select *" in told.lower()
    assert "returning" in told.lower()
    assert "max(" in told.lower()
    assert "id, note" not in told
    row = await (await shop.connection.execute("show search_path")).fetchone()
    assert row == ("pg_catalog, pg_temp",)


async def test_the_forecast_comes_true(shop: Workshop) -> None:
    async with await shop.database.connect() as application:
        await application.execute("prepare a as " + STAR)
        await application.execute(
            "prepare b as " + OTHER.replace("$$7$$", '"userId"').replace('"userId" = "userId"', "id = 7")
        )
        await application.execute("execute a")
        await application.execute("execute b")
        outcome = await shop.heal(to_integer(shop))
        assert outcome.state == "applied"
        assert NAME in {proof.name for proof in outcome.proofs}
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            await application.execute("execute a")
        assert await application.execute("execute b")


async def test_for_how_long_statements_are_seen_is_for_the_settings_to_say(shop: Workshop) -> None:
    plan = await shop.plan(to_integer(shop))
    for seen_for, too_short in ((timedelta(days=400), True), (timedelta(), False)):
        limits = limits_of(Settings(statements_seen_for=seen_for))
        (proof,) = (each for each in await outlook(shop.connection, plan, limits) if each.name == NAME)
        assert ("and that is less than" in proof.figures) is too_short


async def test_every_column_of_a_group_is_looked_for(shop: Workshop) -> None:
    shop.database.execute(
        """
        create schema app;
        create table app.users (id text primary key);
        create table app.baskets (id int primary key, user_id text references app.users);
        """
    )
    shop.database.execute("select user_id from app.baskets")
    plan = await shop.plan(ChangeColumnType(shop.oid("app.users"), 1, "integer"))
    (proof,) = await cached_plans(shop.connection, plan)
    assert "user_id from app.baskets" in "\n".join(proof.counter_examples).lower()


async def test_a_column_more_is_a_matter_for_those_who_take_all(shop: Workshop) -> None:
    oid = shop.oid('"Äpp"."Örders"')
    more = RestoreObject(oid, "column", "Äpp", "Örders", "gone", "existence")
    proof = await forecast(shop, more)
    assert len(proof.counter_examples) == 1
    assert "*" in proof.counter_examples[0]


async def test_it_stops_nobody(shop: Workshop) -> None:
    proof = await forecast(shop, to_integer(shop))
    assert objection([proof], alone=True) is None
    plan = replace(await shop.plan(to_integer(shop)), proofs=(proof,), restores=True)
    issue = await shop.issue_of(to_integer(shop))
    now = shop.database.value("select now()")
    alone = Circumstances(now, now, AutoFix.ALL, timedelta(hours=1), None, ())
    reason = why_not_alone(issue, plan, alone)
    assert reason is not None
    assert NAME not in reason.reason


async def test_where_nothing_is_known_that_is_said(workshop: Workshop) -> None:
    workshop.database.execute("create schema app; create table app.orders (id int primary key, user_id text)")
    remedy = ChangeColumnType(workshop.oid("app.orders"), 2, "integer")
    (proof,) = await cached_plans(workshop.connection, await workshop.plan(remedy))
    assert (proof.verdict, proof.forecast) == (Verdict.UNPROVED, True)
    assert proof.figures.startswith("no statement is known that gives back what changes; ")
    assert await cached_plans(workshop.connection, await workshop.plan(CreateIndex(remedy.table, (2,)))) == ()
