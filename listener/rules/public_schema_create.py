"""PUBLIC_SCHEMA_CREATE: a schema in which everyone may plant what others' unqualified names then find."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import DATABASE
from ..catalog.surroundings import Schema, Surroundings, path_names
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, database_rule
from ..judging.scene import Scene
from ..remedy import RevokeCreate


@database_rule("PUBLIC_SCHEMA_CREATE", Severity.MEDIUM, Reads.SCHEMAS | Reads.ROUTINES)
def public_schema_create(scene: Scene) -> Iterator[Finding]:
    """Schemas on search paths in which PUBLIC may create."""
    around = scene.surroundings
    for schema in around.schemas.values():
        if schema.public_may_create and not schema.left_alone and (path := _path_with(schema, around)) is not None:
            yield Finding(
                DATABASE,
                current_state=f"Every role may create tables, functions and operators in schema {schema.name}, where"
                " unqualified names are looked up.",
                expected_state=f"Only who was named may create in schema {schema.name}.",
                evidence=(
                    fact(f"CREATE on schema {schema.name} is granted to PUBLIC."),
                    fact(f"It is on the search_path {path}."),
                ),
                remedy=RevokeCreate(schema.oid),
                place=schema.place,
            )


def _path_with(schema: Schema, around: Surroundings) -> str | None:
    """A search path that sessions start with, or that a routine has, which names the schema."""
    for path in around.search_paths:
        if schema.name in path_names(path):
            return path
    fixed = (routine.search_path for routine in around.routines.values() if routine.config)
    return next((", ".join(path) for path in fixed if path and schema.name in path), None)
