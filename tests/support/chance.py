"""Random tables that are likely to mean each other, for tests of what one change does to others."""

from __future__ import annotations

from hypothesis import strategies as st
from pgmend.listener.catalog.snapshot import Column, Constraint, Index, Oid, Policy, Table, Trigger

from .snapshots import TYPES

OIDS = range(100, 800, 100)
SCHEMAS = ("public", "public", "app")
TABLES = ("users", "user", "app_users", "app_orders", "orders", "order_items", "items", "people")
COLUMNS = (
    "id",
    "user_id",
    "order_id",
    "item_id",
    "author_user_id",
    "tenant_id",
    "parent_id",
    "created_by",
    "person_id",
    "parent",
    "user",
    "old_personid",
    "item_id_2",
)
COMMENTS = ("references users.id", "-> app.orders", "FK to people(id)", "not a foreign key", "of the users")

# What column rules mind, some of it only where the rest of the table does not excuse it.
PECULIAR = (
    ("at", "timestamp"),
    ("at_utc", "timestamp"),
    ("tz", "text"),
    ("doc", "json"),
    ("sum", "money"),
    ("left", "int"),
)

names = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6, unique=True)


@st.composite
def tables(draw: st.DrawFn, oid: Oid) -> Table | None:
    if draw(st.integers(0, 7)) == 0:
        return None
    named = [(name, _type(draw)) for name in draw(names)]
    peculiar = draw(st.lists(st.sampled_from(PECULIAR), max_size=2, unique=True))
    named += [(name, (TYPES[kind][0], -1, TYPES[kind][1])) for name, kind in peculiar]
    columns = tuple(
        Column(
            place + 1,
            name,
            *kind,
            not_null=False,
            default=None,
            identity="",
            generated="",
            collation=0,
            inherited=draw(st.integers(0, 9)) == 0,
        )
        for place, (name, kind) in enumerate(named)
    )
    numbers = [column.number for column in columns]
    some = st.lists(st.sampled_from(numbers), min_size=1, max_size=2, unique=True)
    keys = draw(st.lists(some, max_size=2))
    plain = draw(st.lists(some, max_size=2))
    tied = draw(
        st.lists(
            st.tuples(some, st.sampled_from(OIDS), st.lists(st.integers(1, 4), min_size=2, max_size=2, unique=True)),
            max_size=2,
        )
    )
    commented = draw(st.lists(st.tuples(st.sampled_from(numbers), st.sampled_from(COMMENTS)), max_size=1))
    return Table(
        oid=oid,
        schema=draw(st.sampled_from(SCHEMAS)),
        name=f"{draw(st.sampled_from(TABLES))}",
        kind="r",
        persistence="p",
        owner="o",
        parents=(),
        is_partition=draw(st.integers(0, 9)) == 0,
        row_security=draw(st.booleans()),
        force_row_security=False,
        replica_identity="d",
        typed=0,
        left_alone=draw(st.integers(0, 9)) == 0,
        comment=None,
        columns=columns,
        constraints=tuple(_foreign_key(oid + 50 + place, *each) for place, each in enumerate(tied)),
        indexes=(
            *(_index(oid + place, key, unique=True, primary=place == 0) for place, key in enumerate(keys)),
            *(_index(oid + 20 + place, each, unique=False, primary=False) for place, each in enumerate(plain)),
        ),
        triggers=(Trigger(oid + 80, "touch", draw(st.sampled_from("ODR")), 5),),
        policies=(Policy(oid + 90, "own", "*", True, ("public",), 1, None),) if draw(st.booleans()) else (),
        column_comments=tuple(commented),
    )


def _type(draw: st.DrawFn) -> tuple[Oid, int, str]:
    oid, name = TYPES[draw(st.sampled_from(("int", "int", "text", "uuid")))]
    return oid, -1, name


def _index(oid: Oid, columns: list[int], *, unique: bool, primary: bool) -> Index:
    zeros = (0,) * len(columns)
    return Index(
        oid, f"i{oid}", "btree", tuple(columns), (), zeros, zeros, zeros,
        unique=unique, nulls_not_distinct=False, primary=primary,
        exclusion=False, immediate=True, valid=True, ready=True, replica_identity=False, clustered=False, constraint=0,
        parent=0, shape=None, definition=None, being_built=False,
    )  # fmt: skip


def _foreign_key(oid: Oid, columns: list[int], target: Oid, keyed: list[int]) -> Constraint:
    return Constraint(
        oid, f"f{oid}", "f", tuple(columns), validated=True, deferrable=False, deferred=False, referenced_table=target,
        referenced_columns=tuple(keyed[: len(columns)]), match_type="s", on_update="a", on_delete="a",
        on_delete_columns=(), index_oid=0, parent=0, expression=None, enforced=True, no_inherit=False,
    )  # fmt: skip
