"""Fixes as people read them: a table of many, one with every step."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...listener.desk import FixDetail, ShownFix
from ...listener.issue import qualified
from .printable import printable
from .terminal import plan_text, rows_table


def fix_table(fixes: Iterable[ShownFix]) -> Table:
    """Latest first."""
    rows: list[tuple[object, ...]] = [
        (
            f"{fix.changed_at:%Y-%m-%d %H:%M:%S}",
            fix.state,
            qualified(fix.schema, fix.table),
            fix.summary,
            "pgmend" if fix.automatic else fix.approved_by,
            fix.reason,
            fix.fix_id,
        )
        for fix in fixes
    ]
    return rows_table("Fixes", ("when (UTC)", "state", "where", "what", "by", "why", "fix"), rows)


def fix_detail(detail: FixDetail) -> RenderableType:
    """One fix with its plan and each step with its time."""
    lines: list[RenderableType] = [fix_table([detail.fix]), plan_text(detail.plan)]
    for step in detail.steps:
        took = f" in {(step.finished_at - step.started_at).total_seconds() * 1000:.0f} ms" if step.finished_at else ""
        lines.append(
            Text(f"{step.direction} {step.ordinal}: {printable(step.title)}: {step.state}{took}", style="bold")
        )
        if step.error:
            lines.append(Text(printable(step.error), style="red"))
    return Group(*lines)
