"""Packages that hold a schema, fetched by their own tools when a test asks and cached; none is kept here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_FETCH_SECONDS = 60


class Unavailable(Exception):
    """The schema cannot be had on this machine, with the reason."""


def cache(source: str) -> Path:
    """The folder where packages from there are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "pgmend-tests" / source
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(words: list[str], folder: str | None = None) -> bytes:
    """What the program printed; raises Unavailable with what it said."""
    try:
        return subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=_FETCH_SECONDS).stdout
    except FileNotFoundError:
        raise Unavailable(f"no {words[0]} on this machine") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(words)}: no answer within {_FETCH_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(f"{' '.join(words)}: {said[-1] if said else f'exit code {error.returncode}'}") from error
