"""Planted defects and their twins, found or not: `python -m tests.lab.planted --cases 5000 --seed 1`.

Exit code 1 where recall or precision, of all or of one type, is under 0.99.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.origin import own_server

from .laboratory import planted
from .score import Score, Tally

_OUTPUT = Path("bench-results/planted.json")
_LEAST = 0.99
_console = Console(stderr=True)


def _figures(tallies: dict[str, Tally]) -> dict[str, object]:
    return {
        name: {
            "planted": each.planted,
            "found": each.found,
            "false": each.false,
            "recall": round(each.recall, 4),
            "precision": round(each.precision, 4),
        }
        for name, each in sorted(tallies.items())
    }


def _show(score: Score) -> None:
    for title, tallies in (
        ("type", score.types),
        ("form", score.forms),
        ("way", score.routes),
        ("sender", score.senders),
    ):
        table = Table(title, "planted", "found", "false", "recall", "precision")
        for name, each in sorted(tallies.items(), key=lambda pair: pair[1].recall):
            figures = (each.planted, each.found, each.false, f"{each.recall:.3f}", f"{each.precision:.3f}")
            table.add_row(name, *map(str, figures))
        _console.print(table)


def main() -> int:
    """Plant so many cases, print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.planted", description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the figures on standard output")
    parser.add_argument("--faults", type=int, default=20, help="how many misses and false alarms are shown")
    parser.add_argument("--keep", type=Path, help="leave the code there")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    options = parser.parse_args()
    started = time.monotonic()
    with own_server() as server, server.database() as database, tempfile.TemporaryDirectory() as folder:
        score = asyncio.run(planted(database, options.keep or Path(folder), options.cases, options.seed))
    document = {
        "cases": score.cases,
        "seed": options.seed,
        "all": _figures({"all": score.whole})["all"],
        "types": _figures(score.types),
        "forms": _figures(score.forms),
        "ways": _figures(score.routes),
        "senders": _figures(score.senders),
        "seconds": round(time.monotonic() - started, 1),
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        _show(score)
    for fault in score.faults[: options.faults]:
        case = fault.case
        way = f"{case.form}, {case.route}, {case.sender}"
        _console.print(f"{fault.what} {case.issue_type} ({case.variant}), {way}: {fault.said}", markup=False)
        _console.print("\n".join(case.source.module), markup=False, highlight=False)
    counted = Counter((f.what, f.case.issue_type, f.case.variant) for f in score.faults)
    for (what, kind, variant), number in counted.most_common(30):
        _console.print(f"{number:5} {what} {kind} {variant}", markup=False)
    below = [
        name for name, each in {"all": score.whole, **score.types}.items() if min(each.recall, each.precision) < _LEAST
    ]
    return int(bool(below))


if __name__ == "__main__":
    sys.exit(main())
