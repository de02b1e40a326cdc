"""Rights as the expected schema tells them, and the statements that give an object just these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from pglast import ast

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, ObjectName
from ..composed import verbatim
from ..dependents.grants import RIGHTS, Right, grant_again, read_rights, revoke_all
from .place import quote, spelled
from .stored import verified
from .subject import Subject

# pg_default_acl.defaclobjtype.
_DEFAULTS = {
    ObjectKind.FUNCTION: "f",
    ObjectKind.SEQUENCE: "S",
    ObjectKind.TYPE: "T",
    ObjectKind.SCHEMA: "n",
}
_DEFAULT_GRANTEES = """
select distinct case g.grantee when 0 then null else pg_catalog.pg_get_userbyid(g.grantee)::text end
from pg_catalog.pg_default_acl p cross join lateral pg_catalog.aclexplode(p.defaclacl) g
where p.defaclrole = %s::regrole and p.defaclobjtype = %s
  and p.defaclnamespace in (0, (select n.oid from pg_catalog.pg_namespace n where n.nspname = %s))
order by 1 nulls first
"""


async def rights_of(subject: Subject, items: Sequence[str]) -> tuple[Right, ...]:
    """The rights that aclitems tell; raises PlanRefused where a role of them does not exist."""
    query = f"select {RIGHTS.format(acl='%s::pg_catalog.aclitem[]')}"
    try:
        row = await (await subject.site.connection.execute(verbatim(query), (list(items),))).fetchone()
    except psycopg.errors.UndefinedObject as error:
        raise PlanRefused(f"Rights on {subject.said}: {error.diag.message_primary}.") from error
    assert row is not None
    return read_rights(row[0])


async def given(subject: Subject, name: ObjectName, owner: str, items: Sequence[str] | None) -> list[str]:
    """Statements that give a new object these rights, and not those of default privileges; None: only the usual."""
    grantees = await _default_grantees(subject, name, owner)
    target = grant_target(name)
    if items is None:
        statements = [] if subject.declared else list(_revoked(target, grantees, owner))
        return _verified(statements)
    usual = [owner, None] if name.kind in {ObjectKind.FUNCTION, ObjectKind.TYPE} else [owner]
    granted = grant_again(target, owner, subject.role, await rights_of(subject, items))
    return _verified([*revoke_all(target, [*usual, *grantees]), *granted])


def grants_others(owner: str, rights: Sequence[Right]) -> bool:
    """Whether anybody but the owner gets a right."""
    return any(each.grantee != owner for each in rights)


def grant_target(name: ObjectName) -> str:
    """The object as GRANT names it."""
    if name.kind in {ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW}:
        return f"table {quote(name.schema, name.name)}"
    return spelled(name)


def _revoked(target: str, grantees: Sequence[str | None], owner: str) -> Iterator[str]:
    yield from revoke_all(target, [each for each in grantees if each != owner])


async def _default_grantees(subject: Subject, name: ObjectName, owner: str) -> list[str | None]:
    parameters = (quote(owner), _DEFAULTS.get(name.kind, "r"), name.schema)
    cursor = await subject.site.connection.execute(_DEFAULT_GRANTEES, parameters)
    return [grantee for (grantee,) in await cursor.fetchall()]


def _verified(statements: Sequence[str]) -> list[str]:
    return [verified(each, ast.GrantStmt, ast.VariableSetStmt) for each in statements]
