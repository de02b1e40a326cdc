"""What a change of type does to a statement though none of its types says so: a doubt that names the statement."""

from __future__ import annotations

from dataclasses import replace

from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.remedy import ChangeColumnType

from tests.support.rehearsed import rehearse, to_integer
from tests.support.workshop import Workshop

ORDER = "what has another order then (ORDER_CHANGES)"
USE = "it compares or computes with what has another type then"
ROWS = "it takes whole rows of app.sessions"

OTHERWISE = {
    "select seen from app.sessions order by user_id": ORDER,
    "select distinct on (user_id) seen from app.sessions": ORDER,
    "select count(*) from app.sessions group by user_id": ORDER,
    "select row_number() over (partition by seen order by user_id desc) from app.sessions": ORDER,
    "select string_agg(seen, ',' order by user_id) from app.sessions": ORDER,
    "select a.id from app.sessions a join app.sessions b on a.user_id < b.user_id": ORDER,
    "select count(*) from (select user_id from app.sessions union select user_id from app.sessions) q": ORDER,
    "select count(distinct user_id) from app.sessions": ORDER,
    "select count(*) from app.sessions a join app.sessions b using (user_id)": USE,
    "select to_jsonb(user_id) from app.sessions": USE,
    "select jsonb_build_array(user_id) from app.sessions": USE,
    "select row(user_id, id) from app.sessions": USE,
    "select user_id::text::varchar = 'x' from app.sessions": USE,
    "select format('%s', user_id) from app.sessions": USE,
    "select json_agg(s) from app.sessions s": ROWS,
    "select to_jsonb(s) from app.sessions s": ROWS,
    "select s from app.sessions s": ROWS,
    "select row(s.*) is null from app.sessions s": USE,
    "select array_agg(s) from app.sessions s": ROWS,
    "select row_to_json(q) from (select user_id, seen from app.sessions) q": USE,
    "select json_agg(j) from (app.sessions a join app.users u on true) j": USE,
    "with q as (select * from app.sessions) select to_jsonb(q) from q": USE,
    "insert into app.sessions as s (id) values (7) on conflict (id) do update set seen = excluded::text": ROWS,
    "update app.users u set id = u.id from app.sessions s where s is null and false": ROWS,
}


async def test_what_does_otherwise_with_the_same_types_is_a_doubt(workshop: Workshop) -> None:
    for number, statement in enumerate(OTHERWISE):
        workshop.database.execute(f"{statement} /*{number}*/".encode())
    workshop.limits = replace(workshop.limits, counter_examples=100)
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED, examples
    lines = [line.partition(": ")[2] for line in examples.splitlines()]
    for number, why in enumerate(OTHERWISE.values()):
        line = next((each for each in lines if f"/*{number}*/" in each), "")
        assert why in line, (number, examples)
        assert line.endswith("whether it still does what it is meant to do is not proved")


SAME = (
    "select s.id from app.sessions s join app.users u using (id) order by s.seen",
    "select a.seen, u.id from (app.sessions a left join app.users u on a.id = u.id) where u.id between 1 and 7",
    "insert into app.sessions (id) values (7) on conflict (id) do update set seen = excluded.seen returning id",
    "select seen from app.sessions where user_id is not null",
    "select user_id::int from app.sessions where user_id::int = 7 order by user_id::int",
    "select seen from app.sessions for update",
    "select to_jsonb(u), u from app.users u, app.sessions s",
    "delete from app.sessions where exists (select from app.users where app.users.id = app.sessions.id) and false",
    "with x as (update app.sessions set seen = 'z' where id = 9 returning id) select x.id from x",
)


async def test_what_does_the_same_is_proved(workshop: Workshop) -> None:
    for statement in SAME:
        workshop.database.execute(statement.encode())
    told = await rehearse(workshop)
    assert told.statements == (Verdict.PROVED, "")
    assert told.verdicts == {Verdict.PROVED}


async def test_a_cast_to_the_old_type_means_the_column_itself(workshop: Workshop) -> None:
    workshop.database.execute("alter table app.sessions alter user_id type int using user_id::int")
    workshop.database.execute("select public.pg_stat_statements_reset()")
    workshop.database.execute("select user_id::text from app.sessions where user_id::text = '7' order by user_id::text")
    back = ChangeColumnType(workshop.oid("app.sessions"), 3, "text", restores=False)
    told = await rehearse(workshop, await workshop.plan(back))
    assert told.statements == (Verdict.PROVED, "")


async def test_a_statement_of_more_parameters_than_a_function_can_have_is_looked_into(workshop: Workshop) -> None:
    values = ", ".join(f"({number}, 'ö $1 x')" for number in range(100, 200))
    workshop.database.execute(f"insert into app.sessions (id, seen) values {values}".encode())
    assert (await rehearse(workshop)).statements == (Verdict.PROVED, "")


async def test_what_the_database_keeps_and_does_otherwise_is_a_doubt(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        create view app.sorted as select id from app.sessions order by user_id::text || 'x', user_id::int;
        create view app."Röws" as select to_jsonb(s) as j from app.sessions s;
        create view app.same as select id, user_id::int as n from app.sessions where user_id is not null;
        create view app.over as select n from app.same;
        alter table app.sessions add check (user_id is not null), add check (length(seen) < 9);
        create policy p on app.users using (exists (select from app.sessions s where s.user_id::int = users.id));
        select id from app.over, app.sessions limit 1;
        """
    )
    workshop.limits = replace(workshop.limits, counter_examples=100)
    plan = await workshop.plan(to_integer(workshop))
    assert plan.refusal is None
    verdict, examples = (await rehearse(workshop, plan)).statements
    assert verdict is Verdict.UNPROVED
    rows, sorts = examples.splitlines()
    assert rows.startswith(f'view app."Röws": {ROWS}')
    assert sorts.startswith(f"view app.sorted: {USE}")
