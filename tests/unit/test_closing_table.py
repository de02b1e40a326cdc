"""The demo's closing table, as a terminal of 80 columns shows it."""

from __future__ import annotations

from pgmend.api.demo.accidents import ACCIDENTS, CHANGE_OF_MIND
from pgmend.api.demo.runner import Outcome, closing_table
from rich.console import Console

ACTS = [
    Outcome("backlog of 85", "healed by one approval", "12 left to a person", good=True, healed_ms=12345),
    *(Outcome(each.name, f"healed {each.healing.value}", "applied", True, 123, 12345) for each in ACCIDENTS),
    Outcome(CHANGE_OF_MIND.name, "undone, later writes kept", "rolled back, kept", good=True, healed_ms=1234),
]


def test_every_act_has_at_most_two_lines_and_loses_no_word() -> None:
    console = Console(width=80, legacy_windows=False)
    with console.capture() as capture:
        console.print(closing_table(ACTS, 30))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in capture.get()
    assert sum(line.startswith("│") for line in lines) <= 2 * len(ACTS)
