"""Which side moved, and by which event: what `pgmend.ddl_log` tells of the objects that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..store.expected import Expectation
from .difference import Difference

_EVENTS: Final = """
select distinct on (object_id) object_id::bigint, event_id::text, command_tag, session_role, occurred_at
from pgmend.ddl_log
where object_id = any(%s::oid[]) and occurred_at > %s and fix_id is null
order by object_id, occurred_at desc
"""


@dataclass(frozen=True, slots=True)
class Blame:
    """`side` moved: the database since it was portrayed, or the declaration, which never was what is there. `said` is a
    sentence for people; `event_id` is None where nobody saw it."""

    side: Literal["database", "declaration"]
    said: str
    event_id: str | None = None


async def blame(
    connection: AsyncConnection[TupleRow], expectation: Expectation, differences: Sequence[Difference]
) -> tuple[Blame, ...]:
    """Who made each of the differences."""
    since = expectation.captured_at
    wanted = sorted({oid for each in differences for oid in _objects(each)})
    events: dict[int, Sequence[Any]] = {}
    if wanted and since is not None:
        rows = await (await connection.execute(_EVENTS, (wanted, since))).fetchall()
        events = {row[0]: row for row in rows}
    return tuple(_blamed(each, events, expectation) for each in differences)


def _objects(each: Difference) -> list[int]:
    """The object itself first, then its table."""
    there = [portrayed.address for portrayed in (each.found, each.object) if portrayed is not None]
    return [*(address.object_id for address in there if address is not None), *([each.table] if each.table else [])]


def _blamed(each: Difference, events: dict[int, Sequence[Any]], expectation: Expectation) -> Blame:
    event = next((events[oid] for oid in _objects(each) if oid in events), None)
    if event is not None:
        _, event_id, command, role, moment = event
        return Blame("database", f"{command} by {role} at {_shown(moment)}.", event_id)
    if expectation.source == "declared" and each.object.address is None:
        return Blame("declaration", "The database was so when the schema was declared, or nobody saw it change.")
    return Blame("database", "Nobody saw it change.")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
