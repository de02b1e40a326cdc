"""What COMMENT says of an object."""

from __future__ import annotations

from pglast import ast

from ...expected.portrait import ObjectName
from ..dependents.definition import literal
from ..plan import Plan
from .place import comment, spelled
from .stored import verified
from .subject import Subject
from .turn import Turn


async def restore_comment(subject: Subject) -> Plan:
    """The comment as expected, and back to what it is."""
    state, wanted = comment(subject.name), subject.expected.comment
    before = await subject.value(state)
    turn = Turn(
        title=f"Comment on {subject.said} as expected",
        undo_title=f"Comment on {subject.said} as before",
        state=state,
        before=before,
        left=f"{state} is not distinct from {_literal(wanted)}",
        statements=(comment_statement(subject.name, wanted),),
        undo=(comment_statement(subject.name, before),),
    )
    return subject.plan(f"Give {subject.said} its comment back", [turn.step()], [turn.inverse()])


def comment_statement(name: ObjectName, text: str | None) -> str:
    """COMMENT ON the object."""
    return verified(f"comment on {spelled(name)} is {_literal(text)}", ast.CommentStmt)


def _literal(text: str | None) -> str:
    return "null" if text is None else literal(text)
