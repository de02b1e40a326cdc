"""The desk for one command, and values as people write them on a command line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...listener.errors import InvalidRequest
from .source import find_source

if TYPE_CHECKING:
    from ...listener.desk import Desk


@asynccontextmanager
async def asking(dsn: str | None) -> AsyncGenerator[Desk]:
    """The desk on the database that the options name; its connections end with the block."""
    from ...listener.desk import Connections, Desk

    source = find_source(dsn)
    async with Connections.within(source.dsn, source.settings, "command") as connections:
        yield Desk(connections, source.settings)


def issue_type(text: str | None) -> str | None:
    """An issue type that some rule finds; raises InvalidRequest naming those there are."""
    from ...listener.judging.registry import builtin_rules

    known = sorted({rule.issue_type for rule in builtin_rules()})
    if text is None or text in known:
        return text
    raise InvalidRequest(f"There is no issue type {text!r}; there are {', '.join(known)}.")


def moment(text: str | None) -> datetime | None:
    """A time in ISO 8601; without an offset it is UTC. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is no time; write it as 2026-03-01T06:00+01:00.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
