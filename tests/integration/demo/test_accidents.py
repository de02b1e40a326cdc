"""Each accident happens as its text says, and leaves what its issue is about."""

from __future__ import annotations

import psycopg
import pytest
from pgmend.api.demo.accidents import (
    ACCIDENTS,
    CHANGE_OF_MIND,
    FOREIGN_KEY_DROPPED,
    INDEX_LEFT_INVALID,
    TYPE_CHANGED,
    Healing,
)
from pgmend.api.demo.deed import Deed, Failing, do

from tests.support.database import Database

TYPE_OF = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s::regclass and attname = %s"
FOREIGN_KEYS_OF = (
    "select count(*) from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any (conkey)"
    " where contype = 'f' and conrelid = %s::regclass and attname = %s"
)


async def test_a_script_turns_an_integer_into_text(demo: Database) -> None:
    place = (TYPE_CHANGED.table, TYPE_CHANGED.column)
    assert demo.value(TYPE_OF, place) == "integer"
    await do(TYPE_CHANGED.deed, demo.dsn)
    assert demo.value(TYPE_OF, place) == "text"
    assert demo.value("select bool_and(payment_id = payment_id::integer::text) from transactions")


async def test_a_build_that_gives_up_leaves_an_invalid_unique_index_that_can_be_rebuilt(demo: Database) -> None:
    await do(INDEX_LEFT_INVALID.deed, demo.dsn)
    name = INDEX_LEFT_INVALID.object_name
    question = "select indisvalid, indisunique from pg_index where indexrelid = %s::regclass"
    assert demo.fetch(question, [name]) == [(False, True)]
    demo.execute("reindex index concurrently payments_reference_key")
    assert demo.fetch(question, [name]) == [(True, True)]


async def test_a_load_drops_a_foreign_key_that_still_holds(demo: Database) -> None:
    place = (FOREIGN_KEY_DROPPED.table, FOREIGN_KEY_DROPPED.column)
    assert demo.value(FOREIGN_KEYS_OF, place) == 1
    await do(FOREIGN_KEY_DROPPED.deed, demo.dsn)
    assert demo.value(FOREIGN_KEYS_OF, place) == 0
    demo.execute("alter table payments add foreign key (booking_id) references bookings")


async def test_a_deed_that_fails_otherwise_than_told_is_an_error(demo: Database) -> None:
    demo.execute("create unique index payments_reference_key on payments (reference)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        await do(INDEX_LEFT_INVALID.deed, demo.dsn)


async def test_a_deed_that_should_fail_and_does_not_is_an_error(demo: Database) -> None:
    with pytest.raises(RuntimeError, match="42P01"):
        await do(Deed("nobody", (Failing("select 1", "42P01"),)), demo.dsn)


def test_what_drops_something_is_never_expected_to_heal_alone() -> None:
    for accident in ACCIDENTS:
        drops = any(" drop " in statement for statement in accident.deed.statements if isinstance(statement, str))
        assert drops == (accident.healing is Healing.ON_APPROVAL)


async def test_change_of_mind_expects_old_spellings_and_later_rows(demo: Database) -> None:
    """A rollback done by hand: text again, and the kept spelling wherever the number is still the same."""
    demo.execute("create table spelling as select id, invoice_id from credit_notes")
    demo.execute("alter table credit_notes alter column invoice_id type integer using invoice_id::integer")
    await do(CHANGE_OF_MIND.writes, demo.dsn)
    assert tuple(demo.fetch(CHANGE_OF_MIND.question)) != CHANGE_OF_MIND.expected
    demo.execute("alter table credit_notes alter column invoice_id type text")
    demo.execute(
        "update credit_notes set invoice_id = spelling.invoice_id from spelling"
        " where spelling.id = credit_notes.id and spelling.invoice_id::integer = credit_notes.invoice_id::integer"
    )
    assert tuple(demo.fetch(CHANGE_OF_MIND.question)) == CHANGE_OF_MIND.expected
