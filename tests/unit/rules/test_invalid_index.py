from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.issue import Severity
from pgmend.listener.judging.judge import Judge
from pgmend.listener.remedy import RebuildIndex

from tests.support.snapshots import altered, judged, scene, snapshot, table

INVALID = snapshot(
    'orders: id int pk, "Nr" text, email text, "ä,b"=index("Nr") not valid, u=unique index(email) not valid'
)


def index_oid(of: Snapshot, name: str) -> int:
    return next(index.oid for each in of.tables.values() for index in each.indexes if index.name == name)


def test_invalid_index_is_rebuilt() -> None:
    critical, medium = judged(scene(INVALID), "invalid_index")
    orders = table(INVALID, "orders").oid
    assert (critical.object_name, critical.severity) == ("u", Severity.CRITICAL)
    assert critical.remedy == RebuildIndex(orders, index_oid(INVALID, "u"))
    assert (medium.object_name, medium.column, medium.severity) == ("ä,b", "Nr", Severity.MEDIUM)
    assert medium.remedy == RebuildIndex(orders, index_oid(INVALID, "ä,b"))
    assert medium.expected_state == "ä,b is valid."


def test_invalid_twin_of_a_valid_index_is_for_a_person_to_decide() -> None:
    of = snapshot("orders: id int pk, nr text, a=index(nr), a_ccnew=index(nr) not valid")
    (issue,) = judged(scene(of), "invalid_index")
    assert issue.remedy == RebuildIndex(table(of, "orders").oid, index_oid(of, "a_ccnew"))
    assert issue.expected_state == "a_ccnew is valid, or gone: a is the same."
    assert issue.doubt == "a is the same and valid: dropping a_ccnew may be the better cure"


def test_leftover_of_a_rebuild_that_is_no_twin_is_to_go() -> None:
    of = snapshot("orders: id int pk, nr text, a=unique(nr), a_ccnew=unique index(nr) not valid")
    of = altered(of, "orders", "a", immediate=False)  # as of a deferrable constraint, which its rebuild is not yet
    (issue,) = judged(scene(of), "invalid_index")
    assert issue.expected_state == ("a_ccnew is gone: a REINDEX CONCURRENTLY that failed left it beside a valid index.")


@pytest.mark.parametrize(
    "of",
    [
        snapshot("orders: id int pk, nr text, a=index(nr)"),
        altered(snapshot("orders: id int pk, nr text, a=index(nr) not valid"), "orders", "a", being_built=True),
        snapshot("orders [partitioned]: id int pk, nr text, a=index(nr) not valid"),
        snapshot("orders [extension]: id int pk, nr text, a=index(nr) not valid"),
    ],
    ids=["valid", "being built", "partitioned table waiting for its partitions", "extension's"],
)
def test_silent(of: Snapshot) -> None:
    assert judged(scene(of), "invalid_index") == []


def test_an_issue_stays_while_somebody_rebuilds_the_index() -> None:
    of = altered(snapshot("orders: id int pk, nr text, a=index(nr) not valid"), "orders", "a", being_built=True)
    judgement = Judge().judge(scene(of), of.tables)
    assert judgement.undecided == {("INVALID_INDEX", table(of, "orders").oid)}
    (check,) = [check for check in judgement.checks if check.issue_type == "INVALID_INDEX"]
    assert check.reason == "The index a of public.orders is being built, rebuilt or dropped."


def test_index_that_takes_no_writes_is_invalid_too() -> None:
    of = altered(snapshot("orders: id int pk, nr text, a=index(nr)"), "orders", "a", ready=False)
    assert [issue.object_name for issue in judged(scene(of), "invalid_index")] == ["a"]
