"""Rights as aclitem writes them, compared whoever owns the object."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_ITEM = re.compile(r'((?:"(?:[^"]|"")*"|[^"=])*)=([^/]*)/(.*)', re.DOTALL)


def granted_by(grants: Sequence[str] | None, owner: str | None, instead: str | None) -> tuple[str, ...] | None:
    """The rights if not `owner` but `instead` owned the object: ALTER … OWNER TO changes them just so."""
    if grants is None or owner is None or instead is None or owner == instead:
        return None if grants is None else tuple(grants)
    return tuple(sorted(_by(item, owner, instead) for item in grants))


def column_grants_by(text: str, owner: str | None, instead: str | None) -> dict[str, tuple[str, ...]]:
    """The same of the columns of a view, which its portrait tells as JSON; "" tells of none."""
    rights: dict[str, list[str]] = json.loads(text or "{}")
    return {column: granted_by(sorted(items), owner, instead) or () for column, items in rights.items()}


def _by(item: str, owner: str, instead: str) -> str:
    found = _ITEM.fullmatch(item)
    if found is None:
        return item
    grantee, privileges, grantor = (found[1], found[2], found[3])
    return f"{_other(grantee, owner, instead)}={privileges}/{_other(grantor, owner, instead)}"


def _other(written: str, owner: str, instead: str) -> str:
    return _written(instead) if written in (owner, _written(owner)) else written


def _written(role: str) -> str:
    """As aclitem writes a role: quoted where there is anything but letters, digits and `_` (putid in acl.c)."""
    if role.isascii() and role.replace("_", "a").isalnum():
        return role
    return '"' + role.replace('"', '""') + '"'
