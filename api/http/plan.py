"""A plan as it is shown: enough to approve it with open eyes."""

from __future__ import annotations

from ...listener.fixes.plan import CastClass, Hazard, Plan, Step, Verdict
from .endpoint import Answer


class LockAnswer(Answer):
    """A lock that a step takes."""

    mode: str
    relation: str


class StepAnswer(Answer):
    """One unit that is before or after, never between."""

    title: str
    transactional: bool
    statements: tuple[str, ...]
    locks: tuple[LockAnswer, ...]


class CheckAnswer(Answer):
    """What is checked before anything is committed."""

    name: str
    meaning: str


class ProofAnswer(Answer):
    """A check that ran, with its figures."""

    name: str
    verdict: Verdict
    figures: str
    counter_examples: tuple[str, ...]


class PlanAnswer(Answer):
    """`statements` and `inverse` are all that would run, in order; `steps` and `inverse_steps` say in which units.

    `refusal` says why nothing may be done (there are no statements then), `waits_for` what is still missing,
    `needs_approval` why it never runs alone, `no_inverse` why there is nothing to undo. `notes` are what a person
    should know and no check can tell. `afterwards` is the plan that can be made only once this one is applied, as a fix
    of its own, to be approved by itself.
    """

    kind: str
    summary: str
    statements: tuple[str, ...]
    steps: tuple[StepAnswer, ...]
    locks: tuple[LockAnswer, ...]
    hazards: tuple[Hazard, ...]
    checks: tuple[CheckAnswer, ...]
    proofs: tuple[ProofAnswer, ...]
    cast_class: CastClass | None
    restores: bool
    needs_approval: str | None
    refusal: str | None
    waits_for: str | None
    affected_rows: int | None
    estimate_ms: float | None
    inverse: tuple[str, ...]
    inverse_steps: tuple[StepAnswer, ...]
    no_inverse: str | None
    backups: tuple[str, ...]
    notes: tuple[str, ...]
    afterwards: PlanAnswer | None


def plan_answer(plan: Plan) -> PlanAnswer:
    """The plan as it goes out."""
    return PlanAnswer(
        kind=plan.kind,
        summary=plan.summary,
        statements=_statements(plan.steps),
        steps=_steps(plan.steps),
        locks=tuple(LockAnswer.model_validate(lock) for lock in plan.locks),
        hazards=plan.hazards,
        checks=tuple(CheckAnswer.model_validate(check) for check in plan.checks),
        proofs=tuple(ProofAnswer.model_validate(proof) for proof in plan.proofs),
        cast_class=plan.cast_class,
        restores=plan.restores,
        needs_approval=plan.needs_approval,
        refusal=plan.refusal,
        waits_for=plan.waits_for,
        affected_rows=plan.affected_rows,
        estimate_ms=plan.estimate_ms,
        inverse=_statements(plan.inverse),
        inverse_steps=_steps(plan.inverse),
        no_inverse=plan.no_inverse,
        backups=plan.backups,
        notes=plan.notes,
        afterwards=None if plan.afterwards is None else plan_answer(plan.afterwards),
    )


def _statements(steps: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(statement for step in steps for statement in step.statements)


def _steps(steps: tuple[Step, ...]) -> tuple[StepAnswer, ...]:
    return tuple(StepAnswer.model_validate(step) for step in steps)
