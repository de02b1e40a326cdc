"""What a schema that was built elsewhere says of this database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from .compare import Terms, compare
from .grants import column_grants_by, granted_by
from .portrait import ObjectKind, ObjectName, Portrait, Portrayed

# They leave address and definition of an object as they are.
_BESIDE: Final = frozenset({"owner", "grants", "comment", "enabled", "row_security", "nullability"})
_OF_EVERY_DATABASE: Final = frozenset(
    {ObjectName(ObjectKind.SCHEMA, "", "", "public"), ObjectName(ObjectKind.EXTENSION, "", "", "plpgsql")}
)


def is_blank(portrait: Portrait) -> bool:
    """Whether nobody made anything in that database."""
    return portrait.objects.keys() <= _OF_EVERY_DATABASE


def declared(built: Portrait, builder: str, live: Portrait, stand_in: str) -> tuple[Portrayed, ...]:
    """The objects that were built, as far as they say something of the live database.

    That `builder` owns them is an accident: no owner is declared then, and what was granted was granted by the owner
    that is there, or else by `stand_in`. An object that is there under its name is known by its address from now on,
    and by its stored trees if it was equal.
    """
    objects = [_said(each, builder, live, stand_in) for each in built.objects.values()]
    differing: dict[ObjectName, set[str]] = {}
    for difference in compare(objects, live, Terms(known=False, declared=True)):
        differing.setdefault(difference.name, set()).add(difference.aspect)
    return tuple(_anchored(objects, differing, live))


def _said(each: Portrayed, builder: str, live: Portrait, stand_in: str) -> Portrayed:
    said = replace(each, tree=None, address=None)
    there = live.objects.get(each.name)
    relation = live.objects.get(each.name._replace(kind=ObjectKind.TABLE, relation="", name=each.name.relation))
    owner = (there and there.owner) or (relation and relation.owner) or stand_in
    if each.owner in (None, builder):
        said = replace(said, owner=None, grants=granted_by(each.grants, builder, owner))
        if columns := column_grants_by(each.fields.get("column_grants", ""), builder, owner):
            said = replace(said, fields={**said.fields, "column_grants": json.dumps(columns, ensure_ascii=False)})
    return said


def _anchored(
    objects: Iterable[Portrayed], differing: dict[ObjectName, set[str]], live: Portrait
) -> Iterable[Portrayed]:
    for each in objects:
        there = live.objects.get(each.name)
        if there is None:
            yield each
        elif differing.get(each.name, set()) <= _BESIDE:
            yield replace(each, address=there.address, tree=there.tree)
        else:
            yield replace(each, address=there.address)
