"""The fault lab on all the real schemas: `python -m tests.lab`, which `make lab` calls; exit code 1 where the promise
is not kept."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from rich.console import Console

from .account import promise_kept
from .heal import add_options, lab_server, print_totals, run
from .package import Unavailable
from .shipped import SCHEMAS
from .subject import Subject, prepare

_OUTPUT = Path("bench-results/lab.json")
_console = Console(stderr=True)


def main() -> int:
    """Run 1,000 faults unless told otherwise; print the figures and write all of it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="the fault lab on real schemas")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in SCHEMAS], default=[])
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    add_options(parser)
    parser.set_defaults(faults=1000)
    options = parser.parse_args()
    subjects: list[Subject] = []
    missing: dict[str, str] = {}
    with lab_server(options.server, options.bindir) as server:
        for schema in SCHEMAS:
            if options.only and schema.name not in options.only:
                continue
            try:
                text = schema.sql()
            except Unavailable as reason:
                missing[schema.name] = str(reason)
                _console.print(f"{schema.name}: {reason}", markup=False)
                continue
            subjects.append(prepare(server, schema.name, text, options.seed))
        document = {**asyncio.run(run(subjects, options, server)), "missing": missing}
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_totals(document)
        print(f"written to {options.output}")
    return 0 if promise_kept(document["totals"]) and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
