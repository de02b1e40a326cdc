"""Fixes as people read them: a list of many, one with every step."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from ...listener.desk import FixDetail, ShownFix
from ...listener.issue import qualified
from .paper import Labelled
from .printable import printable
from .terminal import plan_text


def fix_list(fixes: Iterable[ShownFix]) -> RenderableType:
    """Latest first."""
    return Group(*(_fix_text(fix) for fix in fixes))


def fix_detail(detail: FixDetail) -> RenderableType:
    """One fix with its plan and each step with its time."""
    lines: list[RenderableType] = [_fix_text(detail.fix), plan_text(detail.plan)]
    for step in detail.steps:
        took = f" in {(step.finished_at - step.started_at).total_seconds() * 1000:.0f} ms" if step.finished_at else ""
        lines.append(
            Text(f"{step.direction} {step.ordinal}: {printable(step.title)}: {step.state}{took}", style="bold")
        )
        if step.error:
            lines.append(Text(printable(step.error), style="red"))
    return Group(*lines)


def _fix_text(fix: ShownFix) -> RenderableType:
    head = Text.assemble(
        (f"{fix.changed_at:%Y-%m-%d %H:%M:%S} UTC  ", "dim"), (f"{fix.state:<11}", "bold"), (str(fix.fix_id), "dim")
    )
    by = "pgmend" if fix.automatic else fix.approved_by
    said = (
        ("where:", qualified(fix.schema, fix.table)),
        ("what:", fix.summary),
        ("by:", by),
        ("why:", fix.reason),
        ("since:", f"{fix.aftermath}. {fix.aftermath_told or ''}".strip() if fix.aftermath else None),
    )
    return Group(head, *(Labelled(label, printable(text), indent=9, width=11) for label, text in said if text))
