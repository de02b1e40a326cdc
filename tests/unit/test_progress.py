"""What somebody waits for, as terminals and logs see it."""

from __future__ import annotations

import asyncio
import time
from io import StringIO

import pytest
from pgmend.api import progress
from pgmend.api.progress import waiting
from rich.console import Console

from tests.support.eventually import eventually


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "log"])
async def test_what_lasts_is_said_and_kept_up_to_date(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    for name in ("_SILENT_SECONDS", "_SPINNER_SECONDS", "_LINE_SECONDS"):
        monkeypatch.setattr(progress, name, 0.01)
    out = StringIO()
    doing = ["first\x1b[31m"]
    console = Console(file=out, force_terminal=terminal, width=100)
    with waiting(console, lambda: doing[-1]):
        await eventually(lambda: "first" in out.getvalue())
        doing.append("second")
        await eventually(lambda: "second (0 s)" in out.getvalue())
        console.print("told meanwhile")
    assert "first\x1b[31m" not in out.getvalue()
    assert "told meanwhile" in out.getvalue()
    ended = out.getvalue()
    await asyncio.sleep(0.05)
    assert out.getvalue() == ended


async def test_what_is_over_at_once_is_not_told() -> None:
    out = StringIO()
    with waiting(Console(file=out), lambda: "something"):
        await asyncio.sleep(0)
    assert out.getvalue() == ""


async def test_an_error_inside_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    terminal = Console(file=StringIO(), force_terminal=True)
    with pytest.raises(LookupError, match="inside"), waiting(terminal, lambda: "something"):
        await asyncio.sleep(0.01)
        raise LookupError("inside")


def test_it_is_said_although_the_block_lets_nothing_else_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.01)
    out = StringIO()
    with waiting(Console(file=out), lambda: "something"):
        deadline = time.monotonic() + 10
        while "something" not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.005)
    assert "something (0 s)" in out.getvalue()
