"""What the leader does once a day: history and backups past their retention go, and nothing else does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import structlog
from pgmend.listener.errors import LeaseLost
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.execution.work import Checkpoint, pass_by
from pgmend.listener.mending.housekeeping import Housekeeper, Tidied
from pgmend.listener.remedy import ChangeColumnType
from pgmend.sql.install import uninstall
from psycopg import sql

from tests.support.eventually import eventually
from tests.support.mending import at
from tests.support.mortal import MortalHousekeeper
from tests.support.workshop import Workshop

APP = """
create schema app;
create table app.notes (id int primary key, user_id text);
insert into app.notes values (1, '007'), (2, '8'), (3, ' 9');
"""
OLD = """
insert into pgmend.ddl_log (transaction_id, statement_started_at, position, kind, command_tag, session_role,
  effective_role, backend_pid, occurred_at)
select '1', now(), 1, 'drop', 'DROP TABLE', 'r', 'r', 1, now() - interval '91 days' from generate_series(1, 5100);
insert into pgmend.audit (occurred_at, action) values (now() - interval '91 days', 'old'), (now(), 'young');
insert into pgmend.scan (kind, recorded_at) values ('full', now() - interval '91 days');
"""


def housekeeper(workshop: Workshop, *, observe: bool = False, checkpoint: Checkpoint = pass_by) -> Housekeeper:
    return Housekeeper(
        workshop.connections, workshop.lease, timedelta(milliseconds=50), observe=observe, checkpoint=checkpoint
    )


async def tidied(workshop: Workshop, **options: Any) -> Tidied:
    return await housekeeper(workshop, **options).tidy()


async def expired(workshop: Workshop) -> tuple[Outcome, str]:
    """An applied fix whose backup has expired, and the backup's name."""
    workshop.database.execute(APP)
    outcome = await workshop.heal(ChangeColumnType(workshop.oid("app.notes"), 2, "integer"))
    assert (outcome.state, workshop.backups()) == ("applied", 1)
    expire(workshop)
    return outcome, f"spelling_{outcome.fix_id.hex}"


def expire(workshop: Workshop) -> None:
    workshop.database.execute(
        "update pgmend.fix set undo_until = now() - interval '23 days'; update pgmend.backup set expires_at = now()"
    )


def audited(workshop: Workshop) -> list[tuple[Any, ...]]:
    return workshop.database.fetch("select object, detail from pgmend.audit where action = 'backup.expired'")


def rows(workshop: Workshop) -> int:
    return workshop.database.value("select count(*) from pgmend.backup")


async def test_old_history_goes_however_much_there_is(workshop: Workshop) -> None:
    workshop.database.execute(OLD)
    assert (await tidied(workshop)).forgotten == 5102
    assert workshop.database.fetch("select action from pgmend.audit") == [("instance.adopt",), ("young",)]
    assert (await tidied(workshop)).forgotten == 0


async def test_an_expired_backup_goes_with_the_next_scan(workshop: Workshop) -> None:
    await expired(workshop)
    keeping = asyncio.create_task(housekeeper(workshop).keep_erasing(timedelta(hours=1)))
    await eventually(lambda: workshop.backups() == 0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert rows(workshop) == 0


async def test_an_expired_backup_goes_with_its_row_and_is_audited(workshop: Workshop) -> None:
    outcome, name = await expired(workshop)
    workshop.database.execute("delete from pgmend.ddl_log")
    assert await tidied(workshop) == Tidied(0, dropped=(name,))
    assert (workshop.backups(), rows(workshop)) == (0, 0)
    assert audited(workshop) == [(str(outcome.fix_id), {"relation": name, "rows": 2, "dropped": True})]
    assert workshop.state(outcome.fix_id) == "applied"
    assert workshop.database.fetch("select * from pgmend.ddl_log") == [], "what is ours is nobody's DDL"
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="any more: its backup has expired"):
        await workshop.roll_back(outcome)
    with psycopg.connect(workshop.database.dsn, autocommit=True) as connection:
        uninstall(connection)


async def test_a_backup_that_has_not_expired_stays(workshop: Workshop) -> None:
    outcome, _ = await expired(workshop)
    for expires_at in ("now() + interval '1 minute'", "null"):
        workshop.database.execute(f"update pgmend.backup set expires_at = {expires_at}".encode())
        assert await tidied(workshop) == Tidied(0)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.database.fetch("select user_id from app.notes order by id") == [("007",), ("8",), (" 9",)]


async def test_an_undo_that_was_asked_for_in_time_finds_its_backup(workshop: Workshop) -> None:
    outcome, _ = await expired(workshop)
    workshop.database.execute("update pgmend.backup set expires_at = now() + interval '1 day'")
    workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])
    expire(workshop)
    assert await tidied(workshop) == Tidied(0)
    undo = await workshop.next()
    assert undo is not None
    assert await tidied(workshop) == Tidied(0)
    assert (await workshop.executor().carry_on(undo, workshop.lease)).state == "rolled_back"
    assert workshop.database.fetch("select user_id from app.notes order by id") == [("007",), ("8",), (" 9",)]


async def test_who_asks_between_the_intent_and_the_drop_is_refused_and_who_gives_it_time_keeps_it(
    workshop: Workshop,
) -> None:
    outcome, _ = await expired(workshop)

    async def ask() -> None:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="expired"):
            await workshop.roll_back(outcome)
        workshop.database.execute("update pgmend.backup set expires_at = now() + interval '1 day'")

    assert await tidied(workshop, checkpoint=at("drop intended", ask)) == Tidied(0)
    assert (workshop.backups(), rows(workshop)) == (1, 1)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"


async def test_who_asks_while_it_is_dropped_waits_and_is_refused(workshop: Workshop) -> None:
    outcome, name = await expired(workshop)
    asking: list[asyncio.Task[Outcome]] = []
    waiting = "select count(*) from pg_locks where not granted"

    async def ask() -> None:
        asking.append(asyncio.create_task(asyncio.to_thread(roll_back)))
        await eventually(lambda: workshop.database.value(waiting))

    def roll_back() -> Any:
        return workshop.database.execute("select pgmend.rollback(%s)", [outcome.fix_id])

    assert await tidied(workshop, checkpoint=at("before commit", ask)) == Tidied(0, dropped=(name,))
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="expired"):
        await asking[0]
    assert workshop.state(outcome.fix_id) == "applied"


async def test_a_backup_in_use_is_put_off_and_waits_for_nobody(workshop: Workshop) -> None:
    _, name = await expired(workshop)
    async with await workshop.database.connect(autocommit=False) as reader:
        await reader.execute(f"select from pgmend_backup.{name}".encode())
        assert await tidied(workshop) == Tidied(0, put_off=(name,))
    assert workshop.database.value("select drop_intended_at is not null from pgmend.backup")
    workshop.database.execute(f"create view app.of_it as select * from pgmend_backup.{name}".encode())
    assert await tidied(workshop) == Tidied(0, put_off=(name,))
    assert (workshop.backups(), rows(workshop), audited(workshop)) == (1, 1, [])
    workshop.database.execute("drop view app.of_it")
    assert await tidied(workshop) == Tidied(0, dropped=(name,))


@pytest.mark.parametrize(
    ("deed", "left"),
    [
        ("drop table pgmend_backup.{0}", []),
        ("alter table pgmend_backup.{0} rename to saved", ["pgmend_backup.saved"]),
        ("alter table pgmend_backup.{0} set schema app", ["app.{0}"]),
        ("drop table pgmend_backup.{0}; create table pgmend_backup.{0} ()", ["pgmend_backup.{0}"]),
        ("drop table pgmend_backup.{0}; create view pgmend_backup.{0} as select 1", ["pgmend_backup.{0}"]),
    ],
    ids=["dropped", "renamed", "moved", "another of its name", "a view of its name"],
)
async def test_what_is_not_the_backup_any_more_is_nobodys_to_drop(
    workshop: Workshop, deed: str, left: list[str]
) -> None:
    _, name = await expired(workshop)
    workshop.database.execute(deed.format(name).encode())
    assert await tidied(workshop) == Tidied(0, gone=(name,))
    assert rows(workshop) == 0
    assert audited(workshop)[0][1]["dropped"] is False
    tables = workshop.database.fetch(
        "select oid::regclass::text from pg_class where relkind in ('r', 'v')"
        " and (relname like 'spelling%' or relname = 'saved')"
    )
    assert tables == [(each.format(name),) for each in left]


async def test_what_was_never_written_down_is_nobodys_to_drop(workshop: Workshop) -> None:
    await expired(workshop)
    workshop.database.execute("delete from pgmend.backup")
    assert await tidied(workshop) == Tidied(0)
    assert workshop.backups() == 1


@pytest.mark.parametrize("why", ["observing", "paused", "a copy"])
async def test_history_goes_and_backups_stay_where_nothing_may_be_touched(workshop: Workshop, why: str) -> None:
    _, name = await expired(workshop)
    workshop.database.execute(OLD)
    if why == "paused":
        workshop.database.execute("select pgmend.pause('deployment')")
    elif why == "a copy":
        workshop.database.execute("update pgmend.instance set database_oid = 1")
    assert await tidied(workshop, observe=why == "observing") == Tidied(5102, put_off=(name,))
    assert workshop.backups() == 1


async def test_a_leader_that_is_none_any_more_touches_nothing(workshop: Workshop) -> None:
    await expired(workshop)
    former = housekeeper(workshop)
    overtaken = housekeeper(workshop, checkpoint=at("history forgotten", workshop.lead_anew))
    with pytest.raises(LeaseLost):
        await overtaken.tidy()
    workshop.database.execute(OLD)
    for ask in (former.tidy, former.run):
        with pytest.raises(LeaseLost):
            await ask()
    assert (workshop.backups(), workshop.database.value("select count(*) from pgmend.scan")) == (1, 1)


async def test_a_housekeeper_killed_anywhere_leaves_before_or_after_and_the_next_finishes(workshop: Workshop) -> None:
    for point in range(20):
        workshop.database.execute("drop schema if exists app cascade")
        outcome, name = await expired(workshop)
        workshop.database.execute(OLD)
        mortal = MortalHousekeeper(workshop.database.dsn, workshop.lease.token, point)
        mortal.start()
        if not await asyncio.to_thread(mortal.wait):
            break
        assert workshop.backups() == rows(workshop), point
        assert workshop.database.value("select count(*) from pgmend.rollbacks_available") == 0
        await workshop.lead_anew()
        await tidied(workshop)
        assert (workshop.backups(), rows(workshop)) == (0, 0), point
        assert workshop.database.value("select min(occurred_at) > now() - interval '90 days' from pgmend.audit")
        (entry,) = [detail for object_, detail in audited(workshop) if object_ == str(outcome.fix_id)]
        assert entry == {"relation": name, "rows": 2, "dropped": True}
    assert point == 6


async def test_it_runs_at_once_and_lives_through_what_goes_wrong(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, name = await expired(workshop)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            workshop.database.execute("alter function pgmend.expire(interval, integer) rename to gone")
        elif len(pauses) == 2:
            workshop.database.execute("alter function pgmend.gone(interval, integer) rename to expire")
        else:
            raise asyncio.CancelledError

    monkeypatch.setattr("pgmend.listener.mending.housekeeping.asyncio.sleep", sleep)
    async with await workshop.database.connect(autocommit=False) as reader:
        await reader.execute(sql.SQL("select from pgmend_backup.{}").format(sql.Identifier(name)))
        with structlog.testing.capture_logs() as logs, pytest.raises(asyncio.CancelledError):
            await housekeeper(workshop).run()
    hour = timedelta(hours=1).total_seconds()
    assert pauses == [hour, hour, hour]
    assert [entry["event"] for entry in logs] == [
        "backup not dropped", "housekeeping done", "housekeeping put off", "backup not dropped", "housekeeping done",
    ]  # fmt: skip
    pauses[:] = [0, 0]
    with pytest.raises(asyncio.CancelledError):
        await housekeeper(workshop).run()
    assert pauses == [0, 0, timedelta(days=1).total_seconds()]
    assert workshop.backups() == 0


async def kept(workshop: Workshop, setup: str = APP, column: int = 2) -> Outcome:
    """An applied fix that keeps spellings."""
    workshop.database.execute(setup.encode())
    outcome = await workshop.heal(ChangeColumnType(workshop.oid("app.notes"), column, "integer"))
    assert (outcome.state, workshop.backups()) == ("applied", 1)
    return outcome


def spellings(workshop: Workshop, outcome: Outcome) -> list[str]:
    """What the backup still holds."""
    query = sql.SQL("select spelling from {} order by 1").format(
        sql.Identifier("pgmend_backup", f"spelling_{outcome.fix_id.hex}")
    )
    return [spelling for (spelling,) in workshop.database.fetch(query)]


async def test_what_is_erased_from_a_table_goes_from_its_backup_and_the_rest_can_be_undone(workshop: Workshop) -> None:
    outcome = await kept(workshop)
    assert spellings(workshop, outcome) == [" 9", "007"]
    assert await housekeeper(workshop).erase() == 0
    workshop.database.execute("delete from app.notes where id = 1")
    assert await housekeeper(workshop).erase() == 1
    assert spellings(workshop, outcome) == [" 9"]
    assert workshop.database.value("select row_count from pgmend.backup") == 1
    detail = workshop.database.value("select detail from pgmend.audit where action = 'backup.erased'")
    assert detail == {"relation": f"spelling_{outcome.fix_id.hex}", "rows": 1}
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.database.fetch("select * from app.notes order by id") == [(2, "8"), (3, " 9")]


async def test_names_are_found_again_and_keys_of_several_columns_compared(workshop: Workshop) -> None:
    odd = """
        create schema app; create type app.mood as enum ('ok', 'bad');
        create table app.notes ("Ünit ""x" text, m app.mood, user_id text, primary key (m, "Ünit ""x"));
        insert into app.notes values ('a', 'ok', '007'), ('a', 'bad', '008'), ('b', 'ok', '009');
    """
    outcome = await kept(workshop, odd, column=3)
    workshop.database.execute(
        'alter schema app rename to "Äpp"; alter table "Äpp".notes rename to "Nötes";'
        'alter table "Äpp"."Nötes" rename column m to "select"; delete from "Äpp"."Nötes" where user_id = 8'
    )
    assert await housekeeper(workshop).erase() == 1
    assert spellings(workshop, outcome) == ["007", "009"]


async def test_with_its_table_all_of_a_backup_goes(workshop: Workshop) -> None:
    outcome = await kept(workshop)
    workshop.database.execute("drop table app.notes")
    assert await housekeeper(workshop).erase() == 2
    assert spellings(workshop, outcome) == []


async def test_where_the_key_is_gone_nothing_is_erased(workshop: Workshop) -> None:
    outcome = await kept(workshop)
    workshop.database.execute("alter table app.notes drop column id; delete from app.notes")
    with structlog.testing.capture_logs() as logs:
        assert await housekeeper(workshop).erase() == 0
    assert [each["event"] for each in logs] == ["backup not looked through"]
    assert len(spellings(workshop, outcome)) == 2


async def test_rows_that_are_hidden_from_us_are_not_taken_for_gone(workshop: Workshop, role: Any) -> None:
    outcome = await kept(workshop)
    workshop.database.execute(
        "alter table app.notes enable row level security; alter table app.notes force row level security"
    )
    assert await housekeeper(workshop).erase() == 0
    assert len(spellings(workshop, outcome)) == 2


async def test_a_table_that_is_locked_is_looked_at_in_the_next_round(workshop: Workshop) -> None:
    outcome = await kept(workshop)
    workshop.database.execute("delete from app.notes")
    async with await workshop.database.connect(autocommit=False) as holder:
        await holder.execute("lock table app.notes in access exclusive mode")
        with structlog.testing.capture_logs() as logs:
            assert await housekeeper(workshop).erase() == 0
        assert "55P03" in logs[0]["reason"]
    assert await housekeeper(workshop).erase() == 2
    assert spellings(workshop, outcome) == []


@pytest.mark.parametrize("hindrance", ["paused", "observing"])
async def test_nothing_is_erased_where_nothing_may_be_touched(workshop: Workshop, hindrance: str) -> None:
    outcome = await kept(workshop)
    workshop.database.execute("delete from app.notes")
    if hindrance == "paused":
        workshop.database.execute("select pgmend.pause('month end')")
    assert await housekeeper(workshop, observe=hindrance == "observing").erase() == 0
    assert len(spellings(workshop, outcome)) == 2


async def test_another_leader_stops_the_erasing(workshop: Workshop) -> None:
    await kept(workshop)
    workshop.database.execute("delete from app.notes")
    old = housekeeper(workshop)
    await workshop.lead_anew()
    with pytest.raises(LeaseLost):
        await old.erase()
