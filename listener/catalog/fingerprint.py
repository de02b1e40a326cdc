"""A table as text that outlives the process, and the short name of its exact structure.

What says nothing (equals the blank) is left out, so that a field which a later version adds changes no fingerprint
where it is blank. What is no structure is left out of the fingerprint: the planner's estimates, builds under way,
definitions that follow from the other fields, and what the user's settings say of the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, TypeVar, cast

from .snapshot import Column, Constraint, Index, Numbering, Policy, Table, Trigger
from .veil import veiled_table

Part = TypeVar("Part", Column, Constraint, Index, Numbering, Trigger, Policy)

_COLUMN = Column(0, "", 0, -1, "", False, None, "", "", 0, False)
_CONSTRAINT = Constraint(0, "", "", (), True, False, False, 0, (), " ", " ", " ", (), 0, 0, None, True, False)
_INDEX = Index(
    0, "", "", (), (), (), (), (), False, False, False, False, True, True, True, False, False, 0, 0, None, None, False
)
_TRIGGER = Trigger(0, "", "", 0)
_POLICY = Policy(0, "", "*", True, (), None, None)
_NUMBERING = Numbering(0, 0, False, False)
_TABLE: dict[str, Any] = {
    "schema": "",
    "name": "",
    "kind": "r",
    "persistence": "p",
    "owner": "",
    "parents": (),
    "is_partition": False,
    "row_security": False,
    "force_row_security": False,
    "replica_identity": "d",
    "typed": 0,
    "left_alone": False,
    "comment": None,
    "column_comments": (),
}


def told(part: Column | Constraint | Index | Numbering | Trigger | Policy, blank: Any) -> dict[str, Any]:
    """The fields of a value that say something."""
    return {name: value for name, value, nothing in zip(part._fields, part, blank, strict=True) if value != nothing}


def told_alone(table: Table) -> dict[str, Any]:
    """What a table says of itself, without its columns and the rest of its parts."""
    own = {"oid": table.oid}
    for name, nothing in _TABLE.items():
        value = getattr(table, name)
        if value != nothing:
            own[name] = value
    return own


def told_table(table: Table) -> dict[str, Any]:
    """All that a table says, as JSON can hold it; without the planner's estimates."""
    policies = [told(each, _POLICY) for each in table.policies]
    numberings = [told(each, _NUMBERING) for each in table.numberings]
    return {
        **told_alone(table),
        **({"policies": policies} if policies else {}),
        **({"numberings": numberings} if numberings else {}),
        "columns": [told_column(each) for each in table.columns],
        "constraints": [told_constraint(each) for each in table.constraints],
        "indexes": [told_index(each) for each in table.indexes],
        "triggers": [told_trigger(each) for each in table.triggers],
    }


def told_column(column: Column) -> dict[str, Any]:
    return told(column, _COLUMN)


def told_constraint(constraint: Constraint) -> dict[str, Any]:
    return told(constraint, _CONSTRAINT)


def told_index(index: Index) -> dict[str, Any]:
    return told(index, _INDEX)


def told_trigger(trigger: Trigger) -> dict[str, Any]:
    return told(trigger, _TRIGGER)


def encode(table: Table) -> str:
    """The table as JSON: what `pgmend.seen_table.definition` holds, with digests for texts that are only compared."""
    return _json(told_table(veiled_table(table)))


def decode(text: str) -> Table:
    """The table that `encode` wrote, in this version or an earlier one."""
    held: dict[str, Any] = json.loads(text)
    own = {name: held.get(name, nothing) for name, nothing in _TABLE.items()}
    own["parents"] = tuple(own["parents"])
    own["column_comments"] = tuple((number, comment) for number, comment in own["column_comments"])
    return Table(
        oid=held["oid"],
        **own,
        columns=_parts(_COLUMN, held["columns"]),
        constraints=_parts(_CONSTRAINT, held["constraints"]),
        indexes=_parts(_INDEX, held["indexes"]),
        triggers=_parts(_TRIGGER, held["triggers"]),
        policies=_parts(_POLICY, held.get("policies", ())),
        numberings=_parts(_NUMBERING, held.get("numberings", ())),
    )


def fingerprint(table: Table) -> str:
    """32 hex digits that name this structure, wherever and whenever a server of the same major holds it."""
    structure = told_table(table)
    structure.pop("left_alone", None)
    for index in structure["indexes"]:
        index.pop("definition", None)
        index.pop("being_built", None)
    return blake2b(_json(structure).encode(), digest_size=16).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _parts(blank: Part, held: Iterable[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(cast("Part", blank._replace(**_tuples(each))) for each in held)


def _tuples(held: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(cast("list[Any]", value)) if isinstance(value, list) else value for name, value in held.items()}
