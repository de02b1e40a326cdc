"""Whether the server can read a definition now: what it names may have to come back first."""

from __future__ import annotations

import psycopg
from pglast import ast

from ...errors import PlanWaits
from ..composed import verbatim
from .stored import verified
from .subject import Subject

_PREPARED = "pgmend_restoring"
_SYNTAX_OR_ACCESS = "42"
# A right that is missing says nothing about the definition; nor does a parameter whose type nobody can tell.
_OTHERWISE = frozenset({"42501", "42P18"})


async def wait_until_readable(subject: Subject, query: str) -> None:
    """Raise PlanWaits with what the server misses in the query, in its words.

    PREPARE does parse analysis and nothing more: nobody's function runs, and no row is read.
    """
    connection = subject.site.connection
    text = verified(query, ast.SelectStmt)
    try:
        async with connection.transaction():
            await connection.execute(verbatim(f"prepare {_PREPARED} as {text}"))
            await connection.execute(f"deallocate {_PREPARED}")
    except psycopg.DatabaseError as error:
        if connection.closed:
            raise
        sqlstate = error.sqlstate or ""
        if sqlstate.startswith(_SYNTAX_OR_ACCESS) and sqlstate not in _OTHERWISE:
            missing = f"what {subject.said} is made of: {error.diag.message_primary}"
            raise PlanWaits(missing) from error
