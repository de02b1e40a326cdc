"""Rows of the catalogs become the surroundings of the tables. Nothing here waits.

A database may hold some thousand routines: equal texts are read once, and values are made by `map` and `zip`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

from .. import rows
from ..exclusion import LeftAlone
from ..snapshot import Oid
from ..surroundings import Role, Routine, Schema, Surroundings, View
from .texts import Lists, Vectors, made, refuse_vanished


def build_surroundings(read: rows.Around, left_alone: LeftAlone) -> Surroundings:
    """What was read; raises SnapshotTorn where a role vanished meanwhile."""
    lists = Lists({None: ()})
    schemas = dict(zip(read.namespaces.oids, read.namespaces.names, strict=True))
    surroundings = Surroundings(
        views=_views(read.views, schemas, left_alone, lists),
        routines=_routines(read.routines, schemas, left_alone, lists),
        schemas={
            oid: Schema(oid, name, owner, lists[creators], left_alone.covers(name, "", of_extension))
            for oid, name, owner, creators, of_extension in zip(*read.namespaces, strict=True)
        },
        roles={
            name: Role(name, superuser, bypassing, lists[rights])
            for name, superuser, bypassing, rights in zip(*read.roles, strict=True)
        },
        owner=read.search_paths.owner,
        search_paths=tuple(read.search_paths.search_paths),
    )
    for names in (read.views.owners, read.routines.owners, read.namespaces.owners, *lists.values()):
        for name in set(names):
            refuse_vanished(name)
    return surroundings


def _views(read: rows.Views, schemas: Mapping[Oid, str], left_alone: LeftAlone, lists: Lists) -> dict[Oid, View]:
    vectors = Vectors({None: ()})
    names = _schema_names(read.schemas, schemas)
    views = made(
        View,
        read.oids,
        names,
        *read[2:7],
        map(vectors.__getitem__, read.reads),
        map(lists.__getitem__, read.readers),
        map(left_alone.covers, names, read.names),
    )
    return {view.oid: view for view in views if view.schema}


def _routines(
    read: rows.Routines, schemas: Mapping[Oid, str], left_alone: LeftAlone, lists: Lists
) -> dict[Oid, Routine]:
    names = _schema_names(read.schemas, schemas)
    routines = made(
        Routine,
        read.oids,
        names,
        *read[2:8],
        map(lists.__getitem__, read.configs),
        *read[9:13],
        map(lists.__getitem__, read.callers),
        map(left_alone.covers, names, read.names),
    )
    return {routine.oid: routine for routine in routines if routine.schema}


def _schema_names(oids: Iterable[Oid], schemas: Mapping[Oid, str]) -> Sequence[str]:
    """The schemas' names, empty for one that is not people's: no schema is called so."""
    return list(map(schemas.get, oids, repeat("")))
