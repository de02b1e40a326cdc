"""What is judged of no table: one subject, the database, whose findings name their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pgmend.listener.catalog.snapshot import DATABASE, Snapshot
from pgmend.listener.catalog.surroundings import Place, Routine, Surroundings, View
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.issue import Finding, Severity, issue_id
from pgmend.listener.judging.examiner import Examiner
from pgmend.listener.judging.judge import CheckStatus, Judge, Judgement
from pgmend.listener.judging.registry import DatabaseRule, Reads
from pgmend.listener.judging.scene import Scene

from tests.support.snapshots import altered, scene, snapshot, table

F = Routine(9001, "app", "f", "f", "integer", "me", "sql", False, (), "v", False, 1, (), False)
G = F._replace(oid=9002, arguments="text")
TABLES = snapshot("users: id int pk\norders: id int pk")
WORLD = replace(TABLES, surroundings=Surroundings(routines={9001: F, 9002: G}))


def every_routine(of: Scene) -> Iterator[Finding]:
    """Routines."""
    for routine in of.surroundings.routines.values():
        yield Finding(DATABASE, "It is there.", "It is not.", place=routine.place)


def judged(
    of: Snapshot, *tables: int, judge: object = every_routine, severity: Severity = Severity.MEDIUM
) -> Judgement:
    rule = DatabaseRule("ROUTINE", severity, Reads.ROUTINES, judge, "routine")  # pyright: ignore[reportArgumentType]
    return Judge([rule]).judge(scene(of), tables)


def test_findings_are_called_after_their_place() -> None:
    issues = judged(WORLD, DATABASE).issues
    assert [(issue.where, issue.object_name, issue.table_oid) for issue in issues] == [
        ("app.f", "f(integer)", DATABASE),
        ("app.f", "f(text)", DATABASE),
    ]
    assert issues[0].issue_id == issue_id("ROUTINE", "app", "f", "", "f(integer)")
    assert issues[0].place == F.place
    assert issues[0].tables == ()


def test_a_schema_is_a_place_of_its_own() -> None:
    def schemas(_: Scene) -> Iterator[Finding]:
        yield Finding(DATABASE, "is", "should be", place=Place("app"))

    (issue,) = judged(WORLD, DATABASE, judge=schemas).issues
    assert (issue.where, issue.table, issue.object_name) == ("app", "", "")


def test_critical_stays_critical_in_no_table() -> None:
    assert {issue.severity for issue in judged(WORLD, DATABASE, severity=Severity.CRITICAL).issues} == {
        Severity.CRITICAL
    }


def test_tables_alone_do_not_call_a_database_rule() -> None:
    judgement = judged(WORLD, *WORLD.tables)
    assert judgement.issues == ()
    assert judgement.undecided == frozenset()


def test_what_was_not_read_is_not_called_clean() -> None:
    judgement = judged(TABLES, DATABASE)
    assert judgement.checks[0].status is CheckStatus.COULD_NOT_RUN
    assert judgement.undecided == {("ROUTINE", DATABASE)}


@pytest.mark.parametrize("error", [CouldNotLook("locked"), ValueError("oops")])
def test_a_database_rule_that_raises_at_once_hides_nothing_else(error: Exception) -> None:
    def raising(_: Scene) -> Iterator[Finding]:
        raise error

    judgement = judged(WORLD, DATABASE, judge=raising)
    assert judgement.checks[0].status is CheckStatus.COULD_NOT_RUN
    assert "oops" not in str(error) or judgement.checks[0].reason == "routine failed on the database: ValueError: oops"
    assert judgement.undecided == {("ROUTINE", DATABASE)}


def reached(examiner: Examiner, part: Snapshot, *asked: int) -> frozenset[int]:
    return examiner.take(replace(part, complete=False), frozenset(asked)).reached


def test_the_database_is_judged_again_when_its_surroundings_moved() -> None:
    examiner = Examiner(Judge(), WORLD)
    same = Surroundings(routines={9001: F, 9002: G})
    assert DATABASE not in reached(examiner, replace(WORLD, tables={}, surroundings=same))
    assert DATABASE not in reached(examiner, replace(WORLD, tables={}, surroundings=None))
    other = Surroundings(routines={9001: F})
    assert DATABASE in reached(examiner, replace(WORLD, tables={}, surroundings=other))
    assert examiner.snapshot.surroundings == other


def test_the_database_is_judged_again_when_a_table_moved_that_a_view_reads() -> None:
    users, orders = table(TABLES, "users").oid, table(TABLES, "orders").oid
    view = View(9003, "app", "v", "v", "me", False, False, (users,), (), False)
    around = Surroundings(views={9003: view})
    examiner = Examiner(Judge(), replace(TABLES, surroundings=around))
    unread = replace(altered(TABLES, "orders", row_security=True), surroundings=None)
    assert DATABASE not in reached(examiner, unread, orders)
    without_columns = replace(altered(TABLES, "users", columns=()), surroundings=None)
    assert DATABASE not in reached(examiner, without_columns, users)
    secured = replace(altered(TABLES, "users", columns=(), row_security=True), surroundings=None)
    assert DATABASE in reached(examiner, secured, users)
    assert examiner.snapshot.surroundings is around
