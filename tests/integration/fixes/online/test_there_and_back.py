"""A column gets its other type while everybody writes, and the old one back with what was written since."""

from __future__ import annotations

import pytest
from pgmend.listener.fixes.plan import Hazard, Plan

from tests.support.workshop import Workshop

from .subject import left_over, setup, to_type, type_of, values


async def test_text_becomes_integer_and_text_again(workshop: Workshop) -> None:
    setup(workshop)
    before = columns(workshop)
    outcome = await workshop.heal(to_type(workshop))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (type_of(workshop), left_over(workshop)) == ("integer", [])
    assert values(workshop) == {n: n for n in range(1, 2001)}
    workshop.database.execute("insert into app.sessions (id, user_id) values (9999, 7)")
    workshop.database.execute(
        "update app.sessions set user_id = 21 where id = 2; delete from app.sessions where id = 3"
    )
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert values(workshop) == {**{n: str(n) for n in range(1, 2001) if n != 3}, 2: "21", 9999: "7"}
    assert (sorted(columns(workshop)), left_over(workshop)) == (sorted(before), [])


def columns(workshop: Workshop) -> list[tuple[str, str]]:
    return [(str(name), str(kind)) for kind, name, *_ in workshop.structure()]


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("text", "('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))", "uuid"),
        ("integer", "n", "bigint"),
        ("bigint", "n", "integer"),
        ("bigint", "n * 10000000000", "text"),
        ("integer", "n % 2", "boolean"),
        ("numeric(10,2)", "n", "integer"),
        ("json", "json_build_object('n', n)", "jsonb"),
        ("timestamp", "timestamp '2020-01-01' + n * interval '1 day'", "date"),
        ("varchar(9)", "case when n % 3 > 0 then 'x' || n end", "varchar(7)"),
    ],
)
async def test_every_value_is_the_same_in_its_other_type_and_again(
    workshop: Workshop, old: str, value: str, new: str
) -> None:
    if "json" in new and workshop.connection.info.server_version < 160000:
        pytest.skip("before 16 the server cannot tell JSON with a key twice")
    workshop_index = "" if old == "json" else "create index again on app.sessions (user_id, id) include (seen)"
    if old == "json":
        setup(workshop, "text", "n::text", "drop index app.sessions_user_id_idx")
        workshop.database.execute("alter table app.sessions alter user_id type json using to_json(id)")
    else:
        setup(workshop, old, value, workshop_index)
    texts = "select id, user_id::text from app.sessions order by id"
    before = workshop.database.fetch(texts)
    cast = f"select id, user_id::{new}::text from app.sessions order by id"
    wanted = workshop.database.fetch(cast.encode())
    outcome = await workshop.heal(to_type(workshop, new))
    if old == "numeric(10,2)":
        # 7.00 becomes 7 and comes back as 7.00: the scale is the column's.
        assert (outcome.state, outcome.reason) == ("applied", None)
    assert (outcome.state, outcome.reason, type_of(workshop)) == ("applied", None, spelled(new))
    assert workshop.database.fetch(texts) == wanted
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert (workshop.database.fetch(texts), left_over(workshop)) == (before, [])


def spelled(type_name: str) -> str:
    return type_name.replace("varchar", "character varying")


async def test_the_plan_says_what_happens_and_survives_json(workshop: Workshop) -> None:
    setup(workshop)
    plan = await workshop.plan(to_type(workshop))
    assert Plan.from_json(plan.to_json()) == plan
    assert plan.hazards == (
        Hazard.ACCESS_EXCLUSIVE_LOCK,
        Hazard.FULL_SCAN,
        Hazard.INDEX_BUILD,
        Hazard.COLUMN_ORDER,
        Hazard.SERIALIZATION_FAILURES,
        Hazard.RESULT_TYPE_CHANGES,
        Hazard.ORDER_CHANGES,
    )
    assert [step.title for step in plan.steps] == [
        "Keep user_id_pgmend_old in step no more",
        "Take column user_id_pgmend_old away again",
        "Add column user_id_pgmend_new and keep it in step",
        "Fill user_id_pgmend_new for the rows that are there",
        "Create index sessions_user_id_idx anew",
        "Index the rows whose value has no like",
        "Put user_id_pgmend_new in the place of user_id",
    ]
    assert plan == await workshop.plan(to_type(workshop)), "the same plan has the same words"


async def test_names_of_every_kind_are_kept(workshop: Workshop) -> None:
    table, column = "Täble \"q\" 'x'", "c" * 61 + "é"
    workshop.database.execute(
        f"""create schema "S é"; create table "S é"."{table.replace('"', '""')}" (id int primary key, "{column}" text);
        create unique index "i {"x" * 59}é" on "S é"."{table.replace('"', '""')}" ("{column}") where id > 0;
        insert into "S é"."{table.replace('"', '""')}" select n, n from generate_series(1, 50) n""".encode()
    )
    setup(workshop)
    before = workshop.structure()
    oid = workshop.database.value("select oid::bigint from pg_class where relname = %s", [table])
    remedy = to_type(workshop)
    remedy = type(remedy)(oid, 2, "integer")
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert {row[:3] for row in workshop.structure()} == {row[:3] for row in before}
    assert left_over(workshop) == []


@pytest.mark.parametrize("new", ["bigint", "text"])
async def test_not_null_comes_back_by_its_name(workshop: Workshop, new: str) -> None:
    named = workshop.connection.info.server_version >= 180000
    how = 'add constraint "Nöt null" not null user_id' if named else "alter user_id set not null"
    said = "comment on constraint \"Nöt null\" on app.sessions is 'mine'" if named else ""
    setup(workshop, "integer", "n", f"alter table app.sessions {how}; {said}")
    before = sorted(row for row in workshop.structure() if row[0] == "constraint")
    outcome = await workshop.heal(to_type(workshop, new))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert sorted(row for row in workshop.structure() if row[0] == "constraint") == before
    null = "select attnotnull from pg_attribute where attrelid = 'app.sessions'::regclass and attname = 'user_id'"
    assert workshop.database.value(null) is True
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert (workshop.database.value(null), left_over(workshop)) == (True, [])
    assert sorted(row for row in workshop.structure() if row[0] == "constraint") == before


async def test_a_primary_key_becomes_bigint(workshop: Workshop) -> None:
    setup(workshop, more="comment on constraint sessions_pkey on app.sessions is 'the key'")
    before = {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")}
    remedy = to_type(workshop, "bigint")
    outcome = await workshop.heal(type(remedy)(remedy.table, 1, "bigint"))
    assert (outcome.state, outcome.reason, left_over(workshop)) == ("applied", None, [])
    assert {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")} == before
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason, left_over(workshop)) == ("rolled_back", None, [])
    assert {row[:3] for row in workshop.structure() if row[0] in ("constraint", "index")} == before


async def test_an_undo_is_refused_where_a_value_has_no_place(workshop: Workshop) -> None:
    setup(workshop, "integer", "n")
    outcome = await workshop.heal(to_type(workshop, "bigint"))
    workshop.database.execute("update app.sessions set user_id = 3000000000 where id = 9")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "applied"
    assert "id=9, value=3000000000" in (undone.reason or "")
    assert (type_of(workshop), left_over(workshop)) == ("bigint", [])


async def test_a_value_too_big_is_refused_before_anything_is_done(workshop: Workshop) -> None:
    setup(workshop, "bigint", "n::bigint * 10000000")
    before = workshop.structure()
    plan = await workshop.plan(to_type(workshop))
    assert "have no place in integer" in (plan.refusal or "")
    assert workshop.structure() == before


async def test_long_values_are_taken_along(workshop: Workshop) -> None:
    setup(workshop, "text", "repeat(md5(n::text), 400)", "drop index app.sessions_user_id_idx", rows=50)
    before = values(workshop)
    outcome = await workshop.heal(to_type(workshop, "varchar(20000)"))
    assert (outcome.state, outcome.reason) == ("applied", None)
    assert values(workshop) == before


async def test_others_triggers_do_not_see_the_backfill(workshop: Workshop) -> None:
    setup(
        workshop,
        more="""
        create table app.audit (said text);
        create function app.note() returns trigger language plpgsql as
          $$ begin insert into app.audit values (tg_name); new.seen = 'touched'; return new; end $$;
        create trigger a before update on app.sessions for each row execute function app.note();
        create trigger b after insert or update or delete on app.sessions for each row execute function app.note();
        create trigger c after update on app.sessions for each statement execute function app.note();
        """,
    )
    outcome = await workshop.heal(to_type(workshop))
    assert outcome.state == "applied"
    assert (await workshop.roll_back(outcome)).state == "rolled_back"
    assert workshop.database.value("select count(*) from app.audit") == 0
    assert workshop.database.value("select count(*) from app.sessions where seen = 'touched'") == 0
