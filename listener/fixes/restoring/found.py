"""An object as it is now, portrayed like what it should be."""

from __future__ import annotations

from collections.abc import Collection

from ...catalog.snapshot import Oid
from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, ObjectName, Portrait, Portrayed
from ...expected.read import Scope, read_portrait
from .place import said_of
from .subject import Subject

_SCOPES = {
    ObjectKind.FUNCTION: "functions",
    ObjectKind.TYPE: "types",
    ObjectKind.SCHEMA: "schemas",
    ObjectKind.EXTENSION: "extensions",
}


async def read_found(subject: Subject, name: ObjectName | None = None) -> Portrayed:
    """The object of that name, or of the expected one's; raises PlanRefused where it is not there."""
    name = name or subject.name
    whole = ObjectName(ObjectKind.TABLE, name.schema, "", name.relation) if name.relation else name
    oid = await subject.value(_any_relation(whole) if name.relation else said_of(whole, "o.oid::bigint"))
    if oid is not None:
        scope = Scope(**{_SCOPES.get(name.kind, "relations"): frozenset({oid})})
        found = (await read_portrait(subject.site.connection, scope)).objects.get(name)
        if found is not None:
            return found
    raise PlanRefused(f"{subject.said} is not there any more: it has to be made, not changed.")


async def read_relations(subject: Subject, oids: Collection[Oid]) -> Portrait:
    """Those relations with all that is a part of them."""
    return await read_portrait(subject.site.connection, Scope(relations=frozenset(oids)))


def _any_relation(name: ObjectName) -> str:
    """Its OID, be it a table, a view or a materialized view."""
    kinds = (ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW)
    return f"coalesce({', '.join(said_of(name._replace(kind=kind), 'o.oid::bigint') for kind in kinds)})"
