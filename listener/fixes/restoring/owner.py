"""Who owns an object. Always by approval: whoever owns it may do anything with it."""

from __future__ import annotations

from collections.abc import Sequence

from pglast import ast

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, Portrayed
from ..dependents.definition import literal
from ..dependents.grants import grant_again, revoke_all
from ..plan import Plan
from .found import read_found
from .making import plain_name
from .place import CATALOGS, quote, said_of, spelled
from .rights import grant_target, rights_of
from .stored import verified
from .subject import Subject
from .turn import Turn


async def restore_owner(subject: Subject) -> Plan:
    """ALTER … OWNER TO, which passes the owner's rights on, and back."""
    found, column = await read_found(subject), CATALOGS[subject.name.kind].owner
    wanted, owner = subject.expected.owner, found.owner
    if wanted is None or owner is None or column is None:
        raise PlanRefused(f"Nothing says who should own {subject.said}.")
    await subject.may_act_for(owner, makes=False)
    await subject.may_act_for(wanted)
    state = said_of(subject.name, f"pg_catalog.pg_get_userbyid(o.{column})::text")
    turn = Turn(
        title=f"Give {subject.said} to {wanted}",
        undo_title=f"Give {subject.said} back to {owner}",
        state=state,
        before=owner,
        left=f"{state} = {literal(wanted)}",
        statements=(_alter(found, wanted),),
        undo=(_alter(found, owner), *await _rights_again(subject, found, owner, wanted)),
    )
    return subject.plan(
        f"Give {subject.said} to {wanted}", [turn.step()], [turn.inverse()], approval="it changes who owns it"
    )


def _alter(found: Portrayed, owner: str) -> str:
    text = f"alter {spelled(found.name, called=plain_name(found))} owner to {quote(owner)}"
    return verified(text, ast.AlterOwnerStmt, ast.AlterTableStmt)


async def _rights_again(subject: Subject, found: Portrayed, owner: str, new: str) -> Sequence[str]:
    """What the change has made one of two: the rights that the new owner had from the old one."""
    rights = await rights_of(subject, found.grants or ())
    if found.name.kind is ObjectKind.SCHEMA or not any(new in {each.grantee, each.grantor} for each in rights):
        return ()
    target = grant_target(found.name)
    again = [*revoke_all(target, [owner, new]), *grant_again(target, owner, subject.role, rights)]
    return [verified(each, ast.GrantStmt, ast.VariableSetStmt) for each in again]
