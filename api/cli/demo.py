"""`pgmend demo`: everything at once, on a server of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from .outcome import ExitCode, run


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the last act; 0 only if all went as told.")] = False,
) -> None:
    """Heal a sick sample application before your eyes: embedded server, live listener, scripted accidents."""
    from rich.console import Console

    from ...listener.journal import configure_journal
    from ...listener.settings import Settings
    from ..demo.runner import Demo

    configure_journal(Settings(log_level="warning"))
    good = run(Demo(Console()).play(once=once))
    raise SystemExit(int(ExitCode.CLEAN if good else ExitCode.ISSUES))
