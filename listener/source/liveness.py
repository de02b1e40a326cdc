"""Which files hold statements that do not run against the schema as it is."""

from __future__ import annotations

import re
from typing import Final

_MIGRATIONS: Final = re.compile(
    r"(?:^|/)(?:migrations?|alembic|versions|db_migrations|yoyo|revisions)(?:/|$)|(?:^|/)\d{4}_\w+\.py$"
)
_OVER: Final = re.compile(r"(?:^|/)(?:archived?|attic|obsolete|deprecated|one_?offs?|legacy_scripts)/")


def standing(path: str) -> str | None:
    """Why what stands in the file ran once, and does not any more; None where it runs."""
    if _MIGRATIONS.search(path):
        return "it is a migration, written for the schema of its time"
    if _OVER.search(path):
        return "its folder says that it is not in use any more"
    return None
