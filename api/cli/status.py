"""`pgmend status` and `pgmend history`: how pgmend is, and what it has done."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .asking import asking
from .outcome import run
from .source import Dsn

if TYPE_CHECKING:
    from ...listener.desk import FixDetail, Page, ShownFix, Status


class Shape(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"


ShapeOption = Annotated[Shape, typer.Option("--format", help="For people or for scripts.")]


def status(dsn: Dsn = None, format: ShapeOption = Shape.TEXT) -> None:
    """How pgmend is: running or not, what it may do, what waits."""

    async def work() -> Status:
        async with asking(dsn) as desk:
            return await desk.status()

    answer = asdict(run(work()))
    if format is Shape.JSON:
        typer.echo(as_json(answer))
        return
    width = max(map(len, answer))
    for name, value in answer.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {'-' if value is None else value}")


def history(
    fix_id: Annotated[str | None, typer.Argument(help="One fix with every step.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    dsn: Dsn = None,
    format: ShapeOption = Shape.TEXT,
) -> None:
    """What was planned, applied, refused and undone, latest first."""

    if fix_id:
        _print_fix(run(_fix(dsn, fix_id)), format)
    else:
        _print_fixes(run(_fixes(dsn, limit)), format)


async def _fix(dsn: str | None, fix_id: str) -> FixDetail:
    async with asking(dsn) as desk:
        return await desk.fix(fix_id)


async def _fixes(dsn: str | None, limit: int) -> Page[ShownFix]:
    async with asking(dsn) as desk:
        return await desk.fixes(limit=limit)


def _print_fix(detail: FixDetail, format: Shape) -> None:
    if format is Shape.JSON:
        typer.echo(as_json(asdict(detail)))
        return
    from ..report.fixes import fix_detail
    from ..report.paper import paper

    paper().print(fix_detail(detail))


def _print_fixes(page: Page[ShownFix], format: Shape) -> None:
    if format is Shape.JSON:
        typer.echo(as_json(asdict(page)))
        return
    from ..report.fixes import fix_list
    from ..report.paper import paper

    paper().print(fix_list(page.items))


def as_json(value: Any) -> str:
    """JSON for scripts; times in ISO 8601, everything else that JSON lacks as its text."""
    return json.dumps(
        value,
        default=lambda each: each.isoformat() if hasattr(each, "isoformat") else str(each),
        indent=2,
        ensure_ascii=False,
    )
