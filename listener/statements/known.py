"""All that is known of the statements on some relations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from .definitions import Definitions
from .observed import ObservedStatements
from .statement import Known, StatementSource
from .touched import Touched


async def known_statements(
    connection: AsyncConnection[Any], touched: Touched, seen_for: timedelta, more: Sequence[StatementSource] = ()
) -> Known:
    """What pg_stat_statements, views, functions and the other sources know, each statement once."""
    sources: tuple[StatementSource, ...] = (ObservedStatements(seen_for), Definitions(), *more)
    known = Known.together([await source.known(connection, touched) for source in sources])
    once = tuple(dict.fromkeys(known.statements)), tuple(dict.fromkeys(known.unread))
    return Known(*once, known.gaps, known.notes, known.read)
