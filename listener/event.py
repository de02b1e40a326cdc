"""One row of `pgmend.ddl_log`: a DDL command that committed. A hint where to look; the catalog is the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .catalog.snapshot import Oid


@dataclass(frozen=True, slots=True)
class Event:
    """What an event trigger saw of one object. `kind` is `command` or `drop`.

    `statement` is the client statement's shape without literals, None where it was withheld. `class_id` is the catalog
    (pg_class, pg_constraint, …) that `object_id` is of. `fix_id` is set where the DDL was our own. `intended` is the
    reason that the session gave in `pgmend.intended`. `effective_role` is what SET ROLE took, else `session_role`.
    """

    event_id: str
    occurred_at: datetime
    transaction_id: int
    kind: str
    command_tag: str
    object_type: str
    schema: str | None
    identity: str | None
    class_id: Oid
    object_id: Oid
    session_role: str
    application_name: str | None
    backend_pid: int
    statement: str | None
    fix_id: str | None = None
    intended: str | None = None
    statement_started_at: datetime | None = None
    effective_role: str = ""

    @property
    def command(self) -> tuple[int, datetime | None]:
        """Equal for all events of one client statement."""
        return self.transaction_id, self.statement_started_at
