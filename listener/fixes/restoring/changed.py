"""Objects of another definition than expected: each way in one transaction, replaced or made anew."""

from __future__ import annotations

from dataclasses import replace

from pglast import ast

from ...errors import PlanRefused
from ...expected.likeness import same_definition
from ...expected.portrait import ObjectKind, Portrayed
from ..plan import Plan
from .alteration import Alteration, alter
from .comment import comment_statement
from .enabled import enable_statement
from .found import read_found
from .making import make, or_replace, parsed_definition, unmake
from .place import said_of, spelled
from .stored import verified
from .subject import Subject
from .turn import Turn
from .whole import hazards_of, left_by, locks_of, require_ground

_STATES = {
    ObjectKind.RULE: "pg_catalog.pg_get_ruledef(o.oid)",
    ObjectKind.TRIGGER: "pg_catalog.pg_get_triggerdef(o.oid)",
    ObjectKind.POLICY: (
        "pg_catalog.concat_ws(' | ', o.polcmd, o.polpermissive, o.polroles::pg_catalog.regrole[],"
        " pg_catalog.pg_get_expr(o.polqual, o.polrelid), pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid))"
    ),
    ObjectKind.STATISTICS: "pg_catalog.pg_get_statisticsobjdef(o.oid)",
}


async def replace_part(subject: Subject) -> Plan:
    """A rule, a trigger or a policy as expected. Nothing can stand on one, so that it may go and come."""
    await require_ground(subject)
    found = await read_found(subject)
    turn = Turn(
        title=f"Change {subject.said} to what is expected",
        undo_title=f"Change {subject.said} back",
        state=said_of(subject.name, _STATES[subject.name.kind]),
        before=await subject.value(said_of(subject.name, _STATES[subject.name.kind])),
        left=left_by(subject),
        statements=_instead(found, subject.expected),
        undo=_instead(subject.expected, found, settings=found),
        locks=locks_of(subject),
    )
    return subject.plan(
        f"Change {subject.said} to what is expected", [turn.step()], [turn.inverse()], hazards=hazards_of(subject)
    )


async def replace_statistics(subject: Subject) -> Plan:
    """Extended statistics made anew, which the next ANALYZE fills; or only their target."""
    found, expected = await read_found(subject), subject.expected
    if same_definition(expected, found, known=subject.known):
        return await alter(subject, "the target", [_target(subject, found)])
    state = said_of(subject.name, _STATES[subject.name.kind])
    there = await make(subject, replace(found, definition=expected.definition, fields=expected.fields))
    back = await make(subject, found)
    turn = Turn(
        title=f"Make {subject.said} anew as expected",
        undo_title=f"Make {subject.said} anew as it was",
        state=state,
        before=await subject.value(state),
        left=left_by(subject),
        statements=(unmake(found), *there.statements),
        undo=(unmake(subject.expected), *back.statements),
        locks=locks_of(subject),
    )
    return subject.plan(f"Make {subject.said} anew as expected", [turn.step()], [turn.inverse()])


def _target(subject: Subject, found: Portrayed) -> Alteration:
    wanted, there = subject.expected.fields.get("target"), found.fields.get("target")
    alter_statistics = f"alter {spelled(subject.name)} set statistics"
    return Alteration(
        state=said_of(subject.name, "nullif(o.stxstattarget, -1)::pg_catalog.text"),
        wanted=wanted,
        there=(verified(f"{alter_statistics} {int(wanted or -1)}", ast.AlterStatsStmt),),
        back=(verified(f"{alter_statistics} {int(there or -1)}", ast.AlterStatsStmt),),
        gentle=True,
    )


def _instead(old: Portrayed, new: Portrayed, *, settings: Portrayed | None = None) -> tuple[str, ...]:
    """The statements that put one definition in the place of another; comment and firing state stay as they are."""
    kept = settings or old
    text, node = parsed_definition(new)
    match new.name.kind:
        case ObjectKind.TRIGGER if node.isconstraint or parsed_definition(old)[1].isconstraint:
            statements = [unmake(old), text]
        case ObjectKind.TRIGGER:
            return (or_replace(text, "TRIGGER"), enable_statement(new.name, kept.fields.get("enabled", "O")))
        case ObjectKind.RULE:
            return (or_replace(text, "RULE"), enable_statement(new.name, kept.fields.get("enabled", "O")))
        case ObjectKind.POLICY:
            statements = [unmake(old), text]
        case kind:
            raise PlanRefused(f"A {kind.value} is not replaced like this.")
    if new.name.kind is ObjectKind.TRIGGER:
        statements.append(enable_statement(new.name, kept.fields.get("enabled", "O")))
    if kept.comment is not None:
        statements.append(comment_statement(new.name, kept.comment))
    return tuple(statements)
