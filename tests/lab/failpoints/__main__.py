"""`python -m tests.lab.failpoints` lists where a fix can die; with `--die` it dies at each point, twice in a row.

The second death is that of the leader who recovers the first one's work, as far on its own way. Exit code 1 where
anything is left over then, or between before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from ..heal import lab_server
from .ground import Ailment, ailments, die_twice, points, workshop_on


def main() -> int:
    """List them, or die at them."""
    known = ailments()
    parser = argparse.ArgumentParser(prog="python -m tests.lab.failpoints", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(known), default=list(known))
    parser.add_argument("--die", action="store_true")
    parser.add_argument("--bindir", type=Path, help="a server's bin folder; else PGMEND_TEST_BINDIR, else the embedded")
    options = parser.parse_args()
    return asyncio.run(_run([known[name] for name in options.only], options))


async def _run(chosen: list[Ailment], options: argparse.Namespace) -> int:
    deaths, wrong = 0, list[str]()
    with lab_server(None, options.bindir) as server:
        for ailment in chosen:
            async with workshop_on(server) as workshop:
                passed = await points(workshop, ailment)
                deaths += len(passed)
                if not options.die:
                    print(*(f"{ailment.name:36} {point}" for point in passed), sep="\n")
                    continue
                found = [f"{ailment.name}: {each}" for each in await die_twice(workshop, ailment, "apply")]
                if ailment.undoable:
                    found += [f"{ailment.name}: {each}" for each in await die_twice(workshop, ailment, "undo")]
                print(f"{ailment.name:36} {len(passed)} points, {len(found)} wrong", *found, sep="\n  ", flush=True)
                wrong += found
    print(f"{deaths} points of {len(chosen)} fixes; {len(wrong)} wrong" if options.die else f"{deaths} points")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
