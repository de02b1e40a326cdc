"""RESERVED_NAME: a table or column called as a keyword of SQL, which has to be quoted wherever it is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pglast.keywords import RESERVED_KEYWORDS, TYPE_FUNC_NAME_KEYWORDS

from ..catalog.snapshot import Column, Table
from ..issue import Finding, Severity
from ..judging.docket import Docket
from ..judging.fact import fact
from ..judging.registry import Fault, Reads, finding_of_column, rule
from ..judging.scene import Scene

RESERVED = frozenset(RESERVED_KEYWORDS) | frozenset(TYPE_FUNC_NAME_KEYWORDS)
# Without quotes these are no error, in FROM neither: they say something else.
TRAPS = {
    "user": "the role that runs the statement",
    "current_user": "the role that runs the statement",
    "session_user": "the role that is connected",
    "system_user": "who was authenticated",
    "current_role": "the role that runs the statement",
    "current_date": "today",
    "current_time": "the time now",
    "current_timestamp": "the time now",
    "localtime": "the time now",
    "localtimestamp": "the time now",
    "current_catalog": "the database's name",
    "current_schema": "a schema's name",
}


def _is_reserved(column: Column) -> bool:
    return column.name in RESERVED and not column.inherited


def _suspects(docket: Docket) -> Iterable[Table]:
    named = (table for table in docket.tables if table.name in RESERVED)
    return {table.oid: table for table in (*docket.having(_is_reserved), *named)}.values()


@rule("RESERVED_NAME", Severity.LOW, Reads.COLUMNS, suspects=_suspects)
def reserved_name(table: Table, _: Scene) -> Iterator[Finding]:
    """Tables and columns whose name is a reserved keyword; a foreign table's columns are called by the other server."""
    if table.name in RESERVED and not table.is_partition:
        fault = _fault("table", table.name)
        yield Finding(table.oid, fault.current_state, fault.expected_state, evidence=(fact(fault.seen),))
    if table.kind != "f":
        for column in filter(_is_reserved, table.columns):
            yield finding_of_column(table, column, _fault("column", column.name))


def _fault(noun: str, name: str) -> Fault:
    trap = TRAPS.get(name)
    harm = f"without quotes it is read as {trap}, and no error tells" if trap else "without quotes it is a syntax error"
    return Fault(
        f"The {noun} {name} is called as a keyword: {harm}.",
        f"The {noun} has a name that needs no quotes.",
        f"PostgreSQL's grammar reserves the word {name}.",
    )
