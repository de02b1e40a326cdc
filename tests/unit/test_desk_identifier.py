"""Ids as people type them."""

from __future__ import annotations

import uuid

import pytest
from pgmend.listener.desk.identifier import parse_fix_id, parse_issue_id
from pgmend.listener.errors import InvalidRequest

FIX = uuid.UUID("8f14e45f-ceea-467f-a0e6-0123456789ab")


def test_ids_are_read() -> None:
    assert parse_issue_id("0123456789abcdef") == "0123456789abcdef"
    assert parse_fix_id(FIX) == parse_fix_id(str(FIX)) == parse_fix_id(str(FIX).upper()) == FIX


@pytest.mark.parametrize(
    "text", ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "g123456789abcdef", "0123456789abcde\0"]
)
def test_what_can_be_no_issue_id_is_told(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is no issue id: that is 16 hexadecimal digits"):
        parse_issue_id(text)


@pytest.mark.parametrize("text", ["", "7", str(FIX)[:-1], "0123456789abcdef", str(FIX) + "\0"])
def test_what_can_be_no_fix_id_is_told(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is no fix id: that is a uuid"):
        parse_fix_id(text)


def test_long_rubbish_is_not_repeated_at_length() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_issue_id("x" * 100_000)
    assert len(str(refused.value)) < 300
