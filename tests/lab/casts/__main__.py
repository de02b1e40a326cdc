"""Different values by the hundred thousand through every proved pair of types: `python -m tests.lab.casts`.

Each is drawn from spellings that its type may take, and held against what PostgreSQL's own cast makes of it, in columns
of the database's collation and of one that takes no account of case. Exit code 1 where a value that is lost or spelled
otherwise passes for exact, or one is called canonical that is not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from pgmend.listener.fixes.retyping.casts import Cast
from rich.console import Console

from tests.support.origin import own_server
from tests.unit.fixes.test_casts import (
    AWKWARD,
    Bench,
    assert_judged_rightly,
    bench_on,
    collations,
    documents,
    moments,
    numbers,
    spellings,
    truths,
    uuids,
)

_OUTPUT = Path("bench-results/casts.json")
_AT_ONCE = 50
_EXAMPLES = 6
_LIKELY = {
    "integer": numbers, "numeric": numbers, "float": numbers, "uuid": uuids, "boolean": truths, "json": documents,
    "jsonb": documents, "date": moments, "timestamp": moments, "timestamptz": moments,
}  # fmt: skip
_console = Console(stderr=True)


def likely(cast: Cast) -> st.SearchStrategy[str]:
    """Spellings that mostly are one of the source type and, where that is text, one of the target type."""
    family = next((each for each in (cast.source.family, cast.target.family) if each in _LIKELY), None)
    drawn = spellings if family is None else _LIKELY[family]
    return st.one_of(drawn, drawn, drawn, st.sampled_from(AWKWARD), spellings)


def judge(bench: Bench, cast: Cast, number: int) -> tuple[dict[tuple[str, str], str], list[str]]:
    """The classes of some hundred values of the pair, by collation and value, and what was said wrongly of one."""
    found: dict[tuple[str, str], str] = {}
    wrong: list[str] = []
    for collation in collations(cast):
        try:
            found |= {(collation, value): each for value, each in _judged(bench, cast, number, collation).items()}
        except AssertionError as error:
            wrong.append(str(error).splitlines()[0])
    return found, wrong


def _judged(bench: Bench, cast: Cast, number: int, collation: str) -> dict[str, str]:
    """The same in columns of one collation; raises AssertionError with the smallest value that is judged wrongly."""
    found: dict[str, str] = {}

    @seed(number)
    @settings(max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(likely(cast), min_size=_AT_ONCE, max_size=_AT_ONCE))
    def judged(spelled: list[str]) -> None:
        found.update(assert_judged_rightly(bench, cast, spelled, collation))

    judged()
    return found


def main() -> int:
    """Judge 100,000 different values unless told otherwise; print the figures and write them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.casts", description=__doc__)
    parser.add_argument("--values", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=_OUTPUT)
    options = parser.parse_args()
    started, seen, wrong = time.monotonic(), dict[tuple[str, str, str, str], str](), list[str]()
    with own_server({}) as server, bench_on(server) as bench:
        for number in count(options.seed):
            for cast in bench.casts:
                pair = cast.source.spelled, cast.target.spelled
                classes, mistaken = judge(bench, cast, number)
                seen.update({(*pair, *each): found for each, found in classes.items()})
                for said in mistaken:
                    _console.print(said, markup=False)
                wrong += mistaken
            if len(seen) >= options.values or wrong:
                break
        pairs = len(bench.casts)
    document = {
        "values": len(seen),
        "pairs": pairs,
        "seed": options.seed,
        "classes": dict(Counter(seen.values())),
        "judged_wrongly": wrong,
        "seconds": round(time.monotonic() - started, 1),
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
