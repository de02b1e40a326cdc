"""Portraits of test databases, and what differs between two of them."""

from __future__ import annotations

from pgmend.listener.connection import connect
from pgmend.listener.expected.compare import Terms, compare
from pgmend.listener.expected.difference import Difference
from pgmend.listener.expected.portrait import Portrait
from pgmend.listener.expected.read import read_portrait

from .database import Database

EVERYTHING = """
create schema "Größe, s";
comment on schema "Größe, s" is 'sizes';
create extension hstore;
create type mood as enum ('sad', 'o''k');
create type mood2 as enum ('sad', 'o''k');
create domain posint as integer default 3 constraint pos check (value > 0);
create type "Größe, s".pair as (a int, "B c" text collate "C");
create type span as range (subtype = float8);
create sequence sq increment by 2 maxvalue 10;
create function f(a integer, out b integer) language sql as 'select $1';
create function "G 1"(a integer default 1) returns int language sql begin atomic select a + 1; end;
create procedure pr(a int) language plpgsql as $$ begin end $$;
create aggregate agg(integer) (sfunc = int4pl, stype = int, initcond = '0');
create table "Größe, s"."T 1" (
    id int generated always as identity primary key,
    s serial,
    m mood default 'sad',
    p posint,
    n numeric(10, 2) not null,
    "wörld is a name that is as long as a name can be: 63 byte, abc" text collate "C" default 'x',
    gen int generated always as (id * 2) stored,
    constraint chk check (n > 0),
    constraint uq unique (n) include (m)
) with (fillfactor = 70);
comment on column "Größe, s"."T 1".n is 'c';
grant select on "Größe, s"."T 1" to pg_monitor;
grant select (n) on "Größe, s"."T 1" to pg_monitor;
create table child (id int primary key, t1 int references "Größe, s"."T 1" on delete cascade, x text);
create index i1 on child (t1, lower(x)) where t1 > 3;
create table other (k int, v text);
create table lonely (id serial primary key, note text);
create table parts (a int, b int, primary key (a)) partition by range (a);
create table parts1 partition of parts for values from (0) to (10);
create index pi on parts (b);
create view v with (security_barrier) as select id, n as nn from "Größe, s"."T 1" where n > 1;
create materialized view mv as select id from child where x is not null;
create rule r as on delete to other where old.k > 3 do also insert into child values (old.k);
create function trg() returns trigger language plpgsql as 'begin return new; end';
create trigger tr before update of x on child for each row when (old.x is distinct from new.x)
    execute function trg('a', 'b');
alter table child enable row level security;
create policy pol on child for select to pg_monitor using (x = 'a' and exists (select from other where k = t1));
create statistics st on x, t1 from child;
"""


async def portrait_of(database: Database) -> Portrait:
    async with await connect(database.dsn, "test") as connection:
        return await read_portrait(connection)


def differences(
    before: Portrait, after: Portrait, *, known: bool = True, declared: bool = False, unexpected: bool = False
) -> list[Difference]:
    """What differs; what is there unexpectedly only on demand."""
    found = compare(before.objects.values(), after, Terms(known=known, declared=declared))
    return [each for each in found if unexpected or each.aspect != "unexpected"]


def told(found: list[Difference]) -> list[str]:
    """Each as `aspect kind [relation.]name`."""
    return [
        f"{each.aspect} {each.name.kind.value} {'.'.join(filter(None, (each.name.relation, each.name.name)))}"
        for each in found
    ]
