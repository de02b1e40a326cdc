"""Real code bases against the schemas that they create themselves: `python -m tests.lab.code`.

Exit code 1 where an alarm has no verdict, is false, or is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extracted import Extraction
from pgmend.listener.source.extraction import extract
from rich.console import Console

from tests.lab.package import Unavailable
from tests.support.origin import own_server

from .base import CODE_BASES, CodeBase
from .verdict import objections, verdicts_on

_OUTPUT = Path("bench-results/code.json")
_console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one code base fared."""

    base: CodeBase
    analysis: Analysis
    objections: list[str]

    @property
    def figures(self) -> dict[str, object]:
        """What is written down of it."""
        extraction = self.analysis.extraction
        return {
            "package": f"{self.base.package} {self.base.version}",
            "lines": extraction.lines,
            "statements": len(extraction.statements),
            "asked": self.analysis.asked,
            "judged_in_full": self.analysis.judged,
            "share": round(self.analysis.judged / max(1, self.analysis.asked), 3),
            "dynamic": len(extraction.dynamic),
            "alarms": len(self.analysis.issues),
            "objections": self.objections,
        }


async def judged(dsn: str, extraction: Extraction) -> Analysis:
    """What is said of the code in that database."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        return await analyze(connection, extraction, Settings())


def main() -> int:
    """Run all code bases, or those that are named; print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.code", description=__doc__)
    parser.add_argument("--only", action="append", help="a package's name")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    with own_server() as server:
        for base in CODE_BASES:
            if options.only and base.package not in options.only:
                continue
            with server.database() as database:
                try:
                    base.make_schema(database.dsn)
                except Unavailable as error:
                    _console.print(f"skipped {base.package}: {error}", markup=False)
                    continue
                analysis = asyncio.run(judged(database.dsn, extract(base.code())))
            outcomes.append(Outcome(base, analysis, objections(analysis.issues, verdicts_on(base.name))))
            _console.print(json.dumps(outcomes[-1].figures), markup=False)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps([each.figures for each in outcomes], indent=2) + "\n")
    return int(any(each.objections for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
