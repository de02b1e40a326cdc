"""What there is to say of a plan before it is made, besides its checks: room on the disk, and who notices."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..statements.statement import StatementSource
from .cached_plans import cached_plans
from .headroom import headroom
from .limits import Limits
from .plan import Plan, Proof


async def outlook(
    connection: AsyncConnection[TupleRow], plan: Plan, limits: Limits, sources: Sequence[StatementSource] = ()
) -> tuple[Proof, ...]:
    """The proofs; `connection` is in autocommit mode, and only read on. `sources` know statements besides the
    database."""
    return (
        *await headroom(connection, plan, limits),
        *await cached_plans(connection, plan, limits.statements_seen_for, sources),
    )
