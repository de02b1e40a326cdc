"""Libraries that make SQL of their own when the code runs, so that none of it can be read."""

from __future__ import annotations

import re
from typing import Final

_PACKAGES: Final = (
    rb"django\.db\.models|django\.contrib\.gis\.db|django\.contrib\.auth|sqlalchemy\.orm|sqlalchemy\.ext"
    rb"|flask_sqlalchemy|sqlmodel|tortoise|peewee|playhouse|pony|piccolo|ormar|gino|edgy|saffier|odoo|masoniteorm"
    rb"|orator|prisma"
)
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:(?:from|import)[ \t]+(?P<package>" + _PACKAGES + rb")\b"
    rb"|from[ \t]+(?P<parent>django\.db|django\.contrib\.gis|sqlalchemy)[ \t]+import[ \t]+"
    rb"(?:\([^)]*\b(?:models|orm|db)\b|[^\n(]*\b(?:models|orm|db)\b))",
    re.MULTILINE,
)


def mapper_in(content: bytes) -> tuple[int, str] | None:
    """The line of the first import of such a library, and its name."""
    found = _IMPORT.search(content)
    if found is None:
        return None
    name = found["package"] or found["parent"]
    return content.count(b"\n", 0, found.start()) + 1, name.decode()
