"""The sample application is as sick as it says, and the same every time."""

from __future__ import annotations

import asyncio

from pgmend.api.demo import sample
from psycopg import sql

from tests.support.database import Database

TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"


def test_has_81_tables_with_200_000_rows(demo: Database) -> None:
    tables = tables_of(demo)
    assert len(tables) == sample.TABLES == 81
    counts = [demo.value(sql.SQL("select count(*) from {}").format(sql.Identifier(table))) for table in tables]
    assert sum(counts) == sample.ROWS == 200_000
    assert all(counts)


def test_ten_user_ids_are_integers_and_one_is_text(demo: Database) -> None:
    types = demo.fetch(
        "select format_type(atttypid, atttypmod), count(*) from pg_attribute join pg_class on pg_class.oid = attrelid"
        " where attname = 'user_id' and relkind = 'r' group by 1 order by 1"
    )
    assert types == [("integer", 10), ("text", 1)]


def test_text_user_ids_are_all_clean_numbers_of_users(demo: Database) -> None:
    assert demo.value("select bool_and(user_id::integer::text = user_id) from invoices")
    assert demo.value("select count(*) from invoices where user_id::integer not in (select id from users)") == 0


def test_credit_notes_spell_some_invoices_with_leading_zeros(demo: Database) -> None:
    assert demo.value("select count(*) from credit_notes where invoice_id = '007'") == 1
    assert demo.value("select count(*) from credit_notes where invoice_id <> invoice_id::integer::text") == 5
    assert (
        demo.value("select count(*) from credit_notes where invoice_id::integer not in (select id from invoices)") == 0
    )


def test_session_ids_mean_two_different_keys(demo: Database) -> None:
    types = demo.fetch(
        "select format_type(atttypid, atttypmod), array_agg(relname::text order by relname)"
        " from pg_attribute join pg_class on pg_class.oid = attrelid"
        " where attname = 'session_id' and relkind = 'r' group by 1 order by 1"
    )
    assert types == [
        ("integer", ["devices", "login_attempts"]),
        ("text", ["carts", "orders", "page_views", "search_queries", "sessions"]),
    ]
    for table in ("devices", "login_attempts"):
        assert strangers(demo, table, "session_id", "sessions", "id") == 0
    for table in ("carts", "orders", "page_views", "search_queries"):
        assert strangers(demo, table, "session_id", "sessions", "session_id") == 0


def test_only_transactions_hold_orphans_among_the_undeclared_references(demo: Database) -> None:
    assert strangers(demo, "transactions", "payment_id", "payments", "id") == 3
    for table in ("sessions", "orders", "carts", "notifications"):
        assert strangers(demo, table, "user_id", "users", "id") == 0
    assert strangers(demo, "booking_notes", "booking_id", "bookings", "id") == 0
    assert strangers(demo, "coupon_redemptions", "order_id", "orders", "id") == 0
    assert strangers(demo, "subscriptions", "plan_id", "subscription_plans", "id") == 0


def test_undeclared_references_have_no_foreign_key(demo: Database) -> None:
    declared = demo.fetch(
        "select conrelid::regclass::text, attname from pg_constraint"
        " join pg_attribute on attrelid = conrelid and attnum = conkey[1] where contype = 'f' and convalidated"
    )
    undeclared = [
        ("sessions", "user_id"),
        ("orders", "user_id"),
        ("orders", "session_id"),
        ("carts", "user_id"),
        ("notifications", "user_id"),
        ("booking_notes", "booking_id"),
        ("coupon_redemptions", "order_id"),
        ("transactions", "payment_id"),
        ("login_attempts", "session_id"),
        ("page_views", "session_id"),
        ("search_queries", "session_id"),
        ("invoices", "user_id"),
        ("credit_notes", "invoice_id"),
    ]
    assert set(undeclared).isdisjoint(declared)


def test_every_declared_reference_holds(demo: Database) -> None:
    declared = demo.fetch(
        "select child.relname, own.attname, parent.relname, key.attname from pg_constraint"
        " join pg_class as child on child.oid = conrelid join pg_class as parent on parent.oid = confrelid"
        " join pg_attribute as own on own.attrelid = conrelid and own.attnum = conkey[1]"
        " join pg_attribute as key on key.attrelid = confrelid and key.attnum = confkey[1]"
        " where contype = 'f' and cardinality(conkey) = 1"
    )
    assert len(declared) == demo.value("select count(*) from pg_constraint where contype = 'f'") > 70
    assert [reference for reference in declared if strangers(demo, *reference)] == []


def test_bears_the_scars_of_its_scripts(demo: Database) -> None:
    assert demo.fetch("select indexrelid::regclass::text, indisunique from pg_index where not indisvalid") == [
        ("newsletter_subscribers_email_key", True)
    ]
    assert demo.value("select count(*) - count(distinct email) from newsletter_subscribers") == 0
    assert demo.fetch("select conname from pg_constraint where not convalidated") == [("subscriptions_plan_id_fkey",)]
    assert demo.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and not exists (select from pg_constraint where conrelid = pg_class.oid and contype = 'p')"
    ) == [("legacy_customers",)]
    twins = demo.fetch(
        "select array_agg(own.relname::text order by own.relname) from pg_index"
        " join pg_class on pg_class.oid = indrelid join pg_class as own on own.oid = indexrelid"
        " where pg_class.relnamespace = 'public'::regnamespace group by indrelid, indkey, indclass, indpred, indexprs"
        " having count(*) > 1"
    )
    assert twins == [(["bookings_user_id_idx", "ix_bookings_user_id"],)]


def test_thirteen_foreign_keys_have_no_index(demo: Database) -> None:
    unsupported = demo.fetch(
        "select conrelid::regclass::text, attname from pg_constraint"
        " join pg_attribute on attrelid = conrelid and attnum = conkey[1] where contype = 'f'"
        " and not exists (select from pg_index where indrelid = conrelid and indkey[0] = conkey[1] and indisvalid)"
        " order by 1"
    )
    assert unsupported == [
        ("api_keys", "owner_id"),
        ("booking_guests", "booking_id"),
        ("campaign_recipients", "recipient_id"),
        ("check_ins", "checked_in_by"),
        ("instructors", "venue_id"),
        ("order_items", "variant_id"),
        ("payments", "method_id"),
        ("referrals", "referred_id"),
        ("refunds", "payment_id"),
        ("review_replies", "author_id"),
        ("shipments", "order_id"),
        ("stock_movements", "variant_id"),
        ("ticket_messages", "author_id"),
    ]


async def test_another_build_gives_the_same_rows(demo: Database, database: Database) -> None:
    await sample.build(await database.connect())
    assert await asyncio.to_thread(digests, demo) == await asyncio.to_thread(digests, database)


def tables_of(database: Database) -> list[str]:
    return [name for (name,) in database.fetch(TABLES)]


def strangers(database: Database, table: str, column: str, parent: str, key: str) -> int:
    """How many values of the column are no value of the parent's key."""
    names = {name: sql.Identifier(text) for name, text in locals().items() if isinstance(text, str)}
    return database.value(
        sql.SQL(
            "select count(*) from {table} where {column} is not null and {column} not in (select {key} from {parent})"
        ).format(**names)
    )


def digests(database: Database) -> dict[str, str]:
    digest = "select md5(string_agg(md5(t::text), '' order by t::text)) from {} as t"
    return {table: database.value(sql.SQL(digest).format(sql.Identifier(table))) for table in tables_of(database)}
