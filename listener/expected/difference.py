"""One way in which a database is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ..catalog.snapshot import AttributeNumber, Oid
from .portrait import ObjectKind, ObjectName, Portrayed

Aspect = Literal[
    "existence",
    "definition",
    "type",
    "nullability",
    "default",
    "enabled",
    "row_security",
    "owner",
    "grants",
    "comment",
    "name",
    "unexpected",
]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
RELATIONS = frozenset({ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW})


@dataclass(frozen=True, slots=True)
class Difference:
    """One aspect of one object. `name` is what the object should be called, or what an unexpected one is called.

    `object` is what should be, or what is there unexpectedly; `found` is what there is instead, None where the object
    is missing. `before` and `after` are the aspect as it should be and as it is, "" where there should be, or is, none.
    `table` is the OID of the table that it is or is a part of, 0 where that is none, or missing; `number` a column's.
    """

    name: ObjectName
    aspect: Aspect
    before: str
    after: str
    object: Portrayed
    found: Portrayed | None = None
    table: Oid = 0
    number: AttributeNumber = 0

    @property
    def found_as(self) -> str | None:
        """What the object is called now, where that is another name."""
        if self.aspect != "name" or self.found is None:
            return None
        return self.found.name.name
