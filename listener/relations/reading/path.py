"""search_path settings as lists of schemas."""

from __future__ import annotations

import re

_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,"]+?))\s*(?:,|$)')
_OWN = "$user"


def schemas_in(search_path: str, role: str | None = None) -> tuple[str, ...]:
    """The schemas of a setting; `$user` is the role's name, or nothing where that is not known.

    >>> schemas_in('"$user", App, "Büro, 1"', "me")
    ('me', 'app', 'Büro, 1')
    """
    found: list[str] = []
    for match in _PART.finditer(search_path):
        name = match[2].lower() if match[1] is None else match[1].replace('""', '"')
        if name != _OWN:
            found.append(name)
        elif role is not None:
            found.append(role)
    return tuple(found)
