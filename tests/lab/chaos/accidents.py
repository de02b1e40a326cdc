"""What people do to the schema, each time something that pgmend puts right: alone, or once it is approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Accident:
    """Statements that break something. No two of one round share a `subject`."""

    name: str
    subject: str
    statements: tuple[LiteralString, ...]


def _broken_index(name: LiteralString) -> LiteralString:
    """What a concurrent build leaves that fails on its way."""
    return "update pg_catalog.pg_index set indisvalid = false where indexrelid = 'public." + name + "'::regclass"


ACCIDENTS = (
    Accident("index dropped", "orders index", ("drop index public.orders_user_id_idx",)),
    Accident(
        "index invalid",
        "orders index",
        (_broken_index("orders_user_id_idx"), "comment on table public.orders is null"),
    ),
    Accident("index doubled", "orders index", ("create index orders_twin on public.orders (user_id)",)),
    Accident("foreign key dropped", "orders key", ("alter table public.orders drop constraint orders_user_id_fkey",)),
    Accident(
        "foreign key not validated",
        "orders key",
        (
            "alter table public.orders drop constraint orders_user_id_fkey,"
            " add constraint orders_user_id_fkey foreign key (user_id) references public.users not valid",
        ),
    ),
    Accident(
        "type changed",
        "invoices",
        (
            "alter table public.invoices drop constraint invoices_user_id_fkey,"
            " alter column user_id type text using user_id::text",
        ),
    ),
)
