"""TYPE_MISMATCH, MISSING_FOREIGN_KEY and ORPHANED_ROWS on a real server, rows counted."""

from __future__ import annotations

from pgmend.listener.remedy import AddForeignKey, ChangeColumnType

from tests.support.beholder import Beholder
from tests.support.database import Database

TYPES = ("TYPE_MISMATCH", "MISSING_FOREIGN_KEY", "ORPHANED_ROWS")

GROWN = """
    create table users (id serial primary key, email text unique);
    insert into users select n, 'user' || n || '@example.org' from generate_series(1, 300) as n;
    create table sessions (id serial primary key, session_id text unique, user_id int references users);
    insert into sessions select n, md5(n::text), 1 + n % 300 from generate_series(1, 300) as n;
    create table payments (id serial primary key, user_id int, stripe_customer_id text, session_id int);
    insert into payments select n, 1 + n % 250, 'cus_' || n, 1 + n % 280 from generate_series(1, 500) as n;
    create table bookings (id serial primary key, user_id text, session_id text, owner_id int, owner_type text);
    insert into bookings
      select n, 1 + n % 250, md5((1 + n % 250)::text), n % 100, 'User' from generate_series(1, 500) as n;
    create table "Größen" (id uuid primary key default gen_random_uuid());
    insert into "Größen" select from generate_series(1, 10);
    create table "Hüte, 1" (id int primary key, "größenId" uuid);
    insert into "Hüte, 1" select row_number() over (), id from "Größen";
    create table notes (id int primary key, parent_id int, external_id text, device_id text, order_id int, name text);
    insert into notes select n, 1 + n / 2, 'e' || n, 'd' || n, n, 'x' from generate_series(1, 300) as n;
"""


async def test_schema_that_grew_by_scripts(database: Database) -> None:
    database.execute(GROWN)
    issues = await Beholder(database).issues(*TYPES)
    assert {(each.issue_type, each.table, each.column): each.expected_state for each in issues} == {
        ("TYPE_MISMATCH", "bookings", "user_id"): "user_id is integer.",
        (
            "MISSING_FOREIGN_KEY",
            "bookings",
            "session_id",
        ): "A foreign key from session_id to public.sessions(session_id).",
        ("MISSING_FOREIGN_KEY", "payments", "user_id"): "A foreign key from user_id to public.users(id).",
        ("MISSING_FOREIGN_KEY", "payments", "session_id"): "A foreign key from session_id to public.sessions(id).",
        ("MISSING_FOREIGN_KEY", "Hüte, 1", "größenId"): "A foreign key from größenId to public.Größen(id).",
    }
    assert {issue.doubt for issue in issues} == {None}


async def test_orphans_are_told_and_keep_the_foreign_key_from_being_certain(database: Database) -> None:
    database.execute(GROWN)
    database.execute("insert into payments (id, user_id) values (9001, 7001), (9002, 7002)")
    issues = {issue.issue_type: issue for issue in await Beholder(database).issues(*TYPES) if issue.column == "user_id"}
    assert issues["MISSING_FOREIGN_KEY"].doubt == "2 rows of 502 have no key"
    assert issues["ORPHANED_ROWS"].current_state == (
        "2 of 502 rows of public.payments have a value in user_id that is not in public.users(id)."
    )


async def test_accident_with_a_foreign_key_in_the_way_is_undone_in_order(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); insert into users select generate_series(1, 50);
        create table a (id int primary key, user_id int references users); create index on a (user_id);
        create table bookings (id int primary key, user_id bigint, made_at timestamptz default now());
        alter table bookings add constraint "Buchung, 1" foreign key (user_id) references users
          on delete set null deferrable initially deferred;
        create index bookings_user on bookings (user_id);
        insert into bookings select n, 1 + n % 50 from generate_series(1, 100) as n
    """)
    beholder = Beholder(database)
    assert await beholder.told() == set()

    database.execute('alter table bookings drop constraint "Buchung, 1"')
    database.execute("alter table bookings alter user_id type text")
    (issue,) = await beholder.issues()
    number = database.value(
        "select attnum from pg_attribute where attrelid = 'bookings'::regclass and attname = 'user_id'"
    )
    assert issue.remedy == ChangeColumnType(issue.table_oid, number, "bigint", restores=True)
    assert issue.doubt is None

    database.execute("alter table bookings alter user_id type bigint using user_id::bigint")
    (issue,) = await beholder.issues()
    assert isinstance(issue.remedy, AddForeignKey)
    assert (issue.remedy.name, issue.remedy.on_delete, issue.remedy.deferrable, issue.remedy.deferred) == (
        "Buchung, 1",
        "n",
        True,
        True,
    )
    assert issue.doubt == "the foreign key Buchung, 1 was dropped: what somebody dropped comes back by approval"

    database.execute('alter table bookings add constraint "Buchung, 1" foreign key (user_id) references users')
    assert await beholder.told() == set()


async def test_false_alarms_of_others_are_silent(database: Database) -> None:
    database.execute("""
        create table users (id int primary key, email text unique); insert into users select generate_series(1, 300);
        create table a (id int primary key, user_id int references users); create index on a (user_id);
        create table b (id int primary key, user_id int references users); create index on b (user_id);
        create table c (id int primary key, user_id int references users); create index on c (user_id);
        -- an identifier that another service gave
        create table invoices (id int primary key, stripe_user_id text);
        insert into invoices select n, n from generate_series(1, 200) as n;
        -- which table is meant differs by row
        create table comments (id int primary key, user_id int, user_type text);
        insert into comments select n, n, 'Admin' from generate_series(1, 200) as n;
        create table tags (id int primary key, object_id int, content_type_id int);
        insert into tags select n, n, n from generate_series(1, 200) as n;
        -- natural keys, and copies of them
        create table countries (code char(2) primary key, name text unique);
        create table cities (id int primary key, name text, country_name text);
        -- a self reference without any evidence
        create table categories (id int primary key, parent_id int, parent_category_id int);
        insert into categories select n, 1 + n / 2, 1 + n / 2 from generate_series(1, 200) as n;
        -- a composite foreign key covers its columns
        create table members (tenant_id int, user_id int references users, primary key (user_id, tenant_id));
        create table logins (id int primary key, tenant_id int, user_id int,
          foreign key (user_id, tenant_id) references members (user_id, tenant_id));
        create index on logins (tenant_id, user_id);
        -- small numbers that lie in any key
        create table ratings (id int primary key, rating_id int, level_id int);
        insert into ratings select n, 1 + n % 5, 1 + n % 5 from generate_series(1, 200) as n;
        create table levels (id int primary key); insert into levels select generate_series(1, 5);
        -- partitions are their parent's
        create table events (id int, user_id int references users, primary key (id)) partition by range (id);
        create table events_1 partition of events for values from (0) to (1000); create index on events (user_id);
        -- views and foreign data are not looked at
        create view people as select id as user_id from users;
    """)
    assert await Beholder(database).told() == set()
