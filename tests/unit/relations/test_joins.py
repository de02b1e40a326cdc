"""What a statement compares, and what it only seems to."""

from __future__ import annotations

import pglast
import pytest
from pgmend.listener.relations.reading.joins import Joins
from pgmend.listener.relations.reading.names import Names

from tests.support.snapshots import snapshot

SHOP = snapshot("""
    users: id int pk, tenant_id int, email text, parent_id int
    orders: id int pk, user_id int, tenant_id int, owner_id int, owner_type text
    "Größen, alle": "größe" int pk
    app.users: id int pk, user_id int
""")

SEEN = {
    "ON": ("select from orders o join users u on u.id = o.user_id", {"orders(user_id) = users(id)"}),
    "ON of an outer join, as a view is printed": (
        "select from (public.orders o left join public.users u on ((o.user_id = u.id)))",
        {"orders(user_id) = users(id)"},
    ),
    "WHERE, without aliases and with casts": (
        "select from orders, users where users.id::text = user_id::text and email = 'x'",
        {"orders(user_id) = users(id)"},
    ),
    "USING": ("select from orders join users using (tenant_id)", {"orders(tenant_id) = users(tenant_id)"}),
    "a composite, half in ON and half in WHERE": (
        "select from orders o join users u on u.id = o.user_id where u.tenant_id = o.tenant_id",
        {"orders(tenant_id,user_id) = users(tenant_id,id)"},
    ),
    "a row": (
        "delete from orders using users where (users.id, users.tenant_id) = (orders.user_id, orders.tenant_id)",
        {"orders(tenant_id,user_id) = users(tenant_id,id)"},
    ),
    "IN": ("select from orders where user_id in (select id from users)", {"orders(user_id) = users(id)"}),
    "EXISTS": (
        "select from orders o where not exists (select from users where id = o.user_id)",
        {"orders(user_id) = users(id)"},
    ),
    "a subquery among the columns": (
        "select (select email from users where id = o.user_id) from orders o",
        {"orders(user_id) = users(id)"},
    ),
    "a derived table and a WITH query": (
        "with u as (select id as its from users) select from (select user_id as own from orders) o, u where its = own",
        {"orders(user_id) = users(id)"},
    ),
    "a WITH query that speaks of itself": (
        "with recursive t as (select id from users union all select u.id from users u join t on u.parent_id = t.id)"
        " select from t",
        {"users(parent_id) = users(id)"},
    ),
    "itself": ("select from users a, users b where a.parent_id = b.id", {"users(parent_id) = users(id)"}),
    "UPDATE": ("update orders set id = 1 from users u where u.id = user_id", {"orders(user_id) = users(id)"}),
    "MERGE": (
        "merge into orders o using users u on o.user_id = u.id when matched then delete",
        {"orders(user_id) = users(id)"},
    ),
    "INSERT": (
        "insert into users (id) select o.id from orders o join users u on u.id = o.user_id",
        {"orders(user_id) = users(id)"},
    ),
    "another schema": (
        "select from orders o join app.users u on u.id = o.user_id",
        {"orders(user_id) = app.users(id)"},
    ),
    "names of every sort": (
        'select from orders o, "Größen, alle" g where g."größe" = o.user_id',
        {"orders(user_id) = Größen, alle(größe)"},
    ),
}  # fmt: skip

SILENT = {
    "one of several": "select from orders o, users u where u.id = o.user_id or u.id = o.owner_id",
    "not equal": "select from orders o, users u where u.id <> o.user_id and u.id < o.owner_id",
    "denied": "select from orders o, users u where not (u.id = o.user_id)",
    "rows that a selector picks": (
        "select from orders o join users u on u.id = o.owner_id where o.owner_type = 'User'"
    ),
    "rows that a parameter picks": (
        "select from orders o join users u on u.id = o.owner_id and o.owner_type = $1"
    ),
    "the same row": "select from users u where u.id = u.parent_id",
    "computed": "select from orders o, users u where u.id = o.user_id + 1 and u.id = coalesce(o.owner_id, 0)",
    "an unqualified name that two have": "select from orders o, users u where id = user_id",
    "a name that may be of what nobody knows": "select from orders o, unknown u where user_id = u.id and owner_id = id",
    "a function's rows": "select from orders o, generate_series(1, 3) as id where o.user_id = id",
    "a subquery's count": "select from orders o where user_id = (select count(*) from users)",
    "what UNION mixes": (
        "select from orders o join (select id from users union select owner_id from orders) m on m.id = o.user_id"
    ),
    "an alias that hides its join": "select from (orders o join users u on true) j where j.user_id = j.id",
    "a table out of the path": "select from orders o, staff s where s.id = o.user_id",
}  # fmt: skip


def seen(text: str) -> set[str]:
    joins = Joins(Names(SHOP), ("public",))
    for statement in pglast.parse_sql(text):
        joins.read(statement.stmt)  # pyright: ignore[reportArgumentType] - a statement that parsed has one
    found: set[str] = set()
    for told in joins.sightings():
        # Other tables come before users, and of one table the later columns.
        each = max(told, told.turned(), key=lambda one: (SHOP.tables[one.table].name != "users", one.columns))
        pairs = sorted(zip(names(each.table, each.columns), names(each.other, each.other_columns), strict=True))
        ours, theirs = ",".join(a for a, _ in pairs), ",".join(b for _, b in pairs)
        found.add(f"{called(each.table)}({ours}) = {called(each.other)}({theirs})")
    return found


def names(table: int, numbers: tuple[int, ...]) -> list[str]:
    return list(SHOP.tables[table].names(numbers))


def called(table: int) -> str:
    return SHOP.tables[table].qualified_name.removeprefix("public.")


@pytest.mark.parametrize(("text", "expected"), SEEN.values(), ids=SEEN)
def test_comparison_is_seen(text: str, expected: set[str]) -> None:
    assert seen(text) == expected


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_is_no_comparison_of_keys_is_not_seen(text: str) -> None:
    assert seen(text) == set()


def test_queries_in_queries_cost_no_more_than_their_length() -> None:
    text = "select id from users"
    for _ in range(60):
        text = f"select id from users where id in ({text})"
    assert seen(text) <= {"users(id) = users(id)"}
