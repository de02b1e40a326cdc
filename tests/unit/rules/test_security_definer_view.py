from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.catalog.surroundings import Role, View
from pgmend.listener.issue import Severity
from pgmend.listener.remedy import SetSecurityInvoker

from tests.support.snapshots import altered, judged, scene, snapshot, table
from tests.support.surroundings import VIEW, around

TABLES = altered(snapshot("users: id int pk\norders: id int pk"), "users", row_security=True)
USERS, ORDERS = table(TABLES, "users").oid, table(TABLES, "orders").oid
VIEW_OF_USERS = VIEW._replace(reads=(USERS,), readers=("anon",))
INNER = VIEW._replace(oid=30_002, name="inner", reads=(USERS,), readers=())
CLERK = Role("clerk", superuser=False, bypasses_row_security=False, has_rights_of=("owner",))
SERVICE = Role("service", superuser=False, bypasses_row_security=True, has_rights_of=())


def told(of: Snapshot) -> list[str]:
    return [issue.where for issue in judged(scene(of), "security_definer_view")]


def test_view_of_the_tables_owner_that_others_read() -> None:
    (issue,) = judged(scene(around(TABLES, VIEW_OF_USERS)), "security_definer_view")
    assert (issue.severity, issue.remedy) == (Severity.MEDIUM, SetSecurityInvoker(VIEW.oid))
    assert issue.current_state == (
        "public.v reads public.users with the rights of owner, whom row security does not bind there;"
        " it shows every row to anon."
    )


@pytest.mark.parametrize(
    "view",
    [
        VIEW_OF_USERS._replace(owner="postgres"),
        VIEW_OF_USERS._replace(owner="service"),
        VIEW_OF_USERS._replace(owner="clerk"),
        VIEW_OF_USERS._replace(readers=("service", "public")),
        VIEW_OF_USERS._replace(security_barrier=True),
        VIEW._replace(owner="stranger", reads=(INNER.oid,)),
    ],
    ids=["superuser", "bypassing", "member of the owner", "for everyone", "barrier", "through another's view"],
)
def test_told(view: View) -> None:
    assert told(around(TABLES, view, INNER, CLERK, SERVICE)) == ["public.v"]


@pytest.mark.parametrize(
    "view",
    [
        VIEW_OF_USERS._replace(security_invoker=True),
        VIEW_OF_USERS._replace(readers=()),
        VIEW_OF_USERS._replace(readers=("service", "postgres", "owner"), owner="postgres"),
        VIEW_OF_USERS._replace(owner="stranger"),
        VIEW_OF_USERS._replace(kind="m"),
        VIEW_OF_USERS._replace(left_alone=True),
        VIEW._replace(reads=(ORDERS,)),
        VIEW._replace(reads=(4711,)),
        VIEW._replace(owner="stranger", reads=(INNER.oid + 1,)),
    ],
    ids=[
        "security invoker",
        "its owner's alone",
        "for those whom nothing is hidden from",
        "owner whom the policies bind",
        "materialized",
        "left alone",
        "no row security",
        "unknown table",
        "through a view with the reader's rights",
    ],
)
def test_silent(view: View) -> None:
    invoker = INNER._replace(oid=INNER.oid + 1, security_invoker=True)
    assert told(around(TABLES, view, INNER, invoker, CLERK, SERVICE)) == []


def test_forced_row_security_binds_the_owner_too() -> None:
    forced = altered(TABLES, "users", force_row_security=True)
    assert told(around(forced, VIEW_OF_USERS)) == []
    assert told(around(forced, VIEW_OF_USERS._replace(owner="postgres"))) == ["public.v"]


def test_views_that_read_each_other_come_to_an_end() -> None:
    one, two = VIEW._replace(reads=(INNER.oid,)), INNER._replace(reads=(VIEW.oid,))
    assert told(around(TABLES, one, two)) == []


def test_servers_without_the_option_are_passed_over() -> None:
    assert told(replace(around(TABLES, VIEW_OF_USERS), server_version=140_010)) == []
