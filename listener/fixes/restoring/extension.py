"""The schema and the version of an extension that is there. Always by approval: its objects and its code change."""

from __future__ import annotations

from pglast import ast
from psycopg import sql

from ...errors import PlanRefused, PlanWaits
from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ..plan import Plan
from .alteration import Alteration, alter
from .found import read_found
from .place import exists, quote, said_of
from .stored import verified
from .subject import Subject

_SCHEMA = "(select n.nspname::pg_catalog.text from pg_catalog.pg_namespace n where n.oid = o.extnamespace)"
_RELOCATABLE = "o.extrelocatable"
_VERSION = "o.extversion"
_PATH = """
(select p.path from pg_catalog.pg_extension_update_paths({name}) p where p.source = {source} and p.target = {target})
"""


async def restore_extension(subject: Subject) -> Plan:
    """ALTER EXTENSION to the schema and the version that are expected."""
    found = await read_found(subject)
    alterations = [*await _schema(subject, found), *await _version(subject, found)]
    return await alter(subject, "schema and version", alterations)


async def _schema(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    wanted, there = subject.expected.fields["schema"], found.fields["schema"]
    if wanted == there:
        return ()
    if not await subject.value(said_of(subject.name, _RELOCATABLE)):
        raise PlanRefused(
            f"{subject.said} is in schema {there}, should be in {wanted}, and cannot be moved. Cure: drop extension"
            f" {quote(subject.name.name)}, which takes all along that stands on it, and make it again in {wanted}."
        )
    if not await subject.value(exists(ObjectName(ObjectKind.SCHEMA, "", "", wanted))):
        raise PlanWaits(f"schema {wanted}, which is missing")
    move = f"alter extension {quote(subject.name.name)} set schema"
    return (
        Alteration(
            state=said_of(subject.name, _SCHEMA),
            wanted=wanted,
            there=(verified(f"{move} {quote(wanted)}", ast.AlterObjectSchemaStmt),),
            back=(verified(f"{move} {quote(there)}", ast.AlterObjectSchemaStmt),),
            approval=f"all that the extension has made moves from schema {there} to {wanted}",
        ),
    )


async def _version(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    wanted, there = subject.expected.fields["version"], found.fields["version"]
    if wanted == there:
        return ()
    for source, target in ((there, wanted), (wanted, there)):
        if await subject.value(_path(subject, source, target)) is None:
            raise PlanRefused(
                f"{subject.said} is at version {there} and should be at {wanted}, and this server has no script that"
                f" goes from {source} to {target}. Cure: install the packages of that version, or capture anew."
            )
    update = f"alter extension {quote(subject.name.name)} update to"
    return (
        Alteration(
            state=said_of(subject.name, _VERSION),
            wanted=wanted,
            there=(verified(f"{update} {quote(wanted)}", ast.AlterExtensionStmt),),
            back=(verified(f"{update} {quote(there)}", ast.AlterExtensionStmt),),
            approval="the scripts of an extension run with the rights of a superuser",
        ),
    )


def _path(subject: Subject, source: str, target: str) -> str:
    name, source, target = (sql.Literal(each).as_string() for each in (subject.name.name, source, target))
    return _PATH.format(name=name, source=source, target=target)
