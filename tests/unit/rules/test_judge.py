"""The judge: severities, names, order, and never calling clean what was not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from pgmend.listener.catalog.snapshot import Snapshot, Table
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.issue import Finding, Severity, issue_id
from pgmend.listener.judging.docket import Docket
from pgmend.listener.judging.judge import CheckStatus, Judge, Judgement
from pgmend.listener.judging.registry import Judge as Judging
from pgmend.listener.judging.registry import Reads, Rule
from pgmend.listener.judging.scene import NotCounted, Scene
from pgmend.listener.relations.measurement import Unmeasured

from tests.support.snapshots import altered, counted, link, scene, snapshot, table

THREE = snapshot("a: id int pk\nb: id int pk\nc: id int pk")


def judged(judge: Judging, of: Snapshot = THREE, severity: Severity = Severity.CRITICAL) -> Judgement:
    return Judge([Rule("SOMETHING", severity, Reads.COLUMNS, judge, "something")]).judge(scene(of), of.tables)


def finding_everywhere(each: Table, _: Scene) -> Iterator[Finding]:
    yield Finding(each.oid, "is", "should be")


@pytest.mark.parametrize(
    ("patterns", "name", "severity"),
    [
        (("users",), "users", Severity.CRITICAL),
        (("users",), "app_users", Severity.MEDIUM),
        (("public.users",), "users", Severity.CRITICAL),
        (("shop.*",), "users", Severity.MEDIUM),
        (("*users",), "app_users", Severity.CRITICAL),
    ],
)
def test_critical_is_medium_in_other_tables(patterns: tuple[str, ...], name: str, severity: Severity) -> None:
    of = snapshot(f"{name}: id int pk")
    rule = Rule("SOMETHING", Severity.CRITICAL, Reads.COLUMNS, finding_everywhere, "something")
    (issue,) = Judge([rule], critical_tables=patterns).judge(scene(of), of.tables).issues
    assert issue.severity is severity


def test_partitions_of_a_critical_table_are_critical() -> None:
    of = snapshot("payments [partitioned]: id int\npayments_2026 [partition of=payments]: id int")
    assert {issue.severity for issue in judged(finding_everywhere, of).issues} == {Severity.CRITICAL}


@pytest.mark.parametrize("severity", [Severity.MEDIUM, Severity.LOW])
def test_other_severities_stay(severity: Severity) -> None:
    assert {issue.severity for issue in judged(finding_everywhere, severity=severity).issues} == {severity}


def test_issue_is_named_by_type_and_names_alone() -> None:
    (issue,) = judged(finding_everywhere, snapshot("users: id int pk")).issues
    assert issue.issue_id == issue_id("SOMETHING", "public", "users", "", "")
    other = altered(snapshot("x: y int\nusers: a text, id int pk"), "users", owner="another")
    assert issue.issue_id in {each.issue_id for each in judged(finding_everywhere, other).issues}


def test_columns_with_commas_in_their_names_are_not_taken_for_two() -> None:
    of = snapshot('t: "a, b" int, a int, b int, "q""" int')

    def by_columns(each: Table, _: Scene) -> Iterator[Finding]:
        for columns in ((1,), (2, 3), (4,)):
            yield Finding(each.oid, "is", "should be", columns=columns)

    issues = judged(by_columns, of).issues
    assert sorted(issue.column for issue in issues) == ['"a, b"', '"q"""', "a, b"]
    assert len({issue.issue_id for issue in issues}) == 3


def test_worst_come_first_then_type_and_name() -> None:
    of = snapshot("b: id int pk\na: id int pk\nusers: id int pk")
    rules = [
        Rule(issue_type, severity, Reads.COLUMNS, finding_everywhere, "something")
        for issue_type, severity in (("Z", Severity.LOW), ("Y", Severity.CRITICAL), ("X", Severity.MEDIUM))
    ]
    order = [(issue.issue_type, issue.table) for issue in Judge(rules).judge(scene(of), of.tables).issues]
    assert order == [
        *[("Y", "users")],
        *[("X", "a"), ("X", "b"), ("X", "users")],
        *[("Y", "a"), ("Y", "b")],
        *[("Z", "a"), ("Z", "b"), ("Z", "users")],
    ]


def test_tables_that_are_left_alone_or_gone_are_passed_over() -> None:
    of = altered(THREE, "b", left_alone=True)
    rule = Rule("SOMETHING", Severity.LOW, Reads.COLUMNS, finding_everywhere, "something")
    judgement = Judge([rule]).judge(scene(of), [*of.tables, 4711])
    assert [issue.table for issue in judgement.issues] == ["a", "c"]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (NotCounted("later"), CheckStatus.SKIPPED, "later"),
        (CouldNotLook("locked"), CheckStatus.COULD_NOT_RUN, "locked"),
        (ValueError("oops"), CheckStatus.COULD_NOT_RUN, "something failed on public.b: ValueError: oops"),
    ],
)
def test_rule_that_raises_is_not_called_clean(error: Exception, status: CheckStatus, reason: str) -> None:
    def raising(each: Table, _: Scene) -> Iterator[Finding]:
        if each.name == "b":
            raise error
        return
        yield

    judgement = judged(raising)
    (check,) = judgement.checks
    assert (check.status, check.reason, check.issues, check.undecided) == (status, reason, 0, 1)
    assert judgement.undecided == {("SOMETHING", table(THREE, "b").oid)}


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (NotCounted("nobody watched"), CheckStatus.SKIPPED, "nobody watched"),
        (ValueError("oops"), CheckStatus.COULD_NOT_RUN, "something failed: ValueError: oops"),
    ],
)
def test_rule_that_cannot_even_choose_its_tables_says_nothing_of_any(
    error: Exception, status: CheckStatus, reason: str
) -> None:
    def choosing(_: Docket) -> Sequence[Table]:
        raise error

    rule = Rule("SOMETHING", Severity.LOW, Reads.COLUMNS, finding_everywhere, "something", choosing)
    judgement = Judge([rule]).judge(scene(THREE), THREE.tables)
    (check,) = judgement.checks
    assert (check.status, check.reason, check.issues, check.undecided) == (status, reason, 0, 3)
    assert judgement.undecided == {("SOMETHING", oid) for oid in THREE.tables}


def test_what_was_found_before_an_error_stands() -> None:
    def half(each: Table, scene: Scene) -> Iterator[Finding]:
        yield from finding_everywhere(each, scene)
        if each.name != "a":
            raise NotCounted(each.name)
        raise RuntimeError(each.name)

    judgement = judged(half)
    (check,) = judgement.checks
    assert (check.status, check.issues, check.undecided) == (CheckStatus.COULD_NOT_RUN, 3, 3)
    assert "RuntimeError: a" in (check.reason or "")


def test_issues_outrank_skips() -> None:
    def skipping(each: Table, scene: Scene) -> Iterator[Finding]:
        if each.name == "a":
            raise NotCounted("later")
        yield from finding_everywhere(each, scene)

    assert judged(skipping).checks[0].status is CheckStatus.FAILED


def test_finding_the_same_twice_is_a_defect_that_is_told() -> None:
    def twice(each: Table, scene: Scene) -> Iterator[Finding]:
        yield from finding_everywhere(each, scene)
        if each.name == "b":
            yield from finding_everywhere(each, scene)

    judgement = judged(twice)
    (check,) = judgement.checks
    assert len(judgement.issues) == 3
    assert check.status is CheckStatus.COULD_NOT_RUN
    assert check.reason == "something found SOMETHING on public.b twice under one name"
    assert judgement.undecided == {("SOMETHING", table(THREE, "b").oid)}


def test_clean_tables_pass_every_rule() -> None:
    judgement = Judge().judge(scene(THREE), THREE.tables)
    assert {check.status for check in judgement.checks} == {CheckStatus.PASSED}
    assert judgement.issues == ()


OPEN = snapshot("""
    users: id int pk, email text unique
    orders: id int pk, user_id int -> users not valid
    bookings: id int pk, user_id int
    visits: id int pk, stripe_user_id int
    guests: id int pk, user_id text
    moods: mood mood pk
    days: mood mood -> moods(mood) not valid
""")


def test_links_worth_counting() -> None:
    needed = Judge().needed_measurements(Judge.docket(scene(OPEN), OPEN.tables))
    assert needed == {
        link(OPEN, "orders(user_id)", "users(id)"),
        link(OPEN, "bookings(user_id)", "users(id)"),
        link(OPEN, "guests(user_id)", "users(id)"),
    }
    only = Judge().needed_measurements(Judge.docket(scene(OPEN), [table(OPEN, "guests").oid]))
    assert only == {link(OPEN, "guests(user_id)", "users(id)")}


def test_candidate_that_counting_could_decide_is_skipped_until_it_did() -> None:
    of = snapshot("users: id int pk\nbookings: id int pk, user_id int")
    meant, bookings = link(of, "bookings(user_id)", "users(id)"), table(of, "bookings").oid

    def missing(counts: object) -> tuple[CheckStatus, bool]:
        judgement = Judge().judge(scene(of, {meant: counts} if counts else {}), of.tables)  # type: ignore[dict-item]
        (check,) = [check for check in judgement.checks if check.issue_type == "MISSING_FOREIGN_KEY"]
        return check.status, ("MISSING_FOREIGN_KEY", bookings) in judgement.undecided

    assert missing(None) == (CheckStatus.SKIPPED, True)
    assert missing(Unmeasured("a lock was in the way")) == (CheckStatus.SKIPPED, True)
    assert missing(counted(4)) == (CheckStatus.PASSED, False)
    assert missing(counted(500)) == (CheckStatus.FAILED, False)
