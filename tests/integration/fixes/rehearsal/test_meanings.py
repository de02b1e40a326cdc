"""What a change of type does to a statement though none of its types says so: a doubt that names the statement."""

from __future__ import annotations

from dataclasses import replace

from pgmend.listener.fixes.plan import Verdict
from pgmend.listener.fixes.rehearsal.statement_proof import NAME as STATEMENTS
from pgmend.listener.remedy import ChangeColumnType
from psycopg import sql

from tests.support.rehearsed import rehearse, to_integer
from tests.support.workshop import Workshop

ORDER = "what has another order then (ORDER_CHANGES)"
USE = "it compares or computes with what has another type then"
ROWS = "it takes whole rows of app.sessions"

OTHERWISE = {
    "select seen from app.sessions order by user_id": ORDER,
    "select distinct on (user_id) seen, id from app.sessions": ORDER,
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
    "select exists (select user_id from app.sessions group by user_id having count(*) > 1)": ORDER,
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
    "select id from app.users u where exists (select * from app.sessions s where s.id = u.id)",
    "select exists (select s from app.sessions s)",
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
    rows, sorts = sorted(examples.splitlines())
    assert rows.startswith(f'view app."Röws": {ROWS}')
    assert sorts.startswith(f"view app.sorted: {USE}")


PLACES = {
    "a_field": (
        "trigger",
        "begin new.user_id := 7; return new; end",
        'new."user_id": result user_id text becomes integer',
    ),
    "a_field_of_an_into": (
        "trigger",
        "begin select 'x' into new.user_id; return new; end",
        'new."user_id": result user_id text becomes integer',
    ),
    "a_variable": (
        "void",
        "declare v app.sessions.user_id%type; begin v := 'x'; end",
        "variable v: result user_id text becomes integer",
    ),
    "a_default": (
        "void",
        "declare v app.sessions.user_id%type := 'x'; begin end",
        "variable v: result user_id text becomes integer",
    ),
    "a_returning": (
        "void",
        "declare v app.sessions.user_id%type; begin insert into app.users values (7) returning 'x' into v; end",
        "variable v: result user_id text becomes integer",
    ),
    "a_row": ("void", "declare v app.sessions%rowtype; begin v := null; end", f"variable v: {ROWS}"),
    "a_table": ("void", "declare v sessions; begin v := null; end", f"variable v: {ROWS}"),
    "a_result": ("app.sessions", "begin return row(1, 'x', 'y'); end", f"what it returns: {ROWS}"),
    "an_old_value": (
        "trigger",
        "declare v text; begin v := old.user_id; return new; end",
        '`select ($1::"app"."sessions").user_id`',
    ),
    "a_whole_row": ("trigger", "begin perform to_jsonb(new); return new; end", ROWS),
    "a_condition": ("void", "begin if exists (select from app.sessions order by user_id) then end if; end", ORDER),
}


async def test_what_a_function_puts_into_the_column_or_its_like_is_a_doubt(workshop: Workshop) -> None:
    workshop.database.execute("select seen from app.sessions where id = 1")
    for name, (gives, source, _) in PLACES.items():
        function = sql.Identifier("app", name)
        workshop.database.execute(
            sql.SQL("create function {}() returns {} language plpgsql set search_path = app as {}").format(
                function, sql.SQL(gives), sql.Literal(source)
            )
        )
        if gives == "trigger":
            make = "create trigger {} before update on app.sessions for each row execute function {}()"
            workshop.database.execute(sql.SQL(make).format(sql.Identifier(name), function))
    workshop.limits = replace(workshop.limits, counter_examples=100)
    told = (await rehearse(workshop))[STATEMENTS]
    for name, (_, _, why) in PLACES.items():
        assert any(f"function app.{name}()" in each and why in each for each in told.counter_examples), (name, told)


async def test_what_a_function_does_with_other_columns_is_proved(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        select seen from app.sessions where id = 1;
        create function app.stamp() returns trigger language plpgsql as $$
          declare v app.sessions.seen%type := 'x'; n app.users.id%type; r record; w constant record := row(1); begin
            new.seen := v || new.id; select id into n from app.users where id = new.id;
            for r in select id from app.sessions loop n := r.id; end loop;
            if new.user_id is null or old.seen is distinct from new.seen or new.user_id::int = 7 then
              new.id := old.id;
            end if;
            return new; end $$;
        create trigger stamp before update on app.sessions for each row execute function app.stamp();
        create function app.counted(p app.users, out n bigint) language sql as
          'select count(*) from app.sessions s where s.id = p.id';
        """
    )
    assert (await rehearse(workshop)).statements == (Verdict.PROVED, "")


async def test_the_body_of_a_sql_function_is_looked_into(workshop: Workshop) -> None:
    workshop.database.execute(
        """
        select seen from app.sessions where id = 1;
        create function app.rows() returns setof jsonb language sql as 'select to_jsonb(s) from app.sessions s';
        create function app.after_five() returns bigint language sql as
          $$ select 1; select count(*) from app.sessions where user_id > '5' -- $$;
        create function app.first(p int default 7, out seen text) language sql begin atomic
          select s.seen from app.sessions s where s.id = p order by s.seen; end;
        create procedure app.forget(p int) language sql as 'delete from app.sessions where id = p';
        """
    )
    workshop.limits = replace(workshop.limits, counter_examples=100)
    verdict, examples = (await rehearse(workshop)).statements
    assert verdict is Verdict.UNPROVED
    after, rows = sorted(examples.splitlines())
    assert after.startswith("function app.after_five(): it sorts")
    assert rows.startswith(f"function app.rows(): {ROWS}")
