"""Resident memory of a process, as Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path


def resident_mb(pid: int | str) -> float:
    """What the process holds now."""
    return _megabytes(Path(f"/proc/{pid}/status").read_text(), "VmRSS")


def peak_mb(status: str) -> float:
    """The most that it ever held, of the text of /proc/<pid>/status."""
    return _megabytes(status, "VmHWM")


def _megabytes(status: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None, status
    return int(found[1]) / 1024
