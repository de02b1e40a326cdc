"""Whether somebody switched a table's row security off."""

from __future__ import annotations

from ..catalog.change import ChangeKind
from ..catalog.snapshot import Table
from .scene import Scene


def was_switched_off(table: Table, scene: Scene) -> bool:
    """Whether row security is off, and the last switch of it that is remembered was that and not ours."""
    if table.row_security:
        return False
    for change in scene.changes_of(table.oid):
        before, after = change.before, change.after
        if change.kind is not ChangeKind.TABLE_ALTERED or before is None or after is None:
            continue
        if before["row_security"] != after["row_security"]:
            return bool(before["row_security"]) and change.fix_id is None
    return False
