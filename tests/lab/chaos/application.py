"""The application that suffers: four tables, sound in pgmend's eyes, of which all writers know every row."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from pgmend.sql.install import install

USERS = 500
ORDERS = 20_000
INVOICES = 4_000

_SCHEMA = """
create table public.users (id integer primary key, name text not null);
create table public.orders (
    id bigint primary key,
    user_id integer not null references public.users,
    note text,
    amount numeric(12, 2) not null
);
create index orders_user_id_idx on public.orders (user_id);
create table public.invoices (
    id bigint primary key,
    user_id integer not null references public.users,
    note text,
    amount numeric(12, 2) not null
);
create index invoices_user_id_idx on public.invoices (user_id);
-- One row of each transaction that writes, by which it knows itself again.
create table public.receipts (id uuid primary key);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `orders` or `invoices`, as text where a type may change meanwhile."""

    user_id: str
    note: str | None
    amount: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A table that writers write: its name, and how many rows it begins with."""

    table: str
    rows: int

    def first_rows(self) -> dict[int, Row]:
        """What `build` puts there, by id."""
        return {n: Row(str(1 + n % USERS), f"row {n}", f"{n / 100:.2f}") for n in range(1, self.rows + 1)}

    def read(self, connection: psycopg.Connection) -> dict[int, Row]:
        """What is there now, by id."""
        query = f"select id, user_id::text, note, amount::text from public.{self.table}"
        return {key: Row(*values) for key, *values in connection.execute(query.encode())}


LEDGERS = (Ledger("orders", ORDERS), Ledger("invoices", INVOICES))


def build(dsn: str) -> None:
    """Make it in an empty database, with pgmend's SQL half in it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_SCHEMA)
        connection.execute("insert into public.users select n, 'user ' || n from generate_series(1, %s) as n", [USERS])
        for ledger in LEDGERS:
            rows = (
                f"insert into public.{ledger.table}"
                " select n, 1 + n %% %s, 'row ' || n, n / 100.0 from generate_series(1, %s) as n"
            )
            connection.execute(rows.encode(), [USERS, ledger.rows])
        connection.execute("vacuum analyze")
        install(connection, event_triggers=True)
