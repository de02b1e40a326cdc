"""TIMESTAMP_WITHOUT_TIME_ZONE: a column that holds what some clock showed, and not which moment that was."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Column, Table
from ..issue import Finding, Severity
from ..judging.registry import Fault, Reads, finding_of_column, rule
from ..judging.scene import Scene
from ..relations.naming import words_of

_TIMESTAMPS = {1114: "timestamp with time zone", 1115: "timestamp with time zone[]"}
# Names that say which clock is meant: then somebody has thought of it.
_CLOCKS = frozenset({"utc", "gmt", "local", "wall", "naive"})
_ZONES = frozenset({"timezone", "tz", "tzid", "tzname"})


def _names_no_clock(column: Column) -> bool:
    return column.type_oid in _TIMESTAMPS and not column.inherited and _CLOCKS.isdisjoint(words_of(column.name))


@rule(
    "TIMESTAMP_WITHOUT_TIME_ZONE",
    Severity.LOW,
    Reads.COLUMNS,
    suspects=lambda docket: docket.having(_names_no_clock),
)
def timestamp_without_time_zone(table: Table, _: Scene) -> Iterator[Finding]:
    """Columns of timestamp, unless the name says which clock is meant or a column beside it does."""
    if table.kind == "f" or any(_names_a_zone(column) for column in table.columns):
        return
    for column in filter(_names_no_clock, table.columns):
        yield finding_of_column(
            table,
            column,
            Fault(
                f"{column.name} is {column.type_name}: which moment it means depends on who wrote and who reads it.",
                f"{column.name} is {_TIMESTAMPS[column.type_oid]}.",
                f"pg_attribute says that {column.name} is {column.type_name}.",
            ),
        )


def _names_a_zone(column: Column) -> bool:
    """Whether it says in which zone the table's clocks stand (`time_zone`, `tz`): wall clock and zone together."""
    words = words_of(column.name)
    if words[-1:] == ("zone",):
        return words[-2:-1] == ("time",)
    return not _ZONES.isdisjoint(words)
