"""What is shown of statements that may hold a password, and what of them is sent."""

from __future__ import annotations

import pytest
from pgmend.listener.source.secret import hidden, masked, withheld


@pytest.mark.parametrize(
    "sql",
    [
        "/* a /* b */ don't */ alter role x password 'hunter2'",
        "/*" * 9 + "don't" + "*/" * 9 + "alter role x password 'hunter2'",
        "/* a /* b */ don't */ select 1 from users where password = 'hunter2'",
        "-- don't\r alter role x password 'hunter2'",
        "select $é$it's$é$, 1 from users where password = 'hunter2'",
        "select 1; create subscription s connection 'host=h pass=hunter2' publication p",
        "select dblink('postgresql://app:hunter2@h/db', 'select 1')",
        "do $$begin create user mapping for app server s options (pass 'hunter2'); end$$",
    ],
)
def test_a_password_is_seen_by_nobody(sql: str) -> None:
    assert "hunter2" not in hidden(sql)
    assert "hunter2" not in masked(sql)
    assert len(masked(sql)) == len(sql)


@pytest.mark.parametrize("sql", ["/* a /* b */ select */ alter role x password 'y'", "create server s options (a 'b')"])
def test_what_is_no_query_is_sent_to_nobody(sql: str) -> None:
    assert withheld(sql)


@pytest.mark.parametrize(
    "sql",
    ["select 'it''s' from users", "select name from server where id = 'x'", 'select "passwort" from users', "select 1"],
)
def test_what_holds_no_password_stays_as_it_is(sql: str) -> None:
    assert (hidden(sql), masked(sql), withheld(sql)) == (sql, sql, False)
