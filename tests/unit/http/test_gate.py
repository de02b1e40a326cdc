"""The names by which the server lets itself be called."""

from __future__ import annotations

import pytest
from pgmend.api.http.gate import is_known_host

ALLOWED = frozenset({"localhost", "pgmend.internal"})


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "localhost:8085",
        "LocalHost:8085",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:8085",
        "10.1.2.3:80",
        "[::1]",
        "[::1]:8085",
        "pgmend.internal:443",
    ],
)
def test_address_or_listed_name_is_known(header: str) -> None:
    assert is_known_host(header, ALLOWED)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "evil.example",
        "evil.example:8085",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example/localhost",
        "127.0.0.1.evil.example",
        "127.0.0.1:8085:1",
        "::1",
        "[::1",
        "[evil.example]",
        "localhost evil.example",
        "localhost,evil.example",
        "2130706433",
        "0x7f.1",
        "localhost\n",
    ],
)
def test_any_other_name_is_unknown(header: str) -> None:
    assert not is_known_host(header, ALLOWED)
