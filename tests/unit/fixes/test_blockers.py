"""How a session in the way is named."""

from __future__ import annotations

import pytest
from pgmend.listener.fixes.execution.blockers import Blocker, presentable


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("select * from t where a = 'secret' and b = 17", "select * from t where a = $1 and b = $2"),
        ("update t\n set a =   'secret'", "update t set a = $1"),
        ("create role r password 'secret'", None),
        ("select 1; alter role r password 'secret'", None),
        ("do $$ begin perform 'secret'; end $$", None),
        ("selec 'secret'", None),
        ("select $1", "select $1"),
        ("", None),
        (None, None),
    ],
)
def test_a_statement_is_shown_without_its_literals_or_not_at_all(statement: str | None, shown: str | None) -> None:
    assert presentable(statement) == shown


def test_a_long_statement_is_cut() -> None:
    assert len(presentable("select " + ", ".join(f"column_{n}" for n in range(100))) or "") == 121


def test_a_blocker_is_named_by_all_that_is_known() -> None:
    blocker = Blocker(17, "app", "webshop", "idle in transaction", 4.26, "select 1")
    assert str(blocker) == (
        "process 17 of webshop as app (idle in transaction) in a transaction since 4.3 s with: select $1"
    )
    assert str(Blocker(17, None, None, None, None, None)) == "process 17"
    assert "prepared transaction" in str(Blocker(0, None, None, None, None, None))


def test_what_is_nested_too_deeply_for_the_parser_is_not_shown() -> None:
    assert presentable("select " + "1 + " * 60_000 + "1") is None
