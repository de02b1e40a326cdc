"""Statements that hold SECRET or NUMBER wherever a secret may stand; each makes at least one event."""

from __future__ import annotations

SECRET = "hunter2"
NUMBER = "4111111111111111"

STATEMENTS = [
    # roles and what connects elsewhere
    "create role {role}_n password 'hunter2'; create table a (); drop role {role}_n",
    "create table a (); alter role {role} encrypted password 'hunter2'",
    "do $$ begin create role {role}_x password 'hunter2'; create table a (); drop role {role}_x; end $$",
    "do 'begin execute ''alter role {role} password ''''hunter2''''''; create table a (); end'",
    "create server s foreign data wrapper w options (host 'h', password 'hunter2')",
    "create user mapping for public server known options (user 'u', password 'hunter2')",
    "alter user mapping for current_user server known options (set password 'hunter2')",
    "create foreign table f (id int) server known options (token 'hunter2')",
    "alter foreign data wrapper w options (api_key 'hunter2')",
    "create subscription {role} connection 'host=h password=hunter2' publication p with (connect = false)",
    "alter subscription {role}_known connection 'postgresql://u:hunter2@h/d'",
    # settings need no quotes
    "alter role {role} set app.key to hunter2; create table a ()",
    'alter role {role} set app.key to "hunter2"; create table a ()',
    "set app.key = hunter2; create table a ()",
    "create table a (); alter role {role} set app.key to hunter2",
    "drop table if exists a; set app.key = hunter2; create table a ();",
    "select set_config('app.key', 'hunter2', false); create table a ()",
    "create function g() returns int language sql set app.key to hunter2 as 'select 1'",
    "alter function known() set app.key to hunter2",
    # nor do the arguments of triggers
    "create trigger r before update on known for each row execute function fire('Bearer hunter2')",
    "create trigger r before update on known for each row execute function fire(hunter2)",
    "create schema s create table t () create trigger r before update on t for each row execute function fire(hunter2)",
    # bodies
    "create function g() returns text language sql as $$ select 'hunter2' $$",
    "create function g() returns text language sql as 'select ''hunter2'''",
    "create function g() returns text language sql begin atomic select 'hunter2'; end",
    "create or replace procedure q() language plpgsql as $body$ begin perform $x$hunter2$x$; end $body$",
    "create rule r as on insert to known do also notify c, 'hunter2'",
    # literals of every spelling in plain schema DDL
    "create table a (b text default 'hunter2')",
    "create table a (b text default 'it''s hunter2')",
    "create table a (b text default E'it\\'s hunter2')",
    "create table a (b text default e'\\\\', c text default 'hunter2')",
    "create table a (b text default E'\\'', c text default 'hunter2') -- '",
    "create table a (b text default U&'\\0068unter2', c text default u&'hunter2' uescape '!')",
    "create table a (b text default N'hunter2', c text default n'x')",
    "create table a (b text default $$hunter2$$)",
    "create table a (b text default $q$ ' hunter2 $q$, c text default $$ ' $$)",
    "create table a (b text default 'x'\n  'hunter2')",
    "create table a (b bit(4) default b'1010', c bytea default 'hunter2')",
    "create table a (b bytea default '\\x68', c text default 'hunter2')",
    "create table a as select 'hunter2' as key",
    "select 'hunter2' as key into a",
    "create view v as select 'hunter2' as key",
    "create materialized view m as select id from known where key = 'hunter2'",
    "create index i on known ((key || 'hunter2')) where key <> 'hunter2'",
    "create type e as enum ('hunter2')",
    "alter type mood add value 'hunter2'",
    "create domain d as text check (value <> 'hunter2')",
    "create policy p on known using (key = 'hunter2')",
    "create publication p_known for table known",
    "create aggregate g (text) (sfunc = textcat, stype = text, initcond = 'hunter2')",
    "create table part partition of parted for values in ('hunter2')",
    "comment on table known is 'hunter2'",
    "alter table known alter key set default 'hunter2'",
    # numbers need no quotes at all
    "alter table known alter id set default 4111111111111111",
    "create view v as select 4111111111111111 as card, 4.111111111111111 as other",
    "create table a (id numeric check (id <> 4111111111111111.5), b text default '')",
    # comments
    "/* hunter2 */ create table a ()",
    "create table a () -- hunter2",
    "create table a ( -- it's hunter2\n b text)",
    "create table a (/* ' */ b text default 'hunter2' /* ' */)",
    "/* /* */ ' */ create table a (b text default 'hunter2') --'",
    "create table a (b int /* // /* x */ hunter2 */)",
    "create table a (b int /* hunter2 **/, c text default '/*', d text default 'hunter2*/')",
    "create table \"a\"\" /*\" (b text default 'hunter2', c text default ' */')",
    "create table \"it's\" (b text default 'hunter2')",
    # what else one client statement may hold
    "insert into known (key) values ('hunter2'); create table a ()",
    "prepare p (text) as select $1; create table a as execute p ('hunter2'); deallocate p",
    "create table a (b text); comment on column a.b is 'hunter2'; drop table a",
    "notify c, 'hunter2'; create table a ()",
    "create table a (b text default 'hunter2') /* " + "x" * 12_000 + " */",
]

PREPARATION = """
create extension if not exists citext schema public;
create foreign data wrapper w;
create server known foreign data wrapper w;
create user mapping for current_user server known options (password 'other');
create table known (id numeric, key text);
create function known() returns int language sql as 'select 1';
create function fire() returns trigger language plpgsql as 'begin return new; end';
create type mood as enum ('fine');
create table parted (key text) partition by list (key);
create subscription {role}_known connection 'host=h' publication p with (connect = false);
"""
