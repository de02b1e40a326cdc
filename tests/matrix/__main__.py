"""Tests on each major version, one after the other: `python -m tests.matrix [--major 15]… [pytest's arguments]`.

Without arguments for pytest it runs the integration tests. The exit code is 1 where any version failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.lab.package import Unavailable

from .release import RELEASES

_EVERYTHING_ON_A_SERVER = ["tests/integration"]
_NO_TEST_CHOSEN = 5


def main() -> int:
    """Run them all, and say at the end how each version did."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--major", type=int, action="append", choices=sorted(RELEASES))
    options, words = parser.parse_known_args()
    verdicts = {major: _verdict(major, words or _EVERYTHING_ON_A_SERVER) for major in options.major or sorted(RELEASES)}
    for major, verdict in verdicts.items():
        print(f"PostgreSQL {major}: {verdict or 'passed'}")
    return int(any(verdicts.values()))


def _verdict(major: int, words: list[str]) -> str | None:
    """What went wrong on this version, else None."""
    try:
        bindir = RELEASES[major].bindir()
    except Unavailable as reason:
        return f"not run: {reason}"
    print(f"== PostgreSQL {major}", flush=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PGMEND_TEST_")}
    code = subprocess.run(
        [sys.executable, "-m", "pytest", *words], env=env | {"PGMEND_TEST_BINDIR": str(bindir)}, check=False
    ).returncode
    if code == _NO_TEST_CHOSEN:
        return "not run: no test was chosen"
    return f"failed (pytest's exit code {code})" if code else None


if __name__ == "__main__":
    sys.exit(main())
