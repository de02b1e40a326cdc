"""Two dumps are equal exactly when the schemas are."""

from __future__ import annotations

import pytest

from tests.support.database import Database
from tests.support.server import Server

from .dump import normalised_dump, pg_dump_for

SCHEMA = """
    create table room (id integer primary key, name text not null default 'none');
    create table chair (id integer primary key, room_id integer constraint in_room references room on delete cascade);
    create index chair_room on chair (room_id);
    create materialized view walls as select 4 as walls;
    create function looked() returns trigger language plpgsql as 'begin return new; end';
    create trigger watch before update on room for each row execute function looked();
    create view taken as select room_id from chair;
    comment on table room is 'Has walls.';
    create function nothing() returns integer language sql as $$
-- a remark of its own

SET work_mem = 1; select 1
$$;
"""


@pytest.mark.parametrize(
    "statement",
    [
        "alter table chair drop constraint in_room",
        "drop index chair_room",
        "alter table room alter column name drop default",
        "alter table room alter column name drop not null",
        "alter table room alter column name type varchar(20)",
        "alter table room rename column name to title",
        "alter table chair add column legs integer",
        "alter table room alter column name set storage plain",
        "alter table chair drop constraint chair_pkey",
        "comment on table room is 'Has no walls.'",
        "drop view taken",
        "create or replace function nothing() returns integer language sql as 'select 1'",
        "grant select on room to public",
        "alter table room enable row level security",
        "alter table room owner to pg_monitor",
        "grant update (name) on room to pg_monitor",
        "comment on column room.name is 'Said.'",
        "comment on index chair_room is 'Found by.'",
        "alter table room alter column name set statistics 300",
        "alter table room alter column name set (n_distinct = 5)",
        "alter table room drop column name; alter table room add column name text not null default 'none'"
        "; alter table chair drop column room_id cascade; alter table chair add column room_id integer",
        "alter table room disable trigger watch",
        "alter table room enable always trigger watch",
        "alter table room force row level security",
        "update pg_index set indisvalid = false where indexrelid = 'chair_room'::regclass",
        "refresh materialized view walls with no data",
        "alter table room replica identity full",
        "alter table chair cluster on chair_room",
        "alter table room set (fillfactor = 50)",
        "create event trigger other on sql_drop execute function other()",
    ],
)
def test_every_difference_shows(server: Server, database: Database, statement: str) -> None:
    database.execute(SCHEMA)
    database.execute("create function other() returns event_trigger language plpgsql as 'begin end'")
    before = normalised_dump(database.dsn, pg_dump_for(server))
    database.execute(statement.encode())
    assert normalised_dump(database.dsn, pg_dump_for(server)) != before


def test_what_is_made_again_the_same_shows_nothing(server: Server, database: Database) -> None:
    database.execute(SCHEMA)
    before = normalised_dump(database.dsn, pg_dump_for(server))
    database.execute("alter table chair drop constraint in_room; drop index chair_room")
    database.execute("create index chair_room on chair (room_id)")
    database.execute("alter table chair add constraint in_room foreign key (room_id) references room on delete cascade")
    assert normalised_dump(database.dsn, pg_dump_for(server)) == before


def test_pgmend_itself_does_not_show(server: Server, database: Database, installed: Database) -> None:
    assert normalised_dump(installed.dsn, pg_dump_for(server)) == normalised_dump(database.dsn, pg_dump_for(server))
    installed.execute("create table room (id integer)")
    assert "room" in normalised_dump(installed.dsn, pg_dump_for(server))
