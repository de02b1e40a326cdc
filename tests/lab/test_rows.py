"""Generated rows hold to every constraint, since the server took each; the same seed gives the same ones."""

from __future__ import annotations

from random import Random

import psycopg
import pytest

from tests.support.database import Database

from .content import content_of
from .rows.candidates import candidates
from .rows.fill import Filled, fill
from .script import load_text
from .shipped import CLINIC

# Not those that only the server itself makes values of.
TYPES = """
select format_type(oid, null) from pg_type
where typtype in ('b', 'r', 'm') and typnamespace = 'pg_catalog'::regnamespace and typname not like '\\_%'
  and typname !~ '^(pg_(node_tree|ndistinct|dependencies|mcv_list|brin|ddl)|gtsvector|aclitem|refcursor)'
  and (typname <> 'xml' or exists (select from pg_config where name = 'CONFIGURE' and setting like '%libxml%'))
"""
EMPTY = """
truncate hen, egg, patients, rooms, sites, person, items, invoices, readings, treatments, "Klinik Süd"."Ärzte",
account_of_a_patient_whose_name_takes_all_that_there_is_of restart identity cascade
"""


@pytest.fixture
def clinic(database: Database) -> Database:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        load_text(CLINIC.sql(), connection)
    return database


def filled(database: Database, seed: int = 1, rows: int = 12) -> dict[str, Filled]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        return {each.table: each for each in fill(connection, seed, rows)}


def test_every_table_of_a_difficult_schema_gets_rows(clinic: Database) -> None:
    assert [each for each in filled(clinic).values() if not each.rows] == []


def test_no_row_is_an_orphan_and_every_constraint_holds(clinic: Database) -> None:
    filled(clinic)
    keys = clinic.fetch("""
        select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
        from pg_constraint where contype in ('f', 'c') and conrelid <> 0 and conparentid = 0
    """)
    assert len(keys) > 15
    for table, name, definition in keys:
        clinic.execute(f"alter table {table} drop constraint {name} cascade".encode())
        clinic.execute(f"alter table {table} add constraint {name} {definition}".encode())


def test_rows_that_refer_to_each_other_in_a_cycle_do(clinic: Database) -> None:
    filled(clinic)
    assert clinic.value("select count(*) from hen join egg on hen.egg_id = egg.id") == 12
    assert clinic.value("select count(*) from invoices join items on invoices.first_item = items.id") > 3
    assert clinic.value('select count("Vertretung") from "Klinik Süd"."Ärzte"') > 3


def test_no_trigger_ran_and_none_is_left_disabled(clinic: Database) -> None:
    clinic.execute("""
        create function fail() returns trigger language plpgsql as $$ begin raise exception 'fired'; end $$;
        create trigger fail before insert or update on patients for each row execute function fail();
    """)
    assert filled(clinic)["public.patients"].rows
    assert clinic.value("select string_agg(distinct tgenabled::text, '') from pg_trigger") == "O"


def test_the_same_seed_gives_the_same_rows_and_another_one_others(clinic: Database, database: Database) -> None:
    clinic.execute("alter table items alter id drop default; alter table invoices alter id drop default")
    filled(clinic, seed=7)
    first = content_of(clinic.dsn)
    clinic.execute(EMPTY)
    filled(clinic, seed=7)
    assert content_of(clinic.dsn) == first
    clinic.execute(EMPTY)
    filled(clinic, seed=8)
    assert content_of(clinic.dsn)["public.patients"] != first["public.patients"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("create table t (a integer not null check (a > 0 and a < 0))", "23514"),
        (
            """create table s (id integer primary key check (false));
               create table t (a integer not null references s)""",
            "no row of a parent",
        ),
        (
            """create foreign data wrapper nowhere; create server s foreign data wrapper nowhere;
               create foreign table t (a integer) server s""",
            "foreign table",
        ),
    ],
)
def test_a_table_that_cannot_be_filled_says_why(database: Database, table: str, said: str) -> None:
    database.execute(table.encode())
    (found,) = [each for each in filled(database).values() if each.table == "public.t"]
    assert (found.rows, said in (found.reason or "")) == (0, True), found


def test_a_column_of_every_built_in_type_gets_a_value(database: Database) -> None:
    types = [name for (name,) in database.fetch(TYPES)]
    assert len(types) > 60
    for place, name in enumerate(types):
        database.execute(f"create table t{place} (a {name} not null, b {name}[] not null)".encode())
    empty = {types[int(name[8:])]: each.reason for name, each in filled(database, rows=3).items() if not each.rows}
    assert empty == {}


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("CHECK ((kind = ANY (ARRAY['a'::text, 'it''s'::text])))", {"a", "it's"}),
        ("CHECK ((age >= 18))", {"17", "18", "19"}),
        ("CHECK ((price > 1.5))", {"1.5", "2"}),
        ("CHECK ((at >= '2024-01-01'::date))", {"2024-01-01"}),
    ],
)
def test_a_check_suggests_its_own_values(check: str, wanted: set[str]) -> None:
    assert wanted <= set(candidates(check, Random(1)))
