"""Which database and which settings a command works with, from its options and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from ...listener.dsn import find_dsn
from ...listener.settings import Settings, load_settings

Dsn = Annotated[
    str | None,
    typer.Option("--dsn", help="The database; else PGMEND_DSN, DATABASE_URL, or libpq's PGHOST, PGSERVICE."),
]


@dataclass(frozen=True, slots=True)
class Source:
    """A command's database and settings."""

    dsn: str
    settings: Settings


def find_source(dsn: str | None, **flags: object) -> Source:
    """Raises SettingsError for a wrong setting, or where no database is named."""
    settings, _ = load_settings(flags)
    return Source(find_dsn(dsn, os.environ), settings)
