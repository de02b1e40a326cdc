"""POST /preview-fix: the plan for an issue, on what the catalogs say now."""

from __future__ import annotations

from uuid import UUID

from ...listener.desk import Desk
from .endpoint import Endpoint
from .issues import IssueAsked
from .plan import PlanAnswer, plan_answer


class PreviewAnswer(PlanAnswer):
    """The plan, and the `plan_hash` that approves exactly it (POST /fix)."""

    fix_id: UUID
    issue_id: str
    state: str
    plan_hash: str


async def _preview(desk: Desk, asked: IssueAsked) -> PreviewAnswer:
    shown = await desk.preview(asked.issue_id)
    return PreviewAnswer(
        **dict(plan_answer(shown.plan)),
        fix_id=shown.fix.fix_id,
        issue_id=shown.fix.issue_id,
        state=shown.fix.state,
        plan_hash=shown.fix.plan_hash,
    )


ENDPOINTS = (Endpoint("POST", "/preview-fix", IssueAsked, PreviewAnswer, _preview),)
