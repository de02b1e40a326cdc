"""Plans seeded to break one known statement each, and their harmless twins: `python -m tests.lab.statements`.

Exit code 1 where one that breaks a statement is not refused with the statement named, or a twin is not accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from tests.support.origin import own_server

from .seed import Fate, Seed, fate_of

_OUTPUT = Path("bench-results/statements.json")
_console = Console(stderr=True)


async def _run(plans: int, first: int) -> list[Fate]:
    fates: list[Fate] = []
    with own_server({"shared_preload_libraries": "pg_stat_statements"}) as server:
        for number in range(first, first + plans):
            for broken in (True, False):
                fate = await fate_of(server, Seed.drawn(number), broken=broken)
                fates.append(fate)
                if not fate.kept:
                    _console.print(f"{fate.seed}: broken={broken}: {fate.state}: {fate.reason}", markup=False)
    return fates


def main() -> int:
    """Run 200 plans and their twins unless told otherwise; print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.statements", description=__doc__)
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first of the numbers that plans are drawn from")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    options = parser.parse_args()
    started = time.monotonic()
    fates = asyncio.run(_run(options.plans, options.seed))
    document = {
        "plans": options.plans,
        "first_seed": options.seed,
        "refused_with_the_statement_named": sum(each.kept for each in fates if each.broken),
        "twins_accepted": sum(each.kept for each in fates if not each.broken),
        "shapes": dict(Counter(each.seed.shape.name for each in fates if each.broken)),
        "seconds": round(time.monotonic() - started, 1),
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0 if all(each.kept for each in fates) else 1


if __name__ == "__main__":
    sys.exit(main())
