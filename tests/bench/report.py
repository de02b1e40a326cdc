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

from .figure import Figure, Goal


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    table = Table(title="pgmend, measured")
    for title in ("database", "figure"):
        table.add_column(title, no_wrap=True)
    for title in ("value", "goal now", "goal at last"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("remark", style="dim")
    for figure in figures:
        goal = figure.goal
        table.add_row(
            figure.subject,
            figure.name,
            f"{_short(figure.value)} {figure.unit}",
            _limit(goal, goal.now) if goal else "",
            _limit(goal, goal.final) if goal else "",
            {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[figure.met],
            figure.remark,
        )
    Console(width=None if os.isatty(1) else 160).print(table)


def write(figures: Sequence[Figure], folder: Path, server: str) -> Path:
    """Write one JSON file named by the time; `server` is what select version() says."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    document = {
        "measured_at": now.isoformat(timespec="seconds"),
        "server": server,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_before": os.getloadavg()[2],
        "figures": [_plain(figure) for figure in figures],
    }
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


def _plain(figure: Figure) -> dict[str, object]:
    goal = figure.goal
    limits = {} if goal is None else {"goal": goal.now, "final_goal": goal.final, "met": figure.met}
    return {
        "database": figure.subject,
        "name": figure.name,
        "value": round(figure.value, 3),
        "unit": figure.unit,
        **limits,
        "remark": figure.remark,
    }


def _limit(goal: Goal, value: float) -> str:
    return f"{'≥' if goal.at_least else '≤'} {_short(value)}"


def _short(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
