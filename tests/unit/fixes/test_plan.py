"""A plan as JSON and by its hash."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pgmend.listener.fixes.plan import CastClass, Check, Hazard, Lock, Plan, Proof, Step, Verdict, proofs_to_json
from pgmend.listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    Remedy,
    RestoreObject,
    ValidateConstraint,
)

REMEDIES: list[Remedy] = [
    CreateIndex(1, (2,), name="ü", definition="x", options=(3,)),
    RebuildIndex(1, 2),
    DropIndex(1, 2, 3),
    AddForeignKey(1, (2, 3), 4, (5, 6), on_delete="n", on_delete_columns=(2,)),
    ValidateConstraint(1, 2),
    ChangeColumnType(1, 2, "integer"),
    RestoreObject(0, "view", "app", "", "ü", "name", found_as="u", drops=True),
]
STEP = Step(
    "a step", ("one", "two"), True, "select 'done'", (Lock("SHARE", "app.t"), Lock("SHARE", "app.t")), ("drop",),
    (Check("c", "select 1", "m", in_transaction=True),), long_running=True,
)  # fmt: skip
PLAN = Plan(
    "create_index", "id", "do", REMEDIES[0], ((1, "app.t"),), ((1, "f"),), (Check("c", "q", "m"),), (STEP,), (STEP,),
    hazards=(Hazard.INDEX_BUILD,), cast_class=CastClass.EXACT, estimate_ms=1.5, makes=("i",),
)  # fmt: skip


@pytest.mark.parametrize("remedy", REMEDIES, ids=[remedy.kind for remedy in REMEDIES])
def test_a_plan_survives_json_and_keeps_its_hash(remedy: Remedy) -> None:
    plan = replace(PLAN, remedy=remedy)
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.plan_hash == plan.plan_hash


def test_a_plan_survives_what_jsonb_does_to_text() -> None:
    shuffled = json.dumps(json.loads(PLAN.to_json()), sort_keys=True, indent=3)
    assert Plan.from_json(shuffled).plan_hash == PLAN.plan_hash


def test_the_hash_names_the_statements_and_the_state_and_not_the_proofs() -> None:
    proved = replace(PLAN, proofs=(Proof("c", Verdict.PROVED, "0 found"),))
    assert proved.plan_hash == PLAN.plan_hash
    others = [
        replace(PLAN, based_on=((1, "g"),)),
        replace(PLAN, steps=(replace(STEP, statements=("one",)),)),
        replace(PLAN, inverse=()),
        replace(PLAN, remedy=REMEDIES[1]),
    ]
    assert len({PLAN.plan_hash, *(plan.plan_hash for plan in others)}) == 5


def test_each_lock_is_told_once() -> None:
    assert PLAN.locks == (Lock("SHARE", "app.t"),)


def test_proofs_are_json_with_their_rows() -> None:
    proofs = (Proof("c", Verdict.REFUTED, "1 found", ("id=1",)),)
    assert json.loads(proofs_to_json(proofs)) == [
        {
            "name": "c",
            "verdict": "refuted",
            "figures": "1 found",
            "counter_examples": ["id=1"],
            "alone": False,
            "kept_out": False,
            "forecast": False,
        }
    ]


APPROVED = Plan(
    "add_foreign_key",
    "i",
    "a key with its index",
    AddForeignKey(1, (2,), 3, (1,)),
    ((1, "a"),),
    ((1, "f"),),
    steps=(
        Step("index", ("create index …",), False, "select 'before'"),
        Step("key", ("alter …",), True, "select 'before'"),
    ),
    inverse=(Step("no key", ("drop key …",), True, "select 'before'"), Step("no index", ("drop index …",), False, "…")),
    hazards=(Hazard.SHARE_ROW_EXCLUSIVE_LOCK, Hazard.INDEX_BUILD),
)


@pytest.mark.parametrize(
    ("now", "covered"),
    [
        (APPROVED, True),
        (replace(APPROVED, based_on=((1, "moved"),)), True),
        (replace(APPROVED, steps=APPROVED.steps[1:], inverse=APPROVED.inverse[:1]), True),
        (replace(APPROVED, steps=(*APPROVED.steps, Step("more", ("drop …",), True, "…"))), False),
        (replace(APPROVED, inverse=(Step("else", ("truncate …",), True, "…"),)), False),
        (replace(APPROVED, hazards=(*APPROVED.hazards, Hazard.DATA_LOSS)), False),
        (replace(APPROVED, refusal="no"), False),
        (replace(APPROVED, remedy=AddForeignKey(1, (2,), 3, (2,))), False),
    ],
)
def test_an_approval_holds_for_a_plan_that_does_no_more(now: Plan, covered: bool) -> None:
    assert now.is_within(APPROVED) is covered
