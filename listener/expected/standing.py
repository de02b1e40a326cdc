"""What an expected schema is good for now: does it heal, or does it only report?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from ..store.expected import Expectation
from .version import UnreadHistory, recorded_version


@dataclass(frozen=True, slots=True)
class Standing:
    """`only_reports` says why no difference is healed without approval; None where it may be."""

    only_reports: str | None


async def standing(connection: AsyncConnection[Any], expectation: Expectation) -> Standing:
    """A captured schema heals where it is locked, a declared one while the database is at the version it declares."""
    if expectation.source == "captured":
        if expectation.locked:
            return Standing(None)
        return Standing(
            "the expected schema is captured and not locked, so it only reports: pgmend expect capture --lock"
        )
    try:
        version = await recorded_version(connection)
    except UnreadHistory as error:
        return Standing(f"whether the declared schema is that of this version cannot be told: {error}")
    if version == expectation.migration_version:
        return Standing(None)
    return Standing(
        f"the schema was declared at {expectation.migration_version or 'no recorded migration'} and this database is at"
        f" {version or 'none'}: declare it anew"
    )
