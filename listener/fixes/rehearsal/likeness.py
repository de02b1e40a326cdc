"""Whether the copy is like the database, as far as the plan touches it: else it tells nothing of what happens here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection

from ...catalog.exclusion import LeftAlone
from ...errors import CouldNotLook
from ...expected.likeness import same_definition
from ...expected.portrait import ObjectKind, Portrait, Portrayed
from ...expected.read import read_portrait
from ...statements.touched import Touched
from .copy import Lacking

RELATIONS: Final = frozenset({ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW})
_MOST_NAMED: Final = 3
# A foreign table is copied as a plain one, and how values are stored changes no statement.
_APART: Final = frozenset(
    {
        *("server", "of_type", "options", "access_method", "column_grants", "column_comments"),
        *("storage", "compression", "statistics", "replica_identity", "clustered"),
    }
)


class _Nothing(LeftAlone):
    """Leaves nothing alone: tables refer to what hosting providers keep, too."""

    def covers(self, schema: str, table: str, of_extension: bool = False) -> bool:
        return False


NOTHING: Final = _Nothing()


async def require_likeness(
    ground: AsyncConnection[Any], portrait: Portrait, touched: Touched, lacking: Sequence[Lacking]
) -> None:
    """Raise CouldNotLook where the copy of what is touched is not like it."""
    copy = await read_portrait(ground, left_alone=NOTHING)
    reasons = {each.name: each for each in lacking}
    differing = [
        str(reasons.get(name, Lacking(name, "it is not the same on the copy")))
        for name, each in portrait.objects.items()
        if _is_touched(each, touched) and not _alike(each, copy.objects.get(name))
    ]
    if differing:
        more = f", and {len(differing) - _MOST_NAMED} more" if len(differing) > _MOST_NAMED else ""
        raise CouldNotLook(f"the copy is not like the database: {'; '.join(differing[:_MOST_NAMED])}{more}")


def _is_touched(each: Portrayed, touched: Touched) -> bool:
    name = each.name
    relation = name.relation or (name.name if name.kind in RELATIONS else "")
    return (name.schema, relation) in touched.by_name


def _alike(each: Portrayed, copied: Portrayed | None) -> bool:
    if copied is None or each.address is None or copied.address is None:
        return False
    if each.name.kind is ObjectKind.COLUMN and each.address.number != copied.address.number:
        return False
    if any(copied.fields.get(key) != value for key, value in each.fields.items() if key not in _APART):
        return False
    # The definition of a table is told by its columns and fields.
    return each.name.kind is ObjectKind.TABLE or same_definition(each, copied, known=False)
