"""Whatever differs from the expected schema, in the words in which the comparison tells it: all is well afterwards."""

from __future__ import annotations

import pytest
from pgmend.listener.expected.compare import Terms, compare
from pgmend.listener.expected.difference import Difference
from pgmend.listener.judging.expectation import restoration
from pgmend.listener.store.expected import read_expected, write_expected

from tests.support.restoration import LOCKED, PREPARATION, portrayed, run
from tests.support.workshop import Workshop

WELL = """
create schema other;
create type app.mood as enum ('sad', 'ok');
create domain app.positive as int constraint pos check (value > 0);
create sequence app.s increment by 2;
create function app.f() returns trigger language plpgsql as 'begin return new; end';
create function app.g(a int) returns int immutable language sql as 'select a + 1';
create table app.u (id int primary key, name text not null default 'x', state varchar(9));
create table app.t (
    id serial primary key, u int references app.u on delete cascade, m app.mood default 'sad', p app.positive,
    n int not null check (n > 0), unique (n), constraint words check (name in ('a', 'b')), name varchar(3)
);
insert into app.u values (1), (2); insert into app.t (u, n, name) values (1, 1, 'a'), (2, 2, 'b');
create index t_u on app.t (u);
create view app.v as select id, n from app.t where n > 0;
create view app.w as select v.id, v.n, u.name from app.v join app.u on u.id = v.n;
create materialized view app.m as select id from app.v;
create trigger x before update on app.t for each row execute function app.f();
create rule r as on delete to app.u do instead nothing;
alter table app.t enable row level security;
create policy p on app.t for select using (n > 0);
create statistics app.st on u, n from app.t;
grant select on app.v to pg_monitor; grant select (n) on app.t to pg_monitor;
comment on column app.t.n is 'n'; comment on function app.g is 'g';
"""
FAULTS = (
    "drop view app.w",
    "drop view app.v cascade",
    "create or replace view app.v as select id, n from app.t where n > 5",
    "drop materialized view app.m",
    "alter table app.t drop constraint words",
    "alter table app.t drop constraint t_u_fkey",
    "alter table app.t drop constraint t_n_key",
    "alter table app.t drop constraint t_pkey",
    "alter table app.t alter n drop not null",
    "alter table app.u alter name drop default, alter name drop not null",
    "alter table app.u alter state type text",
    "drop trigger x on app.t; drop function app.f",
    "alter table app.t disable trigger x; alter table app.t disable row level security",
    "drop policy p on app.t; create policy p on app.t for select using (n > 9)",
    "drop rule r on app.u; drop statistics app.st",
    "drop function app.g",
    "create or replace function app.g(a int) returns int immutable language sql as 'select a + 2'",
    "alter table app.u rename to people; alter table app.people rename name to title",
    "alter view app.v rename to v1; alter index app.t_u rename to t_u1; alter trigger x on app.t rename to x1",
    "revoke all on app.v from pg_monitor; grant all on app.t to public; revoke select (n) on app.t from pg_monitor",
    "alter table app.u owner to pg_monitor; alter function app.g owner to pg_monitor",
    "comment on column app.t.n is null; comment on function app.g is 'h'; comment on schema app is 'x'",
    "alter sequence app.s increment by 3; drop schema other",
    "drop index app.t_u",
    "drop table app.t cascade",
)
MOST_ROUNDS = 20


async def differences(workshop: Workshop) -> tuple[Difference, ...]:
    found = compare(
        await read_expected(workshop.connection), await portrayed(workshop), Terms(known=True, declared=False)
    )
    return tuple(each for each in found if each.aspect != "unexpected")


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_difference_is_healed(workshop: Workshop, fault: str) -> None:
    run(workshop, PREPARATION + WELL)
    await write_expected(workshop.connection, LOCKED, (await portrayed(workshop)).objects.values())
    run(workshop, fault)
    assert await differences(workshop)
    for _ in range(MOST_ROUNDS):
        for difference in await differences(workshop):
            remedy = restoration(difference)
            assert remedy is not None
            if (await workshop.plan(remedy)).waits_for is None:
                outcome = await workshop.heal(remedy)
                assert (remedy.name, outcome.state, outcome.reason) == (remedy.name, "applied", None)
                break
        else:
            break
    assert [(each.name, each.aspect, each.before, each.after) for each in await differences(workshop)] == []
