"""A listener as a process, and questions to the database it watches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Process, Processes

OPERATOR = "operator-token-of-the-tests"
WATCHES = r"watching"


@dataclass(frozen=True, slots=True)
class Listener:
    """`pgmend start` on one database. `address` is where its API answers."""

    process: Process
    database: Database
    address: str

    async def issue(self, issue_type: str, table: str, status: str = "open") -> dict[str, Any]:
        """The issue once it is there."""
        return await eventually(lambda: find_issue(self.database, issue_type, table, status), 20)

    async def resolved(self, issue_type: str, table: str) -> dict[str, Any]:
        """The issue once it is resolved."""
        return await self.issue(issue_type, table, "resolved")

    async def fix(self, issue_id: str, state: str) -> dict[str, Any]:
        """The newest fix of an issue once it is in that state."""
        return await eventually(lambda: find_fix(self.database, issue_id, state), 30)


async def listen(
    pgmend: Processes, database: Database, *options: str, settle: str = "0.2", patience: float = 20.0, **settings: str
) -> Listener:
    """Start a listener and wait until it leads and has seen everything, each no longer than `patience` seconds."""
    environment = {
        "PGMEND_DSN": database.dsn,
        "PGMEND_OPERATOR_TOKEN": OPERATOR,
        **{f"PGMEND_{name.upper()}": value for name, value in settings.items()},
    }
    process = await pgmend.start("start", "--port", "0", "--settle-time", settle, *options, env=environment)
    address = (await process.line(r"listens at (http://\S+)/api/database-health", patience))[1]
    await process.line(WATCHES, patience)
    return Listener(process, database, address)


def find_issue(database: Database, issue_type: str, table: str, status: str) -> dict[str, Any] | None:
    """The issue, if it is there."""
    rows = database.fetch(
        "select to_jsonb(i) from pgmend.issue as i where issue_type = %s and table_name = %s and status = %s",
        (issue_type, table, status),
    )
    return rows[0][0] if rows else None


def find_fix(database: Database, issue_id: str, state: str) -> dict[str, Any] | None:
    """The newest fix of the issue, if it is in that state."""
    rows = database.fetch(
        "select to_jsonb(f) from pgmend.fix as f where issue_id = %s order by created_at desc limit 1", (issue_id,)
    )
    if not rows:
        return None
    fix = rows[0][0]
    if fix["state"] in {"failed", "refused"} and state not in {"failed", "refused"}:
        raise RuntimeError(f"the fix {fix['state']}: {fix['reason']}")
    return fix if fix["state"] == state else None


def numbers(text: str) -> list[int]:
    """The numbers in a line of output."""
    return [int(each) for each in re.findall(r"\d+", text)]
