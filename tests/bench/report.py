"""Figures as a table for people and as JSON for later runs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .figure import PEER, PEER_THEN_MS, Figure, Goal, Pace


def show(figures: Sequence[Figure], pace: Pace | None) -> None:
    """Print the table; where the pace is known, with times scaled by it beside those that were measured."""
    table = Table(title="pgmend, measured", caption=_caption(pace))
    for title in ("database", "figure"):
        table.add_column(title, no_wrap=True)
    for title in ("value", "scaled", "goal now", "goal at last"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("remark", style="dim")
    for figure in figures:
        goal = figure.goal
        table.add_row(
            figure.subject,
            figure.name,
            f"{_short(figure.value)} {figure.unit}",
            _scaled(figure, pace),
            _limit(goal, goal.now) if goal else "",
            _limit(goal, goal.final) if goal else "",
            {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[figure.met],
            figure.remark,
        )
    Console(width=None if os.isatty(1) else 160).print(table)


def write(figures: Sequence[Figure], folder: Path, server: str, pace: Pace | None) -> Path:
    """Write one JSON file named by the time; `server` is what select version() says."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    document = {
        "measured_at": now.isoformat(timespec="seconds"),
        "server": server,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_before": os.getloadavg()[2],
        "slowness": None if pace is None else round(pace.slowness, 3),
        "figures": [_plain(figure, pace) for figure in figures],
    }
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


def _plain(figure: Figure, pace: Pace | None) -> dict[str, object]:
    goal = figure.goal
    limits = {} if goal is None else {"goal": goal.now, "final_goal": goal.final, "met": figure.met}
    scaled = pace and pace.scaled(figure)
    return {
        "database": figure.subject,
        "name": figure.name,
        "value": round(figure.value, 3),
        "unit": figure.unit,
        **limits,
        **({} if scaled is None else {"scaled": round(scaled, 3)}),
        "remark": figure.remark,
    }


def _caption(pace: Pace | None) -> str:
    if pace is None:
        return "Nothing is scaled: the peer on the large database was not measured in this run."
    return (
        f"{PEER} of the large database took {pace.peer_ms:,.0f} ms in this run, and {PEER_THEN_MS:,.0f} ms on the "
        f"machine that the goals in time come from. Scaled: value / {pace.slowness:.2f}. ✓ and ✗ are of the value."
    )


def _scaled(figure: Figure, pace: Pace | None) -> str:
    scaled = pace and pace.scaled(figure)
    return "" if scaled is None else f"{_short(scaled)} {figure.unit}"


def _limit(goal: Goal, value: float) -> str:
    return f"{'≥' if goal.at_least else '≤'} {_short(value)}"


def _short(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
