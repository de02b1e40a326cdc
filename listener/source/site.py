"""Where in code an issue is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeSite:
    """A place in a file (line from 1, column in characters from 0), the statement there, and the SQLSTATE of the
    server's objection."""

    file: str
    line: int
    column_offset: int
    statement: str
    sqlstate: str | None = None
