"""One own rule: what is refused when it is made, and that nothing it does while it judges stops anybody else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import structlog
from pgmend.listener.judging import own_rule
from pgmend.listener.judging.judge import CheckOutcome, Judge, Judgement
from pgmend.listener.judging.registry import builtin_rules
from pgmend.rules import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    Evidence,
    Finding,
    NotCounted,
    Reads,
    RebuildIndex,
    Rule,
    RuleFailed,
    RuleRefused,
    Scene,
    Severity,
    Table,
    ValidateConstraint,
    fact,
    rule,
)
from pgmend.testing import judged, scene, snapshot

SHOP = snapshot('''
    items: id int pk, price money, "Größe" text, index(price), check(price)
    orders: id int pk, item_id int
''')  # fmt: skip
ITEMS, ORDERS = SHOP.tables.values()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is written to the log."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def made(judge: Callable[..., Any], name: str = "ACME_THING") -> Rule:
    return rule(name, severity="low", reads=Reads.COLUMNS)(judge)


def yielding(*found: Any) -> Rule:
    """A rule that finds this on the first table."""

    def judge(table: Table, _: Scene) -> Iterator[Any]:
        if table.oid == ITEMS.oid:
            yield from found

    return made(judge)


def finding(**fields: Any) -> Finding:
    return Finding(**{"table": ITEMS.oid, "current_state": "is", "expected_state": "should be", **fields})


def tried(own: Rule) -> tuple[Judgement, CheckOutcome]:
    judgement = Judge([own]).judge(scene(SHOP), SHOP.tables)
    (check,) = judgement.checks
    return judgement, check


def test_a_function_becomes_a_rule() -> None:
    @rule("ACME_NO_MONEY", severity=Severity.MEDIUM, reads=Reads.COLUMNS)
    def no_money(table: Table, _: Scene) -> Iterator[Finding]:
        """Columns of type money.

        Nobody knows its currency.
        """
        for column in table.columns:
            if column.type_name == "money":
                yield Finding(table.oid, f"{column.name} is money.", "It is numeric.", columns=(column.number,))

    assert (no_money.issue_type, no_money.stem, no_money.own) == ("ACME_NO_MONEY", "acme_no_money", True)
    assert no_money.summary == "Columns of type money."
    (issue,) = judged("shop.items: id int pk, price money", no_money)
    assert (issue.schema, issue.column, issue.severity) == ("shop", "price", Severity.MEDIUM)


def test_a_list_will_do_for_findings_columns_and_evidence() -> None:
    own = made(lambda table, _: [Finding(table.oid, "is", "be", columns=[1], evidence=[fact("so it is")])])  # type: ignore[arg-type]
    assert {(issue.columns, issue.evidence) for issue in judged(SHOP, own)} == {((1,), (fact("so it is"),))}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NOPREFIX", "such as ACME_MONEY"),
        ("acme_money", "write capitals"),
        ("ACME_", "write capitals"),
        ("ACME__MONEY", "write capitals"),
        ("ACME MONEY", "write capitals"),
        ("ÄCME_MONEY", "write capitals"),
        ("ACME_MONEY\n", "write capitals"),
        ("ACME_" + "M" * 60, "at most 63"),
        (7, "write capitals"),
        ("PGMEND_MONEY", "names that begin with PGMEND_ are pgmend's own"),
        *((each.issue_type.partition("_")[0] + "_MONEY", "pgmend's own") for each in builtin_rules()),
    ],
)
def test_a_name_without_a_prefix_of_ones_own_is_refused(name: Any, said: str) -> None:
    with pytest.raises(RuleRefused, match=said):
        made(lambda table, scene: (), name)


async def awaiting(table: Table, scene: Scene) -> None: ...


async def awaiting_each(table: Table, scene: Scene) -> Any:
    yield


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (lambda table: (), r"function of \(table, scene\)"),
        (lambda table, scene, more: (), r"function of \(table, scene\)"),
        ("judge", "is no function"),
        (awaiting, "no async function"),
        (awaiting_each, "no async function"),
    ],
)
def test_what_cannot_judge_is_refused(judge: Any, said: str) -> None:
    with pytest.raises(RuleRefused, match=said):
        made(judge)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"severity": "urgent", "reads": Reads.COLUMNS}, "write critical, medium or low"),
        ({"severity": "low", "reads": Reads(0)}, "says nothing"),
        ({"severity": "low", "reads": "columns"}, "says nothing"),
    ],
)
def test_a_wrong_severity_or_reads_is_refused(fields: Any, said: str) -> None:
    with pytest.raises(RuleRefused, match=said):
        rule("ACME_THING", **fields)


def remedied(remedy: Any) -> Finding:
    return finding(remedy=remedy)


NONSENSE: dict[str, tuple[Any, str]] = {
    "text": ("money!", "'money!', which is no Finding"),
    "nothing": (None, "None, which is no Finding"),
    "another table": (finding(table=ORDERS.oid), "write table.oid"),
    "unknown table": (finding(table=4711), "write table.oid"),
    "the table itself": (finding(table=ITEMS), "write table.oid"),
    "no state": (finding(current_state="  "), "current_state is empty"),
    "state is no text": (finding(expected_state=7), "expected_state=7 is no text"),
    "a NUL": (finding(current_state="a\0b"), "cannot store"),
    "half a character": (finding(object_name="\ud800"), "cannot store"),
    "a book": (finding(current_state="x" * 10_001), "longer than"),
    "unknown column": (finding(columns=(99,)), "99 in it, which is no column's number"),
    "a column's name": (finding(columns=("price",)), "'price' in it"),
    "columns are text": (finding(columns="price"), "is no tuple"),
    "severity": (finding(severity="urgent"), "is no Severity"),
    "evidence": (finding(evidence=("because",)), "is no Evidence"),
    "weight": (finding(evidence=(Evidence("x", math.nan, "seen"),)), "no finite number"),
    "doubt": (finding(doubt=7), "doubt=7 is no text"),
    "raw SQL": (remedied("drop table items"), "never SQL"),
    "index definition": (
        remedied(CreateIndex(ITEMS.oid, (1,), definition="create index on items (pg_sleep(9))")),
        "remedy.definition is not for own rules",
    ),
    "claims a drop": (remedied(CreateIndex(ITEMS.oid, (1,), name="x")), "remedy.name is not for own rules"),
    "claims a restore": (
        remedied(ChangeColumnType(ITEMS.oid, 2, "numeric", restores=True)),
        "remedy.restores is not for own rules",
    ),
    "index method": (remedied(CreateIndex(ITEMS.oid, (1,), method="btree; drop")), "is none of"),
    "index on nothing": (remedied(CreateIndex(ITEMS.oid, ())), "remedy.columns is empty"),
    "index options": (remedied(CreateIndex(ITEMS.oid, (1,), options=("desc",))), "not all numbers"),  # type: ignore[arg-type]
    "remedy elsewhere": (remedied(CreateIndex(ORDERS.oid, (1,))), "another table"),
    "remedy's columns": (remedied(CreateIndex(ITEMS.oid, (9,))), "9 in it"),
    "remedy's list": (remedied(CreateIndex(ITEMS.oid, [1])), "write a tuple"),  # type: ignore[arg-type]
    "unknown target": (remedied(AddForeignKey(ITEMS.oid, (1,), 4711, (1,))), "4711, which is not there"),
    "action": (remedied(AddForeignKey(ITEMS.oid, (1,), ORDERS.oid, (1,), on_delete="x")), "remedy.on_delete='x'"),
    "type": (remedied(ChangeColumnType(ITEMS.oid, 2, "")), "remedy.type_name is empty"),
    "along with nothing": (remedied(ChangeColumnType(ITEMS.oid, 2, "bigint", along=((4711, 1),))), "no tuple of pairs"),
    "along with no pair": (remedied(ChangeColumnType(ITEMS.oid, 2, "bigint", along=(1,))), "no tuple of pairs"),  # type: ignore[arg-type]
    "along with no column": (remedied(ChangeColumnType(ITEMS.oid, 2, "bigint", along=((ORDERS.oid, 9),))), "9 in it"),
    "index elsewhere": (remedied(RebuildIndex(ITEMS.oid, 1)), "remedy.index=1 is not on the table"),
    "kept elsewhere": (remedied(DropIndex(ITEMS.oid, ITEMS.indexes[0].oid, 1)), "remedy.kept=1"),
    "constraint": (remedied(ValidateConstraint(ITEMS.oid, 1)), "remedy.constraint=1"),
}


@pytest.mark.parametrize(("found", "said"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_told_and_stops_nobody(found: Any, said: str) -> None:
    judgement, check = tried(yielding(finding(object_name="before"), found))
    assert [issue.object_name for issue in judgement.issues] == ["before"]
    assert check.status == "could_not_run"
    assert said in (check.reason or "")
    assert (check.reason or "").startswith("ACME_THING failed on public.items: ")
    assert judgement.undecided == {("ACME_THING", ITEMS.oid)}


@pytest.mark.parametrize(
    "remedy",
    [
        CreateIndex(ITEMS.oid, (1, 2), method="gin", unique=True, included=(3,)),
        AddForeignKey(ITEMS.oid, (1,), ORDERS.oid, (1,), on_delete="n", on_delete_columns=(1,)),
        ChangeColumnType(ITEMS.oid, 2, "numeric(12,2)", along=((ORDERS.oid, 1),)),
        RebuildIndex(ITEMS.oid, ITEMS.indexes[1].oid),
        DropIndex(ITEMS.oid, ITEMS.indexes[1].oid, ITEMS.indexes[0].oid),
        ValidateConstraint(ITEMS.oid, ITEMS.constraints[1].oid),
    ],
    ids=lambda remedy: remedy.kind,
)
def test_built_in_remedies_may_be_proposed(remedy: Any) -> None:
    (issue,) = judged(SHOP, yielding(remedied(remedy)))
    assert issue.remedy == remedy


def raising(error: BaseException) -> Callable[[Table, Scene], Iterable[Finding]]:
    def judge(table: Table, _: Scene) -> Iterator[Finding]:
        if table.oid == ITEMS.oid:
            raise error
        yield Finding(table.oid, "is", "should be")

    return judge


def forgetful(table: Table, scene: Scene) -> Any:
    Finding(table.oid, "is", "should be")


def endless(table: Table, scene: Scene) -> Iterator[Finding]:
    number = 0
    while True:
        number += 1
        yield Finding(table.oid, "is", "should be", object_name=str(number))


def bottomless(table: Table, scene: Scene) -> Any:
    return bottomless(table, scene)


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (raising(KeyError("price")), "KeyError: 'price'"),
        (raising(SystemExit(3)), "SystemExit: 3"),
        (forgetful, "it returned None, which is no findings"),
        (endless, "it found over 1000 issues on one table"),
        (bottomless, "RecursionError"),
    ],
    ids=["raises", "exits", "forgets to yield", "never ends", "recurses"],
)
def test_a_rule_that_fails_says_where_and_the_others_go_on(judge: Any, said: str) -> None:
    other = made(lambda table, _: [Finding(table.oid, "is", "should be")], "OTHER_THING")
    judgement = Judge([made(judge), other]).judge(scene(SHOP), SHOP.tables)
    failed, went_on = judgement.checks
    assert (failed.status, went_on.status, went_on.issues) == ("could_not_run", "failed", 2)
    assert said in (failed.reason or "")
    assert f"{__file__}:" in (failed.reason or "") or "own_" in (failed.reason or "")
    with pytest.raises(RuleFailed, match="failed on public"):
        judged(SHOP, made(judge))


def test_its_traceback_is_in_the_log_once_for_each_look(logged: list[Any]) -> None:
    own = made(lambda table, _: 1 / 0)
    for looks in (1, 2):
        tried(own)
        assert [(each["event"], each["rule"], each["exc_info"]) for each in logged] == [
            ("own rule failed", "ACME_THING", True)
        ] * looks


def test_a_rule_may_say_that_it_cannot_tell_yet() -> None:
    _, check = tried(made(raising(NotCounted("nobody has counted"))))
    assert (check.status, check.reason, check.issues) == ("failed", "nobody has counted", 1)


def test_a_rule_that_takes_too_long_is_stopped_between_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr(own_rule.time, "perf_counter", lambda: float(next(clock)))
    own = made(lambda table, _: [Finding(table.oid, "is", "should be")])
    for look in (1, 2):
        judgement, check = tried(own)
        assert [issue.table for issue in judgement.issues] == ["items"], look
        assert check.status == "could_not_run"
        assert "stopped before public.orders: it had taken 5.0 s" in (check.reason or "")
        assert judgement.undecided == {("ACME_THING", ORDERS.oid)}
