"""One aspect of an object brought back to what the expected schema says; `restoring/` has a module for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ...errors import PlanRefused, PlanWaits
from ...expected.portrait import ObjectKind
from ...remedy import RestoreObject
from ..fix_kind import fix_kind
from ..plan import Plan
from ..restoring.changed import replace_part, replace_statistics
from ..restoring.column import restore_column, restore_column_type
from ..restoring.column_default import restore_default
from ..restoring.column_definition import restore_column_definition
from ..restoring.comment import restore_comment
from ..restoring.constraint import replace_constraint, restore_constraint
from ..restoring.enabled import restore_enabled
from ..restoring.extension import restore_extension
from ..restoring.grants import restore_grants
from ..restoring.index import replace_index, restore_index
from ..restoring.name import restore_name
from ..restoring.nullability import restore_nullability
from ..restoring.owner import restore_owner
from ..restoring.routine import replace_routine
from ..restoring.row_security import restore_row_security
from ..restoring.sequence import replace_sequence
from ..restoring.subject import Subject, read_subject
from ..restoring.table import restore_table
from ..restoring.table_definition import restore_table_definition
from ..restoring.type import replace_type
from ..restoring.view import replace_materialized_view, replace_view, restore_materialized_view
from ..restoring.whole import restore_whole
from ..site import Site

Planner = Callable[[Subject], Awaitable[Plan]]

_ASPECTS: Mapping[str, Planner] = {
    "comment": restore_comment,
    "default": restore_default,
    "enabled": restore_enabled,
    "grants": restore_grants,
    "name": restore_name,
    "nullability": restore_nullability,
    "owner": restore_owner,
    "row_security": restore_row_security,
    "type": restore_column_type,
}
_MISSING: Mapping[ObjectKind, Planner] = {
    ObjectKind.COLUMN: restore_column,
    ObjectKind.CONSTRAINT: restore_constraint,
    ObjectKind.EXTENSION: restore_whole,
    ObjectKind.FUNCTION: restore_whole,
    ObjectKind.INDEX: restore_index,
    ObjectKind.MATERIALIZED_VIEW: restore_materialized_view,
    ObjectKind.POLICY: restore_whole,
    ObjectKind.RULE: restore_whole,
    ObjectKind.SCHEMA: restore_whole,
    ObjectKind.SEQUENCE: restore_whole,
    ObjectKind.STATISTICS: restore_whole,
    ObjectKind.TABLE: restore_table,
    ObjectKind.TRIGGER: restore_whole,
    ObjectKind.TYPE: restore_whole,
    ObjectKind.VIEW: restore_whole,
}
_CHANGED: Mapping[ObjectKind, Planner] = {
    ObjectKind.COLUMN: restore_column_definition,
    ObjectKind.CONSTRAINT: replace_constraint,
    ObjectKind.EXTENSION: restore_extension,
    ObjectKind.FUNCTION: replace_routine,
    ObjectKind.INDEX: replace_index,
    ObjectKind.MATERIALIZED_VIEW: replace_materialized_view,
    ObjectKind.POLICY: replace_part,
    ObjectKind.RULE: replace_part,
    ObjectKind.SEQUENCE: replace_sequence,
    ObjectKind.STATISTICS: replace_statistics,
    ObjectKind.TABLE: restore_table_definition,
    ObjectKind.TRIGGER: replace_part,
    ObjectKind.TYPE: replace_type,
    ObjectKind.VIEW: replace_view,
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
    try:
        return await planner(subject)
    except PlanWaits as waits:
        return subject.plan(f"Bring back the {remedy.aspect} of {subject.said}", (), (), waits_for=str(waits))
