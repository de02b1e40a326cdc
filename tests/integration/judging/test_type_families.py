"""What is said of types is what a server does with them: every pair of built-in types is tried."""

from __future__ import annotations

import psycopg
from pgmend.listener.relations.families import Fit, countable, family, fit
from psycopg import sql

from tests.support.database import Database

TYPES = """
select t.oid::int, pg_catalog.format_type(t.oid, null) from pg_type as t
where t.oid < 16384 and t.typtype = 'b' and t.typname !~ '^(_|reg|pg_snapshot|txid)' and (
  t.oid in (1043, 19, 650) or exists (
    select from pg_opclass as o join pg_am as a on a.oid = o.opcmethod
    where a.amname = 'btree' and o.opcdefault and o.opcintype = t.oid))
order by t.oid
"""


# PostgreSQL 18 refuses what it allowed before: one of the two has a collation. Nothing is said of such a pair.
WITHOUT_COLLATION = {('"char"', "text"), ('"char"', "character varying")}


def test_a_foreign_key_can_be_made_exactly_where_the_types_are_said_to_fit(database: Database) -> None:
    types = [(oid, name) for oid, name in database.fetch(TYPES) if family(oid) is not None]
    assert len(types) >= 28
    with psycopg.connect(database.dsn) as connection:
        for oid, name in types:
            connection.execute(_make("create table k_{} (k {} primary key)", oid, name))
            connection.execute(_make("create table r_{} (r {})", oid, name))
        made = {
            (ours, theirs)
            for ours, _ in types
            for theirs, _ in types
            if _can_be_made(connection, f"alter table r_{ours} add foreign key (r) references k_{theirs}")
        }
        connection.rollback()
        older = connection.info.server_version < 180000
    said = {(ours, theirs) for ours, _ in types for theirs, _ in types if fit(ours, theirs) in (Fit.SAME, Fit.FITS)}
    differing = {(dict(types)[a], dict(types)[b]) for a, b in made ^ said}
    assert differing == (WITHOUT_COLLATION if older else set())


def test_types_of_other_people_fit_themselves_alone(database: Database) -> None:
    database.execute("create domain email as text; create type mood as enum ('good', 'bad')")
    email, mood = (database.value("select %s::regtype::oid::int", [name]) for name in ("email", "mood"))
    assert fit(email, email) is Fit.SAME
    assert {fit(email, 25), fit(25, email), fit(mood, email), fit(mood, 25)} == {Fit.STRANGE}
    assert not countable(email, email)
    assert not countable(mood, mood)


def _make(template: str, oid: int, name: str) -> sql.Composed:
    return sql.SQL(template).format(sql.SQL(str(oid)), sql.SQL(name))  # type: ignore[arg-type]


def _can_be_made(connection: psycopg.Connection, statement: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except (psycopg.errors.DatatypeMismatch, psycopg.errors.InternalError):
        return False
    return True
