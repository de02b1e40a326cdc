"""The lab's figures: what a promise kept is, and what an issue says of whether it will be mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from .account import promise_kept, totals
from .case import Case, Course, Fate, Outcome, fate_of
from .content import Rows
from .faults import KINDS
from .healing import Seen, telling_of
from .injector import Fault
from .subject import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAULT = Fault(KINDS[0], "public", "t", "c", "alter table t …", "word", 7, NOW)
HEALED = Fate(
    fault=FAULT,
    schema="s",
    case=1,
    together=False,
    outcome=Outcome.HEALED,
    noticed_by=("CHANGED_TYPE",),
    seconds=0.01,
    by_scan=False,
    automatic=True,
    reasons=(),
    dump_equal=True,
    rows_equal=True,
    rows_lost=0,
    untouched=False,
    rollback_equal=True,
    healed_again=True,
)
ISSUE = Seen(
    issue_id="i",
    issue_type="CHANGED_TYPE",
    status="open",
    relation="t",
    object="",
    column="c",
    relation_oid=7,
    opened_at=NOW,
    definition_hash="h",
    mendable=True,
    auto_fixable=False,
    why_not_auto="it was dropped",
    fix_id="f",
    kind="change_column_type",
    state="proposed",
    reason=None,
    refusal=None,
    waits_for=None,
    plan_hash="p",
    automatic=False,
    restores=True,
    fixed=False,
)


def hundred(**one: Any) -> list[Fate]:
    return [replace(HEALED, case=number) for number in range(99)] + [replace(HEALED, case=99, **one)]


@pytest.mark.parametrize(
    ("one", "kept"),
    [
        ({}, True),
        ({"outcome": Outcome.REFUSED, "rollback_equal": None}, True),
        ({"outcome": Outcome.LEFT}, False),
        ({"outcome": Outcome.UNNOTICED}, False),
        ({"rows_lost": 1}, False),
        ({"rollback_equal": False}, False),
        ({"rollback_equal": None, "rollback_refused": ("failed: …",)}, False),
    ],
)
def test_one_of_a_hundred_may_be_refused_and_nothing_else(one: dict[str, Any], kept: bool) -> None:
    assert promise_kept(totals(hundred(**one))) is kept


def test_two_of_a_hundred_refused_are_too_many_and_no_faults_are_no_promise() -> None:
    refused = [replace(HEALED, case=case, outcome=Outcome.REFUSED) for case in (1, 2)]
    assert not promise_kept(totals([*hundred()[2:], *refused]))
    assert not promise_kept(totals([]))


def test_a_rollback_counts_once_for_its_case_and_cases_of_two_schemas_are_two() -> None:
    assert totals([HEALED, HEALED, replace(HEALED, schema="other")])["rollbacks"] == 2


@pytest.mark.parametrize(
    ("changes", "waits", "objection"),
    [
        ({}, True, None),
        ({"auto_fixable": True, "why_not_auto": None}, False, None),
        ({"why_not_auto": None}, False, None),
        ({"refusal": "no way"}, False, "refused: no way"),
        ({"waits_for": "the index"}, False, "waits for the index"),
        ({"state": "failed", "reason": "lock"}, False, "failed: lock"),
        ({"state": "applied", "status": "resolved"}, False, None),
        ({"state": "queued"}, False, None),
        ({"state": None, "fix_id": None, "plan_hash": None}, False, "refused: it was dropped"),
        ({"mendable": False, "state": None, "fix_id": None}, False, "no remedy: it was dropped"),
    ],
)
def test_what_an_issue_says_of_being_mended(changes: dict[str, Any], waits: bool, objection: str | None) -> None:
    seen = replace(ISSUE, **changes)
    assert (seen.waits_for_approval, seen.objection) == (waits, objection)


@pytest.mark.parametrize(
    ("changes", "tells"),
    [
        ({}, True),
        ({"relation": "other"}, True),
        ({"relation": "other", "relation_oid": 8}, False),
        ({"column": "a, c"}, True),
        ({"column": "d"}, False),
        ({"column": 'a, "w ""o"" rd"'}, True),
        ({"column": "", "object": "column c"}, True),
        ({"column": "", "object": 'column w "o" rd'}, True),
        ({"column": "", "object": "column former"}, True),
        ({"column": "", "object": "column d"}, False),
        ({"column": "", "relation": "c"}, False),
        ({"relation": "", "relation_oid": 0, "object": "function c(integer)"}, True),
        ({"issue_type": "CHANGED_DEFINITION", "object": "materialized view c: comment"}, True),
        ({"issue_type": "CHANGED_DEFAULT"}, False),
    ],
)
def test_an_issue_tells_of_a_fault_by_its_type_and_what_it_names(changes: dict[str, Any], tells: bool) -> None:
    kind = replace(KINDS[0], announced_by=frozenset({"CHANGED_TYPE", "CHANGED_DEFINITION"}))
    fault = replace(FAULT, kind=kind, word='w "o" rd', was="former")
    assert bool(telling_of([replace(ISSUE, **changes)], fault)) is tells


def test_an_issue_about_a_table_tells_of_a_fault_of_that_table_under_any_name() -> None:
    fault = replace(FAULT, object="t")
    seen = replace(ISSUE, column="", relation="renamed")
    assert telling_of([seen], fault) == [seen]
    assert telling_of([seen], FAULT) == []


SOUND = """CREATE TABLE public.t (
    id integer NOT NULL,
    c integer DEFAULT 7,
    "w d" text
);

CREATE INDEX i ON public.t USING btree (c);

CREATE INDEX other ON public.t USING btree (id);
"""
BROKEN = SOUND.replace("c integer DEFAULT 7", "c text").replace(
    "\nCREATE INDEX other ON public.t USING btree (id);\n", ""
)
ROWS = {"public.t": Rows(5, "abc")}
REFUSED = replace(ISSUE, state="refused", reason="a value does not fit")
OTHER = replace(FAULT, object="other", statement="drop index other")


def course(healed: str, rows: dict[str, Rows] = ROWS) -> Course:
    """Two faults, one of which was mended."""
    return Course(
        case=Case(1, 2, together=False),
        sound=State(SOUND, ROWS),
        broken=State(BROKEN, ROWS),
        healed=State(healed, rows),
        issues=(REFUSED,),
        scanned=frozenset(),
        undoable=(True,),
        rolled_back=None,
        refused=(),
        left_again=(),
        again=None,
    )


INDEX_BACK = SOUND.replace("c integer DEFAULT 7", "c text")


@pytest.mark.parametrize(
    ("healed", "rows", "outcome"),
    [
        (INDEX_BACK, ROWS, Outcome.REFUSED),
        (BROKEN, ROWS, Outcome.REFUSED),
        (INDEX_BACK.replace("c text", "c bigint"), ROWS, Outcome.LEFT),
        (INDEX_BACK.replace("c text", "c text DEFAULT '7'::text"), ROWS, Outcome.LEFT),
        (INDEX_BACK.replace("(c);", "(c DESC);"), ROWS, Outcome.LEFT),
        (INDEX_BACK + "\nCOMMENT ON COLUMN public.t.c IS 'x';\n", ROWS, Outcome.LEFT),
        (INDEX_BACK, {"public.t": Rows(4, "ab")}, Outcome.LEFT),
    ],
)
def test_refused_is_only_what_is_as_the_fault_left_it_whatever_was_mended_beside_it(
    healed: str, rows: dict[str, Rows], outcome: Outcome
) -> None:
    assert fate_of(FAULT, "s", course(healed, rows), frozenset({OTHER}), 2).outcome is outcome


def test_where_nothing_was_applied_nothing_may_differ() -> None:
    untouched = replace(course(BROKEN), undoable=())
    assert fate_of(FAULT, "s", untouched, frozenset(), 1).outcome is Outcome.REFUSED
    moved = replace(course(INDEX_BACK), undoable=())
    assert fate_of(FAULT, "s", moved, frozenset(), 1).outcome is Outcome.LEFT
