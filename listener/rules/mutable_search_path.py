"""MUTABLE_SEARCH_PATH: a routine with its owner's rights that looks names up where others can plant them."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import DATABASE
from ..catalog.surroundings import Routine, Schema, Surroundings, path_names
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, database_rule
from ..judging.scene import Scene
from ..relations.wording import listed
from ..remedy import SetSearchPath

# What looks no name up at run time; what runs without that anybody may call it.
_COMPILED = frozenset({"c", "internal"})
_TRIGGERS = frozenset({2279, 3838})
_TEMPORARY, _OWN = "pg_temp", "$user"


@database_rule("MUTABLE_SEARCH_PATH", Severity.MEDIUM, Reads.ROUTINES | Reads.SCHEMAS)
def mutable_search_path(scene: Scene) -> Iterator[Finding]:
    """SECURITY DEFINER routines without a fixed search path, or with one that holds what others may create in."""
    around = scene.surroundings
    for routine in around.routines.values():
        if routine.security_definer and not routine.left_alone and _looks_up(routine):
            path = routine.search_path
            if path is None:
                yield _without(routine, around)
            elif (open_to := _open_to(path, routine, around)) or _temporary_first(path):
                yield _within(routine, path, open_to)


def _looks_up(routine: Routine) -> bool:
    """Whether it looks names up when it runs, for somebody other than its owner."""
    callable_by_others = bool(routine.callers) or routine.returns in _TRIGGERS
    return callable_by_others and not routine.early_bound and routine.language not in _COMPILED


def _without(routine: Routine, around: Surroundings) -> Finding:
    return Finding(
        DATABASE,
        current_state=f"{_name(routine)} runs with the rights of {routine.owner} under its caller's search_path: who"
        " calls it decides what its unqualified names mean.",
        expected_state=f"{_name(routine)} has a search_path of its own.",
        evidence=_evidence(routine),
        remedy=SetSearchPath(routine.oid, _proposed(routine, around)),
        place=routine.place,
    )


def _within(routine: Routine, path: tuple[str, ...], open_to: dict[str, list[str]]) -> Finding:
    reasons = [f"{listed(roles)} may create in {schema}" for schema, roles in open_to.items()]
    remedy = None
    if not reasons:
        reasons = ["it finds temporary objects before others"]
        remedy = SetSearchPath(routine.oid, (*(name for name in path if name != _TEMPORARY), _TEMPORARY))
    return Finding(
        DATABASE,
        current_state=f"{_name(routine)} runs with the rights of {routine.owner} and a search_path in which others can"
        f" plant names: {'; '.join(reasons)}.",
        expected_state=f"{_name(routine)} has a search_path that nobody else may create in.",
        evidence=(*_evidence(routine), fact(f"Its search_path is {', '.join(path)}.")),
        remedy=remedy,
        doubt=None if remedy else "closing the schema or naming another path is a person's choice",
        place=routine.place,
    )


def _evidence(routine: Routine) -> tuple[Evidence, ...]:
    callers = f", and may be called by {listed(routine.callers)}" if routine.callers else ""
    return (fact(f"{_name(routine)} is SECURITY DEFINER{callers}."),)


def _open_to(path: tuple[str, ...], routine: Routine, around: Surroundings) -> dict[str, list[str]]:
    """Who may create in schemas of the path, of those whom the routine's owner need not trust."""
    found: dict[str, list[str]] = {}
    for name in path:
        schema = around.schemas_by_name.get(routine.owner if name == _OWN else name)
        if schema is not None and not schema.left_alone:
            strangers = [role for role in _creators(schema) if not _is_trusted(role, routine, around)]
            if strangers:
                found[schema.name] = strangers
    return found


def _creators(schema: Schema) -> tuple[str, ...]:
    return (schema.owner, *schema.creators)


def _is_trusted(role: str, routine: Routine, around: Surroundings) -> bool:
    known = around.roles.get(role)
    return role in {routine.owner, around.owner, "pg_database_owner"} or (known is not None and known.superuser)


def _temporary_first(path: tuple[str, ...]) -> bool:
    return _TEMPORARY in path[:-1]


def _proposed(routine: Routine, around: Surroundings) -> tuple[str, ...]:
    """Its own schema, those that sessions start with, and temporary objects last."""
    usual = [name for path in around.search_paths for name in path_names(path) if name in around.schemas_by_name]
    return tuple(dict.fromkeys((routine.schema, *usual, _TEMPORARY)))


def _name(routine: Routine) -> str:
    return f"{routine.schema}.{routine.signature}"
