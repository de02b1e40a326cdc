"""500 planted conversions, half of them provable: `python -m tests.lab.conversions`.

Exit code 1 where one is taken away that had to stay, code does otherwise than before, or fewer than 90 % of the
provable ones are found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.support.origin import own_server

from .plant import planted
from .trial import Verdict, tried

_OUTPUT = Path("bench-results/conversions.json")
_ENOUGH = 0.9
_console = Console(stderr=True)


async def _run(number: int, first: int) -> list[Verdict]:
    with own_server({}) as server, server.database() as database, TemporaryDirectory() as folder:
        verdicts = await tried(database, Path(folder), [planted(each) for each in range(first, first + number)])
        database.close()
        return verdicts


def main() -> int:
    """Try 500 conversions unless told otherwise; print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.conversions", description=__doc__)
    parser.add_argument("--conversions", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0, help="the first of the numbers that they are drawn from")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    options = parser.parse_args()
    started = time.monotonic()
    verdicts = asyncio.run(_run(options.conversions, options.seed))
    provable = [each for each in verdicts if each.planted.provable]
    found, wrong = [each for each in provable if each.removed], [each for each in verdicts if each.wrong]
    for each in wrong:
        _console.print(f"{each.planted.number} {each.planted.source.name}: {each.differs}\n{each.after}", markup=False)
    document = {
        "conversions": len(verdicts),
        "first_seed": options.seed,
        "provable": len(provable),
        "found": len(found),
        "wrong": len(wrong),
        "from_outside_changed": sum(each.after != each.planted.code for each in verdicts if not each.planted.provable),
        "not_found": dict(Counter(each.planted.source.name for each in provable if not each.removed)),
        "seconds": round(time.monotonic() - started, 1),
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0 if not wrong and len(found) >= _ENOUGH * len(provable) else 1


if __name__ == "__main__":
    sys.exit(main())
