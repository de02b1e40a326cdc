"""Measures what the project promises: `python -m tests.bench [--only PART…]`; exit 1 where a goal is missed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from . import code, ddl_cost, latency, online, relations, report, scan
from .figure import Figure, Pace
from .ground import SMALL, WIDE, Ground, Subject, ground
from .listener_run import Listener

_BUSY = 0.5
_console = Console(stderr=True)


def main() -> int:
    """Run the chosen parts on one server, print the table, write the JSON."""
    options = _options()
    failed: list[str] = []
    if (load := os.getloadavg()[0]) > _BUSY:
        _console.print(f"[yellow]This machine is busy (load {load:.1f}): the figures will be worse than they are.[/]")
    with ground(options.bindir) as place:
        figures = list(_figures(place, options, failed))
        server = str(place.server.admin.execute("select version()").fetchone()[0])  # type: ignore[index]
    pace = Pace.of(figures, WIDE.name)
    report.show(figures, pace)
    _console.print(f"written to {report.write(figures, options.output, server, pace)}")
    if failed:
        _console.print(f"[red]Not measured: {', '.join(failed)}[/]")
    return 1 if failed or any(figure.met is False for figure in figures) else 0


def _figures(place: Ground, options: argparse.Namespace, failed: list[str]) -> Iterator[Figure]:
    """One part's failure does not cost the others' figures."""
    for part in options.only:
        try:
            with _console.status(part):
                yield from _PARTS[part](place, options)
        except Exception:
            _console.print_exception(max_frames=4)
            failed.append(part)


def _ddl(place: Ground, options: argparse.Namespace) -> list[Figure]:
    return ddl_cost.measure(place, options.samples, options.warm_up)


def _check(subject: Subject) -> Callable[[Ground, argparse.Namespace], list[Figure]]:
    return lambda place, _: scan.measure_process(place, subject)


def _listener(subject: Subject) -> Callable[[Ground, argparse.Namespace], list[Figure]]:
    def measure(place: Ground, options: argparse.Namespace) -> list[Figure]:
        with place.copy(subject, installed=True) as database, Listener(database.dsn) as listener:
            waited = latency.measure(subject.name, listener, options.samples, options.warm_up)
            return waited + scan.measure_listener(subject, listener)

    return measure


def _relations(place: Ground, _: argparse.Namespace) -> list[Figure]:
    return relations.measure(place)


def _code(place: Ground, _: argparse.Namespace) -> list[Figure]:
    return code.measure(place)


def _online(place: Ground, options: argparse.Namespace) -> list[Figure]:
    return online.measure(place, options.rows)


_PARTS: dict[str, Callable[[Ground, argparse.Namespace], list[Figure]]] = {
    "ddl": _ddl,
    "check-small": _check(SMALL),
    "listener-small": _listener(SMALL),
    "check-wide": _check(WIDE),
    "listener-wide": _listener(WIDE),
    "relations": _relations,
    "code": _code,
    "online": _online,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(_PARTS), default=list(_PARTS), metavar="PART")
    parser.add_argument("--samples", type=int, default=1000, help="of each distribution (default: 1000)")
    parser.add_argument("--warm-up", type=int, default=50, help="not counted, before the samples (default: 50)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the table that changes (default: 1,000,000)")
    parser.add_argument("--bindir", type=Path, help="binaries of another PostgreSQL, its pg_dump among them")
    parser.add_argument("--output", type=Path, default=Path("bench-results"), help="folder of the JSON files")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
