"""Which columns are believed to mean which keys, and which are not, though a name or some data would have it so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.measurement import Containment, Measurements
from pgmend.listener.relations.relation import Link

from tests.support.snapshots import altered, counted, dropped, link, retyped, scene, snapshot, table, without

THREE = """
    a: id int pk, {column} int -> {target}
    b: id int pk, {column} int -> {target}
    c: id int pk, {column} int -> {target}
"""
THREE_USERS = THREE.format(column="user_id", target="users")


def believed(of: Snapshot, counts: dict[Link, Containment] | None = None) -> set[str]:
    """`table(columns) -> table(columns)` of all believed relations that no foreign key declares."""
    relations = Atlas(of).relations_of(of.tables, Measurements(counts or {}))
    found: set[str] = set()
    for oid in of.tables:
        for relation in relations.inferred(oid):
            if relation.believed:
                ours, theirs = of.tables[oid], of.tables[relation.link.key.table]
                columns = ",".join(ours.names(relation.link.columns))
                keyed = ",".join(theirs.names(relation.link.key.columns))
                found.add(f"{ours.name}({columns}) -> {theirs.name}({keyed})")
    return found


BELIEVED = {
    "a name and a sibling": (
        """
        users: id int pk
        a: id int pk, user_id int -> users
        bookings: id int pk, user_id int
        """,
        "bookings(user_id) -> users(id)",
    ),
    "a role and siblings": (
        f"users: id int pk\n{THREE.format(column='author_user_id', target='users')}p: id int pk, author_user_id int",
        "p(author_user_id) -> users(id)",
    ),
    "a mismatch with siblings enough": (
        "users: id int pk\n" + THREE_USERS + "bookings: id int pk, user_id text",
        "bookings(user_id) -> users(id)",
    ),
    "a table of the same app": (
        """
        shop_customer: id int pk
        shop_a: id int pk, customer_id int -> shop_customer
        shop_order: id int pk, customer_id int
        """,
        "shop_order(customer_id) -> shop_customer(id)",
    ),
    "mixed case, quotes and other alphabets": (
        """
        "Größen": id int pk
        "Преди, a": id int pk, "größenId" int -> "Größen"
        "Bücher": id int pk, "größenId" int
        """,
        "Bücher(größenId) -> Größen(id)",
    ),
    "names of 63 bytes": (
        f"""
        {"t" * 60}: id int pk
        a: id int pk, {"t" * 60}_id int -> {"t" * 60}
        b: id int pk, {"t" * 60}_id int
        """,
        f"b({'t' * 60}_id) -> {'t' * 60}(id)",
    ),
    "composite siblings in another order": (
        """
        members: tenant_id int, id int, pk(tenant_id, id)
        a: id int pk, member_id int, tenant_id int, fk(member_id, tenant_id) -> members(id, tenant_id)
        b: id int pk, tenant_id int, member_id int
        """,
        "b(tenant_id,member_id) -> members(tenant_id,id)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BELIEVED.values(), ids=BELIEVED)
def test_believed_without_counting(text: str, expected: str) -> None:
    assert believed(snapshot(text)) == {expected}


SILENT = {
    "a name alone": """
        users: id int pk
        bookings: id int pk, user_id int
    """,
    "siblings alone": f"users: id int pk\n{THREE.format(column='made_by', target='users')}d: id int pk, made_by int",
    "one sibling of another type": """
        users: id int pk
        a: id int pk, user_id int -> users
        bookings: id int pk, user_id text
    """,
    "another key of the table fits the type": """
        sessions: id int pk, session_id text unique
        a: id int pk, session_id int -> sessions
        b: id int pk, session_id int -> sessions
        c: id int pk, session_id int -> sessions
        orders: id int pk, session_id text
    """,
    "an external id": "customers: id int pk\n" + THREE.format(column="customer_id", target="customers") + """
        subs: id int pk, stripe_customer_id int
    """,
    "a polymorphic pair": "users: id int pk\n" + THREE_USERS + "logs: id int pk, user_id int, user_type text",
    "a generic relation of Django": """
        objects: id int pk
        a: id int pk, object_id int -> objects
        tags: id int pk, object_id int, content_type_id int
    """,
    "a self reference without a sibling": "categories: id int pk, parent_id int, parent_category_id int",
    "a table's own number": """
        icinga_hosts: host_id int pk default
        icinga_host_checks: id int pk default, host_check_id int unique
    """,
    "a sole primary key called id": "users: id int pk\nprofiles: id int pk",
    "a natural key": """
        countries: code text pk, name text unique
        cities: id int pk, name text, country_name text
    """,
    "a junction table's twin": """
        members: user_id int, team_id int, pk(user_id, team_id)
        invitations: user_id int, team_id int, pk(user_id, team_id)
        requests: id int pk, user_id int, team_id int
    """,
    "a type that cannot be meant": "users: id int pk\n" + THREE_USERS + "b: id int pk, user_id bool\nd: user_id date",
    "a domain, of which nothing is known": "users: id int pk\n" + THREE_USERS + "b: id int pk, user_id email",
    "a comment that denies it": "users: id int pk\n" + THREE_USERS + "b: id int pk, user_id int",
    "a partition, which is its parent's": "users: id int pk\n" + THREE_USERS + "p [partition]: id int pk, user_id int",
    "a foreign table": "users: id int pk\n" + THREE_USERS + "p [foreign]: id int, user_id int",
    "an extension's table": "users: id int pk\n" + THREE_USERS + "p [extension]: id int, user_id int",
    "an unlogged parent": """
        users [unlogged]: id int pk
        a [unlogged]: id int pk, user_id int -> users
        b: id int pk, user_id int
    """,
    "a generated column": "users: id int pk\n" + THREE_USERS + "b: id int pk, user_id int generated",
    "a column that stands in a composite foreign key": """
        users: id int pk, tenant_id int, unique(tenant_id, id)
        a: id int pk, user_id int -> users
        b: id int pk, tenant_id int, user_id int, fk(tenant_id, user_id) -> users(tenant_id, id)
    """,
    "siblings of another tenant": """
        one.users: id int pk
        one.orders: id int pk, user_id int -> users
        one.bookings: id int pk, user_id int -> users
        two.users: id int pk
        two.orders: id int pk, user_id int
    """,
    "tables enough to mean none": """
        a_logs: id int pk
        b_logs: id int pk
        c_logs: id int pk
        d_logs: id int pk
        e_logs: id int pk
        x: id int pk, log_id int -> a_logs
        y: id int pk, log_id int
    """,
}  # fmt: skip


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent_without_counting(text: str) -> None:
    of = snapshot(text)
    if "denies" in next(name for name, each in SILENT.items() if each is text):
        of = altered(of, "b", column_comments=((2, "no foreign key: users of the old system"),))
    assert believed(of) == set()


SILENT_WHATEVER_THE_ROWS_SAY = {
    "a key's own name with a role, of its table's own key": """
        parts: partid int pk
        a: id int pk, partid int -> parts
        hosts_parts: hostpartid int pk, partid int -> parts, apns_partid int
    """,
    "an external id of a device": """
        devices: id int pk
        a: id int pk, device_id int -> devices
        pushes: id int pk, apns_device_id int, external_device_id int
    """,
    "an audit, which outlives what it tells of": "users: id int pk\n" + THREE_USERS + """
        audit_log: id int pk, user_id int
        auditlogs: id int pk, user_id int
        deleted_orders: id int pk, user_id int
    """,
    "a polymorphic key": """
        alerts: ident int pk
        a: ident int pk -> alerts
        b: ident int pk -> alerts
        c: ident int pk -> alerts
        nodes: parent_type char, ident int, place int, pk(parent_type, ident, place)
    """,
    "the other way round of a shared key": """
        rooms: room_id int pk
        part: room_id int pk -> rooms
        a: id int pk, room_id int -> part
        b: id int pk, room_id int -> part
        c: id int pk, room_id int -> part
    """,
}  # fmt: skip


@pytest.mark.parametrize("text", SILENT_WHATEVER_THE_ROWS_SAY.values(), ids=SILENT_WHATEVER_THE_ROWS_SAY)
def test_silent_though_every_value_is_in_the_key(text: str) -> None:
    of = snapshot(text)
    relations = Atlas(of).relations_of(of.tables)
    counts = {each.link: counted(200) for oid in of.tables for each in relations.inferred(oid)}
    assert counts
    assert believed(of, counts) == set()


INT = "users: id int pk, email text unique\nbookings: id int pk, user_id int"
UUID = "users: id uuid pk\nbookings: id int pk, user_id uuid"
TEXT = "users: id int pk, email text unique\nbookings: id int pk, user_id text"
ROLE = "users: id uuid pk\nbookings: id int pk, made_for_user_id uuid"


@pytest.mark.parametrize(
    ("text", "counts", "is_believed"),
    [
        (INT, counted(100), True),
        (INT, counted(5000, distinct=4), False),
        (INT, counted(0), False),
        (INT, counted(20, 1), False),
        (INT, counted(1000, 1), True),
        (INT, counted(5000, 1, exact=False), True),
        (INT, counted(1000, 50), False),
        (INT, counted(1000, 900), False),
        (UUID, counted(1), True),
        (UUID, counted(1, 1), False),
        (ROLE, counted(3), True),
        (TEXT, counted(100), True),
        (TEXT, counted(100, uncastable=3), False),
    ],
)
def test_counting_decides(text: str, counts: Containment, is_believed: bool) -> None:
    of = snapshot(text)
    column = "made_for_user_id" if "made_for" in text else "user_id"
    found = believed(of, {link(of, f"bookings({column})", "users(id)"): counts})
    assert found == ({f"bookings({column}) -> users(id)"} if is_believed else set())


HABIT = """
    users: id int pk
    shops: id int pk
    stock: partid int pk
    a: id int pk, user_id int -> users
    b: id int pk, shop_id int -> shops
    c: id int pk, partid int -> stock
    d: id int pk, author_user_id int -> users
    e: id int pk, head_shop_id int -> shops, old_user_id int -> users
    f: id int pk, oldpartid int -> stock, sparepartid int -> stock
    g: id int pk, partid_used int -> stock, shop int -> shops, user int -> users
    hosts: id int pk
    h: id int pk, host_id int -> hosts, host int -> hosts
    tools: id int pk
    rooms: id int pk
    i: id int pk, tool int -> tools, room int -> rooms
    items: id int pk, {column} int
    labels: labelid int pk
"""


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("label_id", "labels(labelid)"),
        ("first_host_id", "hosts(id)"),
        ("mainpartid", "stock(partid)"),
        ("partid_lost", "stock(partid)"),
        ("label", "labels(labelid)"),
    ],
)
def test_habit_of_the_schema_and_a_few_values_are_enough_beside_a_name(column: str, key: str) -> None:
    of = snapshot(HABIT.format(column=column))
    meant = link(of, f"items({column})", key)
    assert believed(of) == set()
    assert believed(of, {meant: counted(40, distinct=5)}) == {f"items({column}) -> {key}"}
    bare = of
    for name, foreign in [(each.name, key.name) for each in of.tables.values() for key in each.foreign_keys]:
        bare = without(bare, name, foreign)
    assert believed(bare, {meant: counted(40, distinct=5)}) == set()


def test_zero_that_stands_for_nothing_is_no_row_without_its_key() -> None:
    of = snapshot("users: id int pk\na: id int pk, user_id int -> users\nbookings: id int pk, user_id int")
    meant = link(of, "bookings(user_id)", "users(id)")
    for value, is_believed in (("'0'", True), ("'-1'", True), ("'7'", False)):
        counts = replace(counted(900, 600), examples=(value,))
        assert bool(believed(of, {meant: counts})) is is_believed, value
    several = replace(counted(900, 600), examples=("'0'", "'7'"))
    assert believed(of, {meant: several}) == set()


def test_column_of_a_composite_key_is_not_taken_for_a_key_of_its_own() -> None:
    of = snapshot("""
        patients: id int pk
        treatments: patient_id int -> patients, number int, pk(patient_id, number)
        visits: id int pk, patient_id int -> patients
        beds: id int pk, patient_id int -> patients
        invoices: id int pk, patient_id int, number int
    """)
    one, both = (
        link(of, "invoices(patient_id)", "patients(id)"),
        ("invoices(patient_id,number)", "treatments(patient_id,number)"),
    )
    composite = link(of, *both)
    (first, *_) = scene(of).relations.inferred(table(of, "invoices").oid)
    assert (first.link, first.believed, first.rivals) == (one, False, (composite,))
    assert believed(of, {one: counted(500), composite: counted(500)}) == {" -> ".join(both)}
    assert believed(of, {one: counted(500), composite: counted(500, 400)}) == {"invoices(patient_id) -> patients(id)"}


def test_junction_beside_a_column_leaves_it_its_meaning() -> None:
    of = snapshot("""
        users: id int pk
        teams: id int pk
        members: user_id int -> users, team_id int -> teams, pk(user_id, team_id)
        posts: id int pk, user_id int, team_id int
    """)
    assert believed(of) == {"posts(user_id) -> users(id)", "posts(team_id) -> teams(id)"}


def test_selector_that_is_a_list_of_classes_is_less_against_a_relation() -> None:
    text = "users: id int pk\nclasses: id int pk\n" + THREE_USERS + "items: id int pk, user_id int, user_class int{fk}"
    words, classes = snapshot(text.format(fk="")), snapshot(text.format(fk=" -> classes"))
    for of, expected in ((words, set[str]()), (classes, {"items(user_id) -> users(id)"})):
        assert believed(of, {link(of, "items(user_id)", "users(id)"): counted(200)}) == expected


def test_rows_outside_outweigh_names_and_siblings() -> None:
    of = snapshot("users: id int pk\n" + THREE_USERS + "bookings: id int pk, user_id int")
    meant = link(of, "bookings(user_id)", "users(id)")
    assert believed(of, {meant: counted(1000, 20)})
    assert believed(of, {meant: counted(1000, 600)}) == set()


def test_siblings_that_mean_two_keys_are_rivals() -> None:
    of = snapshot("""
        sessions: id int pk, number int unique
        a: id int pk, session_id int -> sessions
        b: id int pk, session_id int -> sessions(number)
        orders: id int pk, session_id int
    """)
    assert believed(of) == set()
    by_id, by_number = (link(of, "orders(session_id)", f"sessions({key})") for key in ("id", "number"))
    counts = {by_id: counted(100), by_number: counted(1000)}
    first, second = scene(of, counts).relations.inferred(table(of, "orders").oid)
    assert (first.link, first.believed, first.rivals) == (by_id, True, ())
    assert (second.link, second.believed) == (by_number, False)


def test_candidates_that_come_near_each_other_are_rivals() -> None:
    of = snapshot("""
        user: id uuid pk
        users: id uuid pk
        orders: id int pk, user_id uuid
    """)
    both = [link(of, "orders(user_id)", f"{name}(id)") for name in ("user", "users")]
    relations = scene(of, {each: counted(3) for each in both}).relations.inferred(table(of, "orders").oid)
    assert [(each.link, each.believed, each.rivals) for each in relations] == [
        (both[0], False, (both[1],)),
        (both[1], False, (both[0],)),
    ]


def test_counting_tells_which_of_two_keys_is_meant() -> None:
    of = snapshot("""
        sessions: id int pk, session_id text unique
        a: id int pk, session_id int -> sessions
        orders: id int pk, session_id text
    """)
    counts = {
        link(of, "orders(session_id)", "sessions(session_id)"): counted(500),
        link(of, "orders(session_id)", "sessions(id)"): counted(500, uncastable=500),
    }
    assert believed(of, counts) == {"orders(session_id) -> sessions(session_id)"}


def test_self_reference_is_believed_with_siblings_and_values() -> None:
    of = snapshot("""
        pages: id uuid pk, parent_id uuid -> pages
        folders: id uuid pk, parent_id uuid
    """)
    assert believed(of) == set()
    assert believed(of, {link(of, "folders(parent_id)", "folders(id)"): counted(3)}) == {
        "folders(parent_id) -> folders(id)"
    }


def test_comment_and_name_are_enough() -> None:
    of = snapshot("users: id int pk\nbookings: id int pk, user_id int, guest int")
    commented = altered(of, "bookings", column_comments=((2, "FK to users(id)"), (3, "Who came; references USERS.id")))
    assert believed(commented) == {"bookings(user_id) -> users(id)"}
    relations = scene(commented).relations.inferred(table(of, "bookings").oid)
    guest = next(each for each in relations if each.link.columns == (3,))
    assert [each.kind for each in guest.evidence] == ["comments", "types"]


def test_key_of_another_schema_needs_more() -> None:
    text = """
        auth.users: id uuid pk
        posts: id int pk, user_id uuid
    """
    of = snapshot(text)
    assert believed(of) == set()
    assert believed(of, {link(of, "posts(user_id)", "auth.users(id)"): counted(3)}) == {"posts(user_id) -> users(id)"}
    tied = snapshot(text + "comments: id int pk, user_id uuid -> auth.users\n")
    assert believed(tied) == {"posts(user_id) -> users(id)"}


def test_dropped_foreign_key_is_remembered_and_counts_against() -> None:
    before = snapshot("users: id int pk\nbookings: id int pk, made_by int -> users")
    after = without(before, "bookings", "bookings_made_by_fkey")
    (relation,) = scene(after, changes=[dropped(before, "bookings", "bookings_made_by_fkey")]).relations.inferred(
        table(after, "bookings").oid
    )
    assert relation.believed
    assert [(each.kind, each.against) for each in relation.evidence] == [
        ("history", False),
        ("deliberate_drop", True),
        ("types", False),
    ]


def test_drop_by_a_fix_of_ours_says_nothing() -> None:
    before = snapshot("users: id int pk\nbookings: id int pk, made_by int -> users")
    after = without(before, "bookings", "bookings_made_by_fkey")
    change = dropped(before, "bookings", "bookings_made_by_fkey", fix_id="f")
    assert scene(after, changes=[change]).relations.inferred(table(after, "bookings").oid) == ()


def test_former_type_speaks_for_the_relation() -> None:
    before = snapshot("users: id int pk\na: id int pk, user_id int -> users\nbookings: id int pk, user_id int")
    after = snapshot("users: id int pk\na: id int pk, user_id int -> users\nbookings: id int pk, user_id text")
    oid = table(after, "bookings").oid
    change = retyped(before, after, "bookings", "user_id")
    (with_history, *_), (without_it, *_) = (
        scene(after, changes=changes).relations.inferred(oid) for changes in ([change], [])
    )
    assert with_history.belief == without_it.belief + 2.5


def test_namesakes_of_the_keys_type_speak_where_the_type_does_not_fit() -> None:
    of = snapshot("""
        users: id int pk
        a: id int pk, user_id int
        b: id int pk, user_id bigint
        c: id int pk, user_id int
        bookings: id int pk, user_id text
    """)
    after = scene(of).relations
    assert [each.kind for each in after.inferred(table(of, "bookings").oid)[0].evidence] == [
        "namesakes",
        "naming",
        "types",
    ]
    assert [each.kind for each in after.inferred(table(of, "a").oid)[0].evidence] == ["naming", "types"]
    before = altered(of, "bookings", "user_id", type_oid=23, type_name="integer")
    change = retyped(before, of, "bookings", "user_id")
    assert scene(of, changes=[change]).relations.inferred(table(of, "bookings").oid)[0].believed
    fewer = altered(of, "c", "user_id", type_oid=25, type_name="text")
    kinds = [
        each.kind for each in scene(fewer, changes=[change]).relations.inferred(table(of, "bookings").oid)[0].evidence
    ]
    assert "namesakes" not in kinds


def test_declared_relations_are_told_too() -> None:
    of = snapshot("users: id int pk\nbookings: id int pk, user_id int -> users")
    (relation,) = scene(of).relations.of(table(of, "bookings").oid)
    assert relation.declared
    assert relation.believed
    assert relation.evidence[0].seen == "The foreign key bookings_user_id_fkey refers to public.users(id)."
