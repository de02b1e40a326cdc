"""The desk for one command, and values as people write them on a command line."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...listener.errors import InvalidRequest
from .source import find_source

if TYPE_CHECKING:
    from ...listener.desk import Desk
    from ...listener.judging.roster import Roster
    from ...listener.settings import Settings


@asynccontextmanager
async def asking(dsn: str | None) -> AsyncGenerator[Desk]:
    """The desk on the database that the options name; its connections end with the block."""
    from ...listener.codebase.statements import code_sources
    from ...listener.desk import Connections, Desk

    source = find_source(dsn)
    async with Connections.within(source.dsn, source.settings, "command") as connections:
        yield Desk(connections, source.settings, code_sources(source.settings))


def mustered(settings: Settings, select: Sequence[str] | None = None, ignore: Sequence[str] | None = None) -> Roster:
    """The rules that judge by settings and flags. What own rules have to complain of goes to standard error."""
    from ...listener.journal import configure_journal
    from ...listener.judging.roster import Roster

    configure_journal(settings)
    with redirect_stdout(sys.stderr):  # what own rules print is no answer to what was asked
        return Roster.muster(settings, select or (), ignore or ())


def issue_types(select: Sequence[str] | None, ignore: Sequence[str] | None) -> tuple[str, ...] | None:
    """The issue types that such flags leave, None where there are none; raises InvalidRequest for what is no rule."""
    if not select and not ignore:
        return None
    from ...listener.settings import load_settings

    return mustered(load_settings()[0]).types(select or (), ignore or ())


def moment(text: str | None) -> datetime | None:
    """A time in ISO 8601; without an offset it is UTC. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is no time; write it as 2026-03-01T06:00+01:00.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
