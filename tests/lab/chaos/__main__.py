"""Chaos, round after round: `python -m tests.lab.chaos --rounds N --seed S --json`, which `make chaos` calls.

Exit code 1 where one thing was not as it is promised.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from .harms import HARMS
from .round import Account, run_round
from .scene import theatre

_OUTPUT = Path("bench-results/chaos.json")
_console = Console(stderr=True)


async def run(rounds: Sequence[int], seed: int, workers: int, tell: Callable[[Account], None]) -> list[Account]:
    """The accounts of those rounds, each worker on a server of its own."""
    left = iter(rounds)
    accounts: list[Account] = []

    async def work() -> None:
        async with theatre() as place:
            for number in left:
                account = await run_round(place, number, seed)
                accounts.append(account)
                tell(account)

    async with asyncio.TaskGroup() as group:
        for worker in range(workers):
            group.create_task(work(), name=f"chaos {worker}")
    return sorted(accounts, key=lambda account: account.number)


def totals(accounts: Sequence[Account]) -> dict[str, Any]:
    """The figures that the project promises, over all rounds."""
    seconds = [each for account in accounts for each in account.seconds if each is not None]
    return {
        "rounds": len(accounts),
        "well": sum(account.is_well for account in accounts),
        "harms": dict(Counter(name for account in accounts for name in account.harms)),
        "harms_during_a_step": sum(moment is not None for account in accounts for moment in account.moments),
        "rollbacks": dict(Counter(account.rolled_back for account in accounts if account.rolled_back)),
        "rows_written": sum(account.written for account in accounts),
        "rows_lost": sum(account.rows_lost for account in accounts),
        "rows_changed": sum(account.rows_changed for account in accounts),
        "rows_strange": sum(account.rows_strange for account in accounts),
        "writes_failed": sum(len(account.failed_writes) for account in accounts),
        "not_in_order": sum(bool(account.amiss) for account in accounts),
        "listeners_restarted": sum(account.restarted for account in accounts),
        "listeners_died": sum(len(account.died) for account in accounts),
        "errors": sum(account.error is not None for account in accounts),
        "seconds_until_order_p50": round(median(seconds), 1) if seconds else None,
        "seconds_until_order_most": round(max(seconds), 1) if seconds else None,
    }


def main() -> int:
    """Run them; print the figures, write everything as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--first", type=int, default=1, help="the number of the first round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4, help="servers, each with one round at a time")
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    parser.add_argument("--list", action="store_true", help="name the harms and end")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.list:
        for harm in HARMS:
            print(f"{harm.__name__:32} {(harm.__doc__ or '').splitlines()[0]}")
        return 0
    rounds = range(options.first, options.first + options.rounds)
    accounts = asyncio.run(run(rounds, options.seed, options.workers, _tell))
    document = {
        "schema_version": 1,
        "seed": options.seed,
        "totals": totals(accounts),
        "rounds": [{**asdict(account), "is_well": account.is_well} for account in accounts],
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(document if options.json else document["totals"], indent=2, ensure_ascii=False))
    return 0 if all(account.is_well for account in accounts) else 1


def _tell(account: Account) -> None:
    color = "green" if account.is_well else "red"
    seconds = ", ".join("never" if each is None else f"{each:.1f} s" for each in account.seconds)
    _console.print(f"[{color}]{account.number:5}[/] {', '.join(account.accidents)}:", end=" ")
    said = f"{', '.join(account.harms)} at {account.moments}; in order after {seconds}; {account.written} writes"
    _console.print(said, markup=False, highlight=False, soft_wrap=True)
    if not account.is_well:
        _console.print_json(json.dumps(asdict(account)))


if __name__ == "__main__":
    sys.exit(main())
