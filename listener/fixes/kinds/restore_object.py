"""One aspect of an object brought back to what the expected schema says; `restoring/` has a module for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind
from ...remedy import RestoreObject
from ..fix_kind import fix_kind
from ..plan import Plan
from ..restoring.column_default import restore_default
from ..restoring.comment import restore_comment
from ..restoring.constraint import replace_constraint, restore_constraint
from ..restoring.enabled import restore_enabled
from ..restoring.nullability import restore_nullability
from ..restoring.row_security import restore_row_security
from ..restoring.subject import Subject, read_subject
from ..site import Site

Planner = Callable[[Subject], Awaitable[Plan]]

_ASPECTS: Mapping[str, Planner] = {
    "comment": restore_comment,
    "default": restore_default,
    "enabled": restore_enabled,
    "nullability": restore_nullability,
    "row_security": restore_row_security,
}
_MISSING: Mapping[ObjectKind, Planner] = {
    ObjectKind.CONSTRAINT: restore_constraint,
}
_CHANGED: Mapping[ObjectKind, Planner] = {
    ObjectKind.CONSTRAINT: replace_constraint,
}


@fix_kind(RestoreObject)
async def restore_object(remedy: RestoreObject, site: Site) -> Plan:
    """The plan of the module that knows the aspect, or the kind of object."""
    subject = await read_subject(remedy, site)
    match remedy.aspect:
        case "existence":
            planner = _MISSING.get(subject.name.kind)
        case "definition":
            planner = _CHANGED.get(subject.name.kind)
        case aspect:
            planner = _ASPECTS.get(aspect)
    if planner is None:
        raise PlanRefused(f"Nobody knows how to bring back the {remedy.aspect} of {subject.said}.")
    return await planner(subject)
