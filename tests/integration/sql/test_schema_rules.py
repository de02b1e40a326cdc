"""What holds for every object of schema pgmend."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support.role import Role

from .conftest import Connect

Connection = psycopg.Connection[Any]


def names(connection: Connection, query: str, *parameters: object) -> list[str]:
    return [name for (name,) in connection.execute(query.encode(), parameters or None).fetchall()]


def test_every_object_has_a_comment(admin: Connection) -> None:
    """So that \\d+ is the manual. Keys and NOT NULLs speak for themselves."""
    without = names(
        admin,
        """
        select nspname::text from pg_namespace where nspname in ('pgmend', 'pgmend_backup')
          and obj_description(oid, 'pg_namespace') is null
        union all
        select oid::regclass::text from pg_class
        where relnamespace = 'pgmend'::regnamespace and relkind in ('r', 'v')
          and obj_description(oid, 'pg_class') is null
        union all
        select attrelid::regclass || '.' || attname from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'pgmend'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped
          and col_description(attrelid, attnum) is null
        union all
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'pgmend'::regnamespace and obj_description(oid, 'pg_proc') is null
        union all
        select tgname || ' on ' || tgrelid::regclass from pg_trigger join pg_class on pg_class.oid = tgrelid
        where relnamespace = 'pgmend'::regnamespace and not tgisinternal
          and obj_description(pg_trigger.oid, 'pg_trigger') is null
        union all
        select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
        where relnamespace = 'pgmend'::regnamespace and not indisunique
          and obj_description(indexrelid, 'pg_class') is null
        union all
        select evtname::text from pg_event_trigger where obj_description(oid, 'pg_event_trigger') is null
        union all
        select rolname::text from pg_roles where rolname = 'pgmend_owner'
          and shobj_description(oid, 'pg_authid') is null
        """,
    )
    assert without == []


def test_every_function_has_a_pinned_search_path(admin: Connection) -> None:
    assert (
        names(
            admin,
            "select oid::regprocedure::text from pg_proc where pronamespace = 'pgmend'::regnamespace "
            "and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)",
        )
        == []
    )


def test_everything_is_owned_by_a_role_that_nobody_logs_in_as(admin: Connection) -> None:
    owners = names(
        admin,
        """
        select distinct owner::regrole::text from (
          select relowner from pg_class where relnamespace in ('pgmend'::regnamespace, 'pgmend_backup'::regnamespace)
          union all select proowner from pg_proc where pronamespace = 'pgmend'::regnamespace
          union all select nspowner from pg_namespace where nspname in ('pgmend', 'pgmend_backup')
        ) as item (owner)
        """,
    )
    assert owners == ["pgmend_owner"]
    assert (
        admin.execute(
            "select rolcanlogin, rolsuper, rolcreaterole, rolbypassrls, rolreplication from pg_roles "
            "where rolname = 'pgmend_owner'"
        ).fetchone()
        == (False,) * 5
    )


def test_every_table_has_a_primary_key(admin: Connection) -> None:
    """A publication FOR ALL TABLES refuses updates of a table without one."""
    assert (
        names(
            admin,
            "select oid::regclass::text from pg_class where relnamespace = 'pgmend'::regnamespace and relkind = 'r' "
            "and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)",
        )
        == []
    )


def test_our_tables_can_be_written_while_all_tables_are_published(admin: Connection) -> None:
    admin.execute("set client_min_messages = error; create publication everything for all tables")
    admin.execute("create table public.t ()")
    admin.execute("update pgmend.ddl_log set processed_at = now()")
    admin.execute("select pgmend.pause('deployment')")
    assert admin.execute("update pgmend.instance set installed_by = installed_by").rowcount == 1


def test_nothing_is_granted_to_anybody(admin: Connection) -> None:
    granted = names(
        admin,
        """
        select oid::regclass::text from pg_class, aclexplode(relacl) as acl
        where relnamespace = 'pgmend'::regnamespace and grantee <> relowner
        union all
        select oid::regprocedure::text from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) as acl
        where pronamespace = 'pgmend'::regnamespace and grantee <> proowner
        union all
        select nspname::text from pg_namespace, aclexplode(nspacl) as acl
        where nspname in ('pgmend', 'pgmend_backup') and grantee <> nspowner
        """,
    )
    assert granted == []


def test_an_ordinary_role_can_read_write_and_call_nothing(connect: Connect, admin: Connection, ordinary: Role) -> None:
    listed = "select relname::text from pg_class where relnamespace = 'pgmend'::regnamespace and relkind = %s"
    tables, views = names(admin, listed, "r"), names(admin, listed, "v")
    relations = [*tables, *views]
    functions = names(
        admin,
        "select format('%s(%s)', proname, (select string_agg('null', ', ') from generate_series(1, pronargs))) "
        "from pg_proc where pronamespace = 'pgmend'::regnamespace "
        "and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) and not proisstrict",
    )
    assert len(relations) >= 18
    assert len(functions) >= 10
    attempts = [f"select * from pgmend.{name}" for name in relations]
    attempts += [f"insert into pgmend.{name} default values" for name in tables]
    columns = "select attname::text from pg_attribute where attrelid = %s::regclass and attnum = 1"
    attempts += [f"update pgmend.{name} set {names(admin, columns, f'pgmend.{name}')[0]} = default" for name in tables]
    attempts += [f"delete from pgmend.{name}" for name in tables]
    attempts += [f"truncate pgmend.{name}" for name in tables]
    attempts += [f"begin; lock table pgmend.{name} in access share mode" for name in relations]
    attempts += [f"select pgmend.{call}" for call in functions]
    attempts += [
        "select pgmend.redact('x')",
        "create table pgmend.t ()",
        "create table pgmend_backup.t ()",
        "create trigger t before update on app.t for each row execute function pgmend.guard_fix()",
        "create event trigger mine on ddl_command_end execute function pgmend.record_ddl()",
        "drop event trigger pgmend_record_ddl",
        "alter event trigger pgmend_record_ddl disable",
        "set role pgmend_owner",
        "alter function pgmend.record_ddl() set search_path = app",
    ]
    # As if schema usage had been given away: the objects themselves must be shut too.
    for with_usage in (False, True):
        session = connect(ordinary)
        session.execute("create table if not exists app.t ()", prepare=False)
        if with_usage:
            admin.execute(sql.SQL("grant usage on schema pgmend to {}").format(ordinary.identifier))
        for statement in attempts:
            try:
                session.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                session.rollback()
            else:
                pytest.fail(f"{ordinary.name} could: {statement}")


def test_one_who_may_call_a_function_cannot_bend_it(connect: Connect, admin: Connection, ordinary: Role) -> None:
    admin.execute(
        sql.SQL("grant usage on schema pgmend to {0}; grant execute on function pgmend.request_scan() to {0}").format(
            ordinary.identifier
        )
    )
    session = connect(ordinary)
    session.execute(
        "create function app.clock_timestamp() returns timestamptz language sql as 'select null::timestamptz'"
    )
    session.execute("create temp table scan (kind text, requested_at text, requested_by text, scan_id uuid)")
    session.execute("set search_path = app, pg_temp, pg_catalog")
    session.execute("select pgmend.request_scan()")
    assert admin.execute("select requested_by, requested_at is not null from pgmend.scan").fetchall() == [
        (ordinary.name, True)
    ]


def test_heartbeats_pass_one_who_holds_the_lease_and_a_takeover_waits(connect: Connect, admin: Connection) -> None:
    admin.execute("insert into pgmend.lease values ('leader', gen_random_uuid(), 'one', 1, now(), now())")
    fixer, beating = connect(), connect(options="-c lock_timeout=100ms")
    with fixer.transaction():
        fixer.execute("select from pgmend.lease where name = 'leader' for key share")
        beating.execute(
            "update pgmend.lease set heartbeat_at = clock_timestamp(), next_scan_at = now(), observing = true"
        )
        with pytest.raises(psycopg.errors.LockNotAvailable):
            beating.execute("update pgmend.lease set token = gen_random_uuid(), holder = 'two'")
    beating.execute("update pgmend.lease set token = gen_random_uuid(), holder = 'two'")
