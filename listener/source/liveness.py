"""Which files hold statements that do not run against the schema as it is."""

from __future__ import annotations

import re
from typing import Final

from .guards import engine_named, engine_of_folder

_MIGRATIONS: Final = re.compile(
    r"(?:^|/)(?:migrations?|alembic|versions|db_migrations|yoyo|revisions|deltas?|upgrades?)(?:/|$)|(?:^|/)\d{4}_\w+\.py$"
)
_SQLITE: Final = re.compile(r"\bsqlite_(?:master|schema|sequence)\b|^\s*pragma\b", re.IGNORECASE)
_TEST: Final = re.compile(r"(?:^|/)tests?/|(?:^|/)(?:test_\w+|\w+_test|conftest)\.py$")
_OVER: Final = re.compile(r"(?:^|/)(?:archived?|attic|obsolete|deprecated|one_?offs?|legacy_scripts)/")


def engine_of(path: str, function: str, text: str) -> str | None:
    """The other engine that a statement is for by the names of its file and function, or by its words; or None."""
    if _SQLITE.search(text):
        return "SQLite"
    return engine_of_folder(path) or engine_named(path.rpartition("/")[2]) or engine_named(function)


def standing(path: str) -> str | None:
    """Why what stands in the file ran once, and does not any more; None where it runs."""
    if _MIGRATIONS.search(path):
        return "it is a migration, written for the schema of its time"
    if _TEST.search(path):
        return "it is a test, which may be wrong on purpose"
    if _OVER.search(path):
        return "its folder says that it is not in use any more"
    return None
