"""What cannot be preserved is refused by name before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pgmend.listener.remedy import ChangeColumnType

from tests.support.role import Roles
from tests.support.workshop import Workshop

from .everything import everything

APP = """
create schema app;
create function app.touch() returns trigger language plpgsql as 'begin return new; end';
create table app.t (id int primary key, c {old}, v int, w text);
insert into app.t select n, {value}, n, 'w' || n from generate_series(1, 9) n;
"""
VALUES = {"boolean": "n > 4", "timestamp": "date '2020-01-01' + n"}


@dataclass(frozen=True)
class Case:
    """What hangs on column app.t.c, of type `old`, which was to become `new`, and what the refusal says."""

    setup: str
    says: str
    old: str = "text"
    new: str = "integer"
    since: int = 14
    before: int = 99


CASES = {
    "a materialized view": Case(
        "create materialized view app.m as select c from app.t", "view app.m is materialized: its rows would have"
    ),
    "a materialized view on a view": Case(
        "create view app.v as select c from app.t; create materialized view app.m as select * from app.v",
        "view app.m is materialized",
    ),
    "a generated column": Case(
        "alter table app.t add column g text generated always as (c || 'x') stored", "column app.t.g is generated from"
    ),
    "a virtual generated column": Case(
        "alter table app.t add column g text generated always as (c || 'x')", "column app.t.g is generated", since=18
    ),
    "a generated column itself": Case(
        "alter table app.t drop column c, add column c text generated always as ((v + 1)::text) stored",
        "column app.t.c is generated",
        since=14,
    ),
    "a function of parsed SQL": Case(
        "create function app.f() returns bigint begin atomic select count(c) from app.t; end",
        "function app.f() has a body that names the column",
    ),
    "a function of parsed SQL on a view": Case(
        "create view app.v as select c from app.t;"
        "create function app.f() returns bigint begin atomic select count(*) from app.v; end",
        "view app.v is what function app.f() stands on",
    ),
    "a function that returns rows of a view": Case(
        "create view app.v as select c from app.t; create function app.f() returns setof app.v language sql as"
        " 'select * from app.v'",
        "view app.v is what function app.f() stands on",
    ),
    "a table with a column of a view's row": Case(
        "create view app.v as select c from app.t; create table app.o (x app.v[])",
        "view app.v is what column x of table app.o stands on",
    ),
    "a publication that filters": Case(
        "alter table app.t replica identity full; create publication pub for table app.t where (c is not null)",
        "publication pub filters or lists by the column",
        since=15,
    ),
    "a publication that lists": Case(
        "create publication pub for table app.t (id, c)", "publication pub filters or lists by the column", since=15
    ),
    "an exclusion constraint": Case(
        "alter table app.t add constraint x exclude using btree (c with =)",
        "constraint x on app.t is an exclusion constraint",
    ),
    "a foreign key with a disabled trigger": Case(
        "create table app.o (c int primary key); insert into app.o select c from app.t;"
        "alter table app.t add constraint f foreign key (c) references app.o; alter table app.o disable trigger all",
        "constraint f on app.t has triggers that are not enabled",
        "integer",
        "bigint",
    ),
    "a partitioned table": Case(
        "drop table app.t; create table app.t (id int, c text) partition by list (id)", "table app.t is partitioned"
    ),
    "a partition": Case(
        "drop table app.t; create table app.p (id int, c text) partition by list (id);"
        "create table app.t partition of app.p default",
        "table app.t is a partition",
    ),
    "a child": Case(
        "drop table app.t; create table app.p (id int, c text); create table app.t (v int) inherits (app.p)",
        "table app.t has the column from a table",
    ),
    "a parent": Case("create table app.u (x int) inherits (app.t)", "table app.t has a child that inherits the column"),
    "a typed table": Case(
        "drop table app.t; create type app.ty as (id int, c text); create table app.t of app.ty",
        "table app.t is made of a composite type",
    ),
    "a foreign table": Case(
        "drop table app.t; create foreign data wrapper w; create server s foreign data wrapper w;"
        "create foreign table app.t (id int, c text) server s",
        "table app.t is a foreign table",
    ),
    "a column of its row": Case("create table app.o (x app.t)", "column x of table app.o has the table's row"),
    "a column of an array of its rows in a composite": Case(
        "create type app.pair as (a int, b app.t[]); create table app.o (x app.pair)",
        "column x of table app.o has the table's row",
    ),
    "a rule of its table": Case(
        "create rule r as on update to app.t where old.c is null do instead nothing", "rule r on app.t mentions"
    ),
    "a rule of another table": Case(
        "create table app.o (x text); create rule r as on insert to app.o do also select c from app.t",
        "rule r on app.o mentions",
    ),
    "a view that compares it with a text": Case(
        "create view app.v as select id from app.t where c = 'a'", "view app.v could not be read any more: operator"
    ),
    "a view on a view that calls a function of texts": Case(
        "create view app.v1 as select id, c as d from app.t; create view app.v2 as select upper(d) from app.v1",
        "view app.v2 could not be read any more: function",
    ),
    "a view that unites it with texts": Case(
        "create view app.v as select c from app.t union select w from app.t",
        "view app.v could not be read any more: UNION types",
    ),
    "a policy that compares it with a text": Case(
        "create policy p on app.t using (c = current_user)", "policy p on app.t could not be read any more"
    ),
    "a policy of another table that does": Case(
        "create table app.o (c text); create policy p on app.o using (exists (select from app.t where t.c = o.c))",
        "policy p on app.o could not be read any more",
    ),
    "a trigger that compares it": Case(
        "create trigger tr before update on app.t for each row when (new.c <> '') execute function app.touch()",
        "trigger tr on app.t could not be read any more",
    ),
    "a check that compares it": Case(
        "alter table app.t add constraint k check (c <> '')", "constraint k on app.t could not be read any more"
    ),
    "an index on an expression": Case("create index i on app.t (lower(c))", "index app.i could not be read any more"),
    "an index with a predicate": Case(
        "create index i on app.t (id) where c <> ''", "index app.i could not be read any more"
    ),
    "an index with an operator class": Case(
        "create index i on app.t (c text_pattern_ops)", "index app.i has an operator class that does not take integer"
    ),
    "an index without a class for the new type": Case(
        "create index i on app.t (c)", "index app.i has an operator class that does not take json", "text", "json", 16
    ),
    "an index with a collation": Case(
        'create index i on app.t (c collate "POSIX")', "index app.i has a collation, and integer takes none"
    ),
    "an invalid index": Case(
        "create index i on app.t (c); update pg_index set indisvalid = false where indexrelid = 'app.i'::regclass",
        "index app.i is invalid",
    ),
    "statistics on an expression": Case(
        "create statistics app.s on (upper(c)), v from app.t", "statistics app.s could not be read any more"
    ),
    "statistics that need an order": Case(
        "create statistics app.s on c, v from app.t", "statistics app.s needs an order", "text", "json", 16
    ),
    "an identity": Case(
        "alter table app.t alter c set not null, alter c add generated always as identity",
        "sequence app.t_c_seq is the column's identity",
        "integer",
        "text",
    ),
    "an identity that went too far": Case(
        "alter table app.t alter c set not null, alter c add generated always as identity;"
        "select setval('app.t_c_seq', 3000000000)",
        "sequence app.t_c_seq is at 3000000000, more than integer holds",
        "bigint",
        "integer",
    ),
    "a default without a place": Case("alter table app.t alter c set default ''", "The default ''::text has no place"),
    "a default that is computed": Case(
        "alter table app.t alter c set default current_user::text",
        "The default of c ((CURRENT_USER)::text) cannot be proved",
    ),
    "a view of an extension": Case(
        "create view app.v as select c from app.t; alter extension plpgsql add view app.v",
        "view app.v belongs to an extension",
    ),
    "a view that writes truths": Case(
        "create view app.v as select c::text as d from app.t",
        "view app.v could not be read any more: what it makes of the column may depend on the type",
        "boolean",
        "integer",
    ),
    "a check that reckons with dates": Case(
        "alter table app.t add constraint k check (extract(hour from c) = 0)",
        "constraint k on app.t could not be read any more: what it makes of the column",
        "timestamp",
        "date",
    ),
    "an index that depends on an extension": Case(
        "create index i on app.t (c); alter index app.i depends on extension plpgsql",
        "index app.i depends on an extension",
    ),
    "statistics on a function of another role": Case(
        "create role stranger; create function app.ok(int) returns int immutable language sql as 'select 1';"
        "alter function app.ok owner to stranger; create statistics app.s on (app.ok(1) + v), id from app.t",
        "statistics s on app.t runs function app.ok(integer) of role stranger",
    ),
    "a function of another role in a check": Case(
        "create role stranger; grant usage on schema app to stranger; create function app.ok(text) returns boolean"
        " immutable language sql as 'select true'; alter function app.ok owner to stranger;"
        "alter table app.t add constraint k check (app.ok(c::text))",
        "constraint k on app.t runs function app.ok(text) of role stranger",
    ),
    "a function of another role in any index of the table": Case(
        "create role stranger; create function app.ok(int) returns boolean"
        " immutable language sql as 'select true'; alter function app.ok owner to stranger;"
        "create index i on app.t (v) where app.ok(1)",
        "index i on app.t runs function app.ok(integer) of role stranger",
    ),
    # No proved cast
    "the type that it has": Case("", "is text already", "text", "text"),
    "a type that is not there": Case("", "There is no type 'app.nothing'", "text", "app.nothing"),
    "what is no type": Case("", "is no type name", "text", "integer; drop table app.t"),
    "a domain": Case("create domain app.d as int", "No proved cast from text to app.d", "text", "app.d"),
    "a column of a domain": Case(
        "create domain app.d as text; alter table app.t alter c type app.d", "No proved cast from app.d to integer"
    ),
    "an enum": Case("create type app.e as enum ('1', '2')", "No proved cast from text to app.e", "text", "app.e"),
    "a column of an enum": Case(
        "create type app.e as enum ('a', 'b'); alter table app.t alter c type app.e using 'a'",
        "No proved cast from app.e to text",
        new="text",
    ),
    "an array": Case("", "No proved cast from text to integer[]", "text", "integer[]"),
    "a cast that somebody made": Case(
        "create function app.cast(text) returns integer language sql immutable as 'select 7';"
        "create cast (text as integer) with function app.cast(text)",
        "The cast from text to integer is not PostgreSQL's own",
    ),
    "JSON before 16": Case("", "No proved cast from text to jsonb", "text", "jsonb", before=16),
}


@pytest.mark.parametrize("name", CASES)
async def test_refused_before_the_first_change(workshop: Workshop, name: str, role: Roles) -> None:
    case = CASES[name]
    major = workshop.connection.info.server_version // 10000
    if not case.since <= major < case.before:
        pytest.skip(f"not with PostgreSQL {major}")
    setup = case.setup
    if "create role stranger;" in setup:
        setup = setup.replace("create role stranger;", "").replace("stranger", role("nologin").name)
    app = APP.format(old=case.old, value=VALUES.get(case.old, f"n::{case.old}"))
    workshop.database.execute((app + setup).encode())
    before = everything(workshop.database)
    number = workshop.database.value(
        "select attnum from pg_attribute where attrelid = 'app.t'::regclass and attname = 'c'"
    )
    plan = await workshop.plan(ChangeColumnType(workshop.oid("app.t"), number, case.new, restores=True))
    says = case.says.partition(" of role stranger")[0]
    assert says in (plan.refusal or "")
    assert plan.steps == ()
    assert plan.inverse == ()
    assert everything(workshop.database) == before


async def test_every_reason_is_given(workshop: Workshop) -> None:
    workshop.database.execute(
        (
            APP.format(old="text", value="n")
            + "create materialized view app.m as select c from app.t; create index i on app.t (lower(c))"
        ).encode()
    )
    plan = await workshop.plan(ChangeColumnType(workshop.oid("app.t"), 2, "integer"))
    assert "view app.m is materialized" in (plan.refusal or "")
    assert "index app.i could not be read" in (plan.refusal or "")
