"""Which server a test's statements need: what some versions of PostgreSQL do not know is skipped there, aloud."""

from __future__ import annotations

import re

import pytest

SINCE = {
    r"nulls not distinct": 15,
    r"security_invoker": 15,
    r"set access method": 15,
    r"on delete set (null|default) \(": 15,
    r"set expression": 17,
    r"virtual\b": 18,
    r"not enforced": 18,
    r"without overlaps": 18,
    r'add constraint ("([^"]|"")+"|\S+) not null': 18,
    r"add not null": 18,
}


def needs(*statements: str) -> int:
    """The first major version that knows all that is in the statements."""
    return max((since for words, since in SINCE.items() if re.search(words, "\n".join(statements), re.I)), default=0)


def skip_unless_known(server_version: int, *statements: str) -> None:
    """Skip the test where the server (by server_version_num) is older than its statements."""
    if server_version < needs(*statements) * 10000:
        pytest.skip(f"PostgreSQL {needs(*statements)} is the first that knows what this is about")
