"""What befalls the sample application while pgmend watches, and what pgmend ought to make of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from .deed import Deed, Failing


class Healing(StrEnum):
    """What pgmend does about it with its default settings."""

    ALONE = "alone"
    ON_APPROVAL = "on approval"


@dataclass(frozen=True, slots=True)
class Accident:
    """Something a script did, and the issue that it must open. `name` is the title in two or three words.

    `question` is asked of the catalogs once it is said to be healed, and answers with one true row if it is. It is
    `unheard` by event triggers where nobody can say who did it.
    """

    name: str
    title: str
    deed: Deed
    issue_type: str
    table: str
    column: str
    object_name: str
    healing: Healing
    question: LiteralString
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOfMind:
    """A fix that is taken back after the application went on writing.

    Names the fixed issue, the writes made with the fix in place, and a question whose answer must be `expected` after
    the rollback: old spellings back, new rows kept.
    """

    name: str
    title: str
    issue_type: str
    table: str
    column: str
    writes: Deed
    question: LiteralString
    expected: tuple[tuple[object, ...], ...]


TYPE_CHANGED = Accident(
    name="type changed",
    title="An import script turns transactions.payment_id into text, because one file had a letter in it",
    deed=Deed("import_settlements.py", ("alter table transactions alter column payment_id type text",)),
    issue_type="TYPE_MISMATCH",
    table="transactions",
    column="payment_id",
    object_name="",
    healing=Healing.ALONE,
    question="""
        select atttypid = 'integer'::regtype from pg_catalog.pg_attribute
        where attrelid = 'transactions'::regclass and attname = 'payment_id'
    """,
)

INDEX_LEFT_INVALID = Accident(
    name="index left invalid",
    title="A unique index on payments.reference gives up waiting for a checkout and stays behind, invalid",
    deed=Deed(
        "deploy.sh",
        (
            "set lock_timeout = '200ms'",
            Failing("create unique index concurrently payments_reference_key on payments (reference)", "55P03"),
        ),
        meanwhile="update payments set status = status where id = 1",
    ),
    issue_type="INVALID_INDEX",
    table="payments",
    column="reference",
    object_name="payments_reference_key",
    healing=Healing.ALONE,
    question="select indisvalid from pg_catalog.pg_index where indexrelid = 'payments_reference_key'::regclass",
    # A build that fails fires no event trigger.
    unheard=True,
)

FOREIGN_KEY_DROPPED = Accident(
    name="foreign key dropped",
    title="A nightly load drops the foreign key of payments.booking_id to be faster, and forgets it",
    deed=Deed("load_partner_bookings.py", ("alter table payments drop constraint payments_booking_id_fkey",)),
    issue_type="MISSING_FOREIGN_KEY",
    table="payments",
    column="booking_id",
    object_name="",
    healing=Healing.ON_APPROVAL,
    question="""
        select convalidated and confrelid = 'bookings'::regclass from pg_catalog.pg_constraint
        where conrelid = 'payments'::regclass and conname = 'payments_booking_id_fkey'
    """,
)

ACCIDENTS = (TYPE_CHANGED, INDEX_LEFT_INVALID, FOREIGN_KEY_DROPPED)

CHANGE_OF_MIND = ChangeOfMind(
    name="change of mind",
    title="The accountants want credit_notes.invoice_id as on paper again, leading zeros and all",
    issue_type="TYPE_MISMATCH",
    table="credit_notes",
    column="invoice_id",
    writes=Deed(
        "back_office.py",
        (
            "insert into credit_notes (id, invoice_id, amount_cents, reason) values (9001, 4321, 1200, 'goodwill')",
            "update credit_notes set amount_cents = 777 where id = 7",
            "update credit_notes set invoice_id = 48 where id = 47",
            "delete from credit_notes where id = 27",
        ),
    ),
    question="select id, invoice_id, amount_cents from credit_notes where id in (7, 8, 27, 47, 9001) order by id",
    expected=((7, "007", 777), (8, "249", 900), (47, "48", 850), (9001, "4321", 1200)),
)
