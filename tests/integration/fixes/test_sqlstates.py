"""What of an error is told."""

from __future__ import annotations

import psycopg
import pytest
from pgmend.listener.fixes.sqlstates import in_words

from tests.support.database import Database


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("insert into t values (1, null)", "violates not-null constraint (SQLSTATE 23502)."),
        ("insert into t values (1, -7)", 'violates check constraint "positive" (SQLSTATE 23514).'),
        ("insert into t values (0, 3)", "(SQLSTATE 23505). Key (id)=(0) already exists."),
    ],
)
def test_no_row_of_anybodys_is_told_with_an_error(database: Database, statement: str, told: str) -> None:
    database.execute("create table t (id int primary key, n int not null constraint positive check (n > 0))")
    database.execute("insert into t values (0, 1)")
    with pytest.raises(psycopg.Error) as failed:
        database.execute(statement.encode())
    assert told in in_words(failed.value)
    assert "Failing row" not in in_words(failed.value)
