"""The fault lab on one schema: `python -m tests.lab.heal --schema FILE --faults N --seed S [--server MAJOR] --json`.

Loads the schema, fills it with rows, breaks it at random, singly and in groups, under a running listener that may do
all alone and is approved what it will not; compares the schema and the rows with what they were, rolls all back,
compares with what was broken, and has it healed again. Exit code 1 where the promise is not kept, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pgmend.listener.embedded import Cluster
from pgmend.listener.errors import EmbeddedServerError
from rich.console import Console

from tests.support.origin import started
from tests.support.server import TEST_SETTINGS, Server

from .account import fate_as_json, promise_kept, totals
from .baseline import DEFAULT, Baseline
from .case import Fate, Outcome
from .faults import KINDS
from .package import Unavailable
from .round import Round
from .script import read
from .subject import Subject, prepare

_SETTINGS = {"max_locks_per_transaction": "512"}
_console = Console(stderr=True)


def main() -> int:
    """Run it; print the figures, or all as JSON."""
    options = _options()
    text = read(options.schema)
    with lab_server(options.server, options.bindir) as server:
        subject = prepare(server, options.schema[0].stem, text, options.seed)
        document = asyncio.run(run([subject], options, server))
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_totals(document)
    return 0 if promise_kept(document["totals"]) else 1


async def run(subjects: Sequence[Subject], options: argparse.Namespace, server: Server) -> dict[str, Any]:
    """The faults shared out among the subjects; everything that was found, as JSON has it."""
    kinds = [kind for kind in KINDS if not options.kind or kind.name in options.kind]
    count = len(subjects)
    shares = [options.faults * (place + 1) // count - options.faults * place // count for place in range(count)]
    rounds = [
        Round(subject, share, options.seed, Baseline(options.baseline), kinds)
        for subject, share in zip(subjects, shares, strict=True)
    ]
    turns = asyncio.Semaphore(options.workers)

    async def run_one(work: Round) -> list[Fate]:
        async with turns:
            return await work.run(_tell)

    fates = await asyncio.gather(*(run_one(work) for work in rounds))
    mishaps = [mishap for work in rounds for mishap in work.mishaps]
    return {
        "schema_version": 1,
        "server": server.version,
        "seed": options.seed,
        "baseline": options.baseline,
        "totals": {**totals([fate for several in fates for fate in several]), "mishaps": len(mishaps)},
        "mishaps": mishaps,
        "schemas": [_schema_as_json(subject, found) for subject, found in zip(subjects, fates, strict=True)],
    }


def _schema_as_json(subject: Subject, fates: Sequence[Fate]) -> dict[str, Any]:
    return {
        "schema": subject.name,
        "tables": len(subject.filled),
        "rows": sum(each.rows for each in subject.filled),
        "unfilled": {each.table: each.reason for each in subject.filled if each.reason},
        "totals": totals(fates),
        "faults": [fate_as_json(fate) for fate in fates],
    }


@contextmanager
def lab_server(major: int | None, bindir: Path | None) -> Generator[Server]:
    """A server of one's own: the embedded one, one of `bindir`, or Debian's of that major version.

    Raises EmbeddedServerError where it is not of that version.
    """
    debian = Path(f"/usr/lib/postgresql/{major}/bin")
    given = os.environ.get("PGMEND_TEST_BINDIR")
    found = bindir or (Path(given) if given else None) or (debian if debian.is_dir() else None)
    with started(Cluster(found, settings={**TEST_SETTINGS, **_SETTINGS})) as server:
        if major not in (None, server.version):
            raise EmbeddedServerError(f"this server is {server.version}, not {major}: name another one with --bindir")
        yield server


def add_options(parser: argparse.ArgumentParser) -> None:
    """What both commands of the lab take."""
    parser.add_argument("--faults", type=int, default=20, help="how many, over all schemas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", type=int, metavar="MAJOR", help="the server's major version; see --bindir")
    parser.add_argument("--bindir", type=Path, help="a server's bin folder; else PGMEND_TEST_BINDIR, else Debian's")
    parser.add_argument("--baseline", choices=[each.value for each in Baseline], default=DEFAULT.value)
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS], help="only these faults")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="schemas worked on at a time")
    parser.add_argument("--json", action="store_true")


def print_totals(document: dict[str, Any]) -> None:
    """The figures, one a line."""
    for name, value in document["totals"].items():
        print(f"{name:22} {json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value}")


def _tell(fates: Sequence[Fate]) -> None:
    for fate in fates:
        color = {Outcome.HEALED: "green", Outcome.REFUSED: "yellow"}.get(fate.outcome, "red")
        _console.print(f"{fate.schema:13} {fate.case:4} [{color}]{fate.outcome.value:9}[/]", end=" ")
        _console.print(str(fate.fault), *fate.noticed_by, *fate.reasons, markup=False, highlight=False, soft_wrap=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.heal", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--schema", type=Path, nargs="+", required=True, metavar="FILE")
    add_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EmbeddedServerError, Unavailable) as error:
        _console.print(str(error), markup=False)
        sys.exit(2)
