"""Bounds, step and owning column of a sequence that is there. Where it stands does not change."""

from __future__ import annotations

from pglast import ast

from ...expected.portrait import ObjectName, Portrayed
from ..dependents.definition import literal
from ..plan import Plan
from .found import read_found
from .making import parsed_definition
from .place import said_of, spelled
from .stored import position, verified
from .subject import Subject
from .turn import Turn

_STATE = """
(select pg_catalog.concat_ws(' ', pg_catalog.format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin,
  s.seqmax, s.seqcache, s.seqcycle,
  (select pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) from pg_catalog.pg_depend d
   where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = o.oid and d.refobjsubid > 0 and d.deptype = 'a'))
from pg_catalog.pg_sequence s where s.seqrelid = o.oid)
"""


async def replace_sequence(subject: Subject) -> Plan:
    """ALTER SEQUENCE to what is expected, and back."""
    found = await read_found(subject)
    state = said_of(subject.name, _STATE)
    before = await subject.value(state)
    turn = Turn(
        title=f"Set bounds and steps of {subject.said} as expected",
        undo_title=f"Set bounds and steps of {subject.said} as before",
        state=state,
        before=before,
        left=f"{state} is distinct from {literal(before)}",
        statements=_alter(subject.name, subject.expected),
        undo=_alter(subject.name, found),
    )
    return subject.plan(f"Set bounds and steps of {subject.said} as expected", [turn.step()], [turn.inverse()])


def _alter(name: ObjectName, each: Portrayed) -> tuple[str, ...]:
    """What the definition says, spelled out, so that nothing else stays."""
    text, _ = parsed_definition(each)
    said = text[position(text, "AS") :]
    cycle = "" if said.upper().endswith(" CYCLE") else " no cycle"
    owned_by = each.fields.get("owned_by", "none")
    return (verified(f"alter {spelled(name)} {said}{cycle} owned by {owned_by}", ast.AlterSeqStmt),)
