"""`pgmend auto`, `pause`, `resume`: how much pgmend may do alone, and the kill switch."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .asking import asking, moment
from .outcome import run
from .source import Dsn

if TYPE_CHECKING:
    from ...listener.desk import Status


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def auto(switch: Switch, dsn: Dsn = None) -> None:
    """Let pgmend fix alone what policy covers (on), or only what somebody approves (off)."""

    async def work() -> Status:
        async with asking(dsn) as desk:
            return await desk.automatic(switch is Switch.ON)

    _tell(run(work()))


def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why; shown on every face.")],
    until: Annotated[str | None, typer.Option("--until", help="A time such as 2026-03-01T06:00+01:00.")] = None,
    dsn: Dsn = None,
) -> None:
    """Stop all fixing within a second; looking goes on."""

    async def work() -> Status:
        end: datetime | None = moment(until)
        async with asking(dsn) as desk:
            return await desk.pause(reason, end)

    _tell(run(work()))


def resume(dsn: Dsn = None) -> None:
    """End a pause."""

    async def work() -> Status:
        async with asking(dsn) as desk:
            return await desk.resume()

    _tell(run(work()))


def _tell(status: Status) -> None:
    said = {"paused": status.pause_reason, "observing": status.why_observing}.get(status.fixing)
    why = f" ({said})" if said else ""
    typer.echo(f"Fixing is {status.fixing}{why}; auto_fix is {status.auto_fix}; the listener is {status.status}.")
