"""Who has which rights on an object: the exact difference, granted and revoked. Always by approval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pglast import ast

from ...errors import PlanRefused
from ...expected.grants import granted_by
from ...expected.portrait import ObjectKind, ObjectName
from ..dependents.definition import literal
from ..dependents.grants import Right, in_order
from ..plan import Plan
from .place import CATALOGS, quote, said_of
from .rights import grant_target, rights_of
from .stored import verified
from .subject import Subject
from .turn import Turn

# acldefault's letters.
_LETTERS = {ObjectKind.SEQUENCE: "s", ObjectKind.FUNCTION: "f", ObjectKind.TYPE: "T", ObjectKind.SCHEMA: "n"}


async def restore_grants(subject: Subject) -> Plan:
    """The rights as expected, and back to what they are."""
    name, owner = subject.name, await _owner(subject)
    usual = "'{}'::pg_catalog.aclitem[]"
    if name.kind is not ObjectKind.COLUMN:
        usual = f"pg_catalog.acldefault('{_LETTERS.get(name.kind, 'r')}', o.{CATALOGS[name.kind].owner})"
    items = f"pg_catalog.unnest(coalesce(o.{CATALOGS[name.kind].rights}, {usual})) a"
    given = f"coalesce((select pg_catalog.array_agg(a::text order by a::text) from {items}), '{{}}')"
    present: list[str] = await subject.value(said_of(name, given))
    expected = granted_by(subject.expected.grants, subject.expected.owner, owner)
    wanted = list(expected) if expected is not None else await subject.value(said_of(name, f"{usual}::text[]"))
    now, then = await rights_of(subject, present), await rights_of(subject, wanted)
    state = said_of(name, f"{given}::text")
    change = GrantsChange(name, owner, subject.role)
    turn = Turn(
        title=f"Give rights on {subject.said} as expected",
        undo_title=f"Give rights on {subject.said} as before",
        state=state,
        before=await subject.value(state),
        left=f"{state} = {await _sorted(subject, wanted)}",
        statements=tuple(change.statements(now, then)),
        undo=tuple(change.statements(then, now)),
    )
    return subject.plan(
        f"Give rights on {subject.said} as expected",
        [turn.step()],
        [turn.inverse()],
        approval="it changes who has which rights: " + "; ".join(turn.statements),
    )


class GrantsChange:
    """From one list of rights on an object to another. `owner` has it, `role` is who mends."""

    def __init__(self, name: ObjectName, owner: str, role: str) -> None:
        self._role = role
        self._owner = owner
        self._columns = f" ({quote(name.name)})" if name.kind is ObjectKind.COLUMN else ""
        whole = name._replace(kind=ObjectKind.TABLE, relation="", name=name.relation) if self._columns else name
        self._target = grant_target(whole)

    def statements(self, old: Sequence[Right], new: Sequence[Right]) -> Iterator[str]:
        """Revokes, those that others stand on last, then grants, those that others stand on first."""
        granted = {self._key(each): each.grantable for each in new}
        had = {self._key(each): each.grantable for each in old}
        for each in reversed(in_order(old, self._owner)):
            key, privilege = self._key(each), f"{each.privilege.lower()}{self._columns}"
            if key not in granted:
                yield from self._as(each, f"revoke {privilege} on {self._target} from {_grantee(each)}")
            elif each.grantable and not granted[key]:
                yield from self._as(
                    each, f"revoke grant option for {privilege} on {self._target} from {_grantee(each)}"
                )
        for each in in_order(new, self._owner):
            key, privilege = self._key(each), f"{each.privilege.lower()}{self._columns}"
            if key not in had or (each.grantable and not had[key]):
                option = " with grant option" if each.grantable else ""
                yield from self._as(each, f"grant {privilege} on {self._target} to {_grantee(each)}{option}")

    def _as(self, right: Right, statement: str) -> Iterator[str]:
        """A right is recorded as its owner's, whoever of the owner's members grants it; another's only as himself."""
        other = right.grantor != self._owner
        if other:
            yield verified(f"set local role {quote(right.grantor)}", ast.VariableSetStmt)
        yield verified(statement, ast.GrantStmt)
        if other:
            yield verified(f"set local role {quote(self._role)}", ast.VariableSetStmt)

    @staticmethod
    def _key(right: Right) -> tuple[str, str | None, str]:
        return right.grantor, right.grantee, right.privilege


async def _owner(subject: Subject) -> str:
    name = subject.name
    if name.kind is ObjectKind.COLUMN:
        return subject.table.owner
    owner = await subject.value(said_of(name, f"pg_catalog.pg_get_userbyid(o.{CATALOGS[name.kind].owner})::text"))
    if owner is None:
        raise PlanRefused(f"{subject.said} is not there: it has to be made first.")
    await subject.may_act_for(owner, makes=False)
    return owner


async def _sorted(subject: Subject, items: Sequence[str]) -> str:
    """The list as the state writes it."""
    rows = ", ".join(literal(each) for each in items)
    text = await subject.value(
        f"coalesce((select pg_catalog.array_agg(a order by a) from pg_catalog.unnest(array[{rows}]::text[]) a), '{{}}')"
        "::text"
    )
    return literal(text)


def _grantee(right: Right) -> str:
    return quote(right.grantee) if right.grantee else "public"
