"""What a fix kind plans from: a fresh snapshot, the issue, limits, and a connection for read-only look-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid, Snapshot, Table
from ..errors import PlanRefused
from ..issue import Issue
from .limits import Limits


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fix is planned. `connection` is in autocommit mode and only ever reads.

    `snapshot` was read just now as far as the remedy's tables and their neighbours by foreign key go; `names` has those
    tables as `format('%I.%I')` writes them.
    """

    connection: AsyncConnection[TupleRow]
    snapshot: Snapshot
    issue: Issue
    limits: Limits
    fix_id: UUID
    names: Mapping[Oid, str]

    def table(self, oid: Oid) -> Table:
        """The table with that OID; raises PlanRefused where it is gone."""
        table = self.snapshot.tables.get(oid)
        if table is None:
            raise PlanRefused(f"The table with OID {oid} is gone; {self.issue.where} was meant.")
        return table

    def named(self, *oids: Oid) -> tuple[tuple[Oid, str], ...]:
        """Those tables as `Plan.tables` has them, each once."""
        return tuple((oid, self.names[self.table(oid).oid]) for oid in dict.fromkeys(oids))
