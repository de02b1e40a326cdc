"""How a look is taken: of one moment or not, of all rows or of a few."""

from __future__ import annotations

import pytest
from pgmend.listener.catalog.look import looking

from tests.support.database import Database

_HOW = """
select setting from pg_catalog.pg_settings where name in ('enable_nestloop', 'transaction_isolation') order by name
"""


@pytest.mark.parametrize("one_moment", [True, False])
@pytest.mark.parametrize("everything", [True, False])
async def test_a_few_rows_are_looked_up_and_all_are_joined(
    database: Database,
    one_moment: bool,
    everything: bool,
) -> None:
    """A nested loop is how an index is asked for a few; over all rows the planner would take it by mistake."""
    connection = await database.connect()
    async with looking(connection, one_moment=one_moment, everything=everything) as look:
        answer = await look.ask(_HOW)
    (nested,), (isolation,) = await answer.fetchall()
    assert nested == ("off" if everything else "on")
    assert isolation == ("repeatable read" if one_moment else "read committed")
