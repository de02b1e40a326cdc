"""Text and name of a table's structure."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.fingerprint import decode, encode, fingerprint
from pgmend.listener.catalog.snapshot import (
    Column,
    Constraint,
    Index,
    Numbering,
    Policy,
    Statistics,
    Table,
    Trigger,
)
from pgmend.listener.catalog.veil import veiled_table

from .samples import POLICY, TABLE

NUMBERS = st.integers(0, 2**32 - 1)
TUPLES = st.lists(st.integers(0, 1600), max_size=4).map(tuple)
WORDS = st.text(max_size=12)
DIGESTS = st.none() | st.integers(-(2**63), 2**63 - 1)
BY_TYPE = {
    "int": NUMBERS,
    "str": WORDS,
    "bool": st.booleans(),
    "int | None": DIGESTS,
    "str | None": st.none() | WORDS,
    "tuple[int, ...]": TUPLES,
    "tuple[str, ...]": st.lists(WORDS, max_size=3).map(tuple),
}
NAMES = {
    "Oid": "int",
    "AttributeNumber": "int",
    "tuple[Oid, ...]": "tuple[int, ...]",
    "tuple[AttributeNumber, ...]": "tuple[int, ...]",
}


def parts(kind: type) -> st.SearchStrategy[object]:
    hints = {name: str(hint) for name, hint in kind.__annotations__.items()}
    hints = {name: hint.removeprefix("ForwardRef('").removesuffix("')") for name, hint in hints.items()}
    return st.builds(kind, **{name: BY_TYPE[NAMES.get(hint, hint)] for name, hint in hints.items()})


TABLES = st.builds(
    TABLE._replace,
    comment=st.none() | WORDS,
    parents=TUPLES,
    row_security=st.booleans(),
    columns=st.lists(parts(Column), max_size=3).map(tuple),
    constraints=st.lists(parts(Constraint), max_size=3).map(tuple),
    indexes=st.lists(parts(Index), max_size=3).map(tuple),
    triggers=st.lists(parts(Trigger), max_size=3).map(tuple),
    policies=st.lists(parts(Policy), max_size=3).map(tuple),
    column_comments=st.lists(st.tuples(NUMBERS, WORDS), max_size=3).map(tuple),
    numberings=st.lists(parts(Numbering), max_size=2).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_what_is_encoded_is_decoded(table: Table) -> None:
    kept = decode(encode(table))
    assert kept == veiled_table(table)
    assert decode(json.dumps(json.loads(encode(table)))) == kept, "as jsonb gives it back"


NUMBERED = TABLE._replace(numberings=(Numbering(1, 900, owned=True, called=False),))
CHANGED = {
    "oid": 5,
    "schema": "other",
    "name": "other",
    "kind": "p",
    "persistence": "u",
    "owner": "other",
    "parents": (7,),
    "is_partition": True,
    "row_security": True,
    "force_row_security": True,
    "replica_identity": "f",
    "typed": 9,
    "comment": "other",
    "columns": (),
    "constraints": (),
    "indexes": (),
    "triggers": (),
    "policies": (POLICY,),
    "column_comments": (),
    "numberings": (Numbering(1, 900, True, True),),
}


@pytest.mark.parametrize("field", Table._fields)
def test_every_structural_field_counts(field: str) -> None:
    if field in {"left_alone", "statistics"}:
        value = {"left_alone": True, "statistics": Statistics(5, 5)}[field]
        assert fingerprint(TABLE._replace(**{field: value})) == fingerprint(TABLE)
    else:
        assert fingerprint(TABLE._replace(**{field: CHANGED[field]})) != fingerprint(TABLE)


@pytest.mark.parametrize("part", ["columns", "constraints", "indexes", "triggers", "policies", "numberings"])
def test_every_field_of_every_part_counts(part: str) -> None:
    guarded = NUMBERED._replace(policies=(POLICY,))
    values = getattr(guarded, part)
    for name in values[0]._fields:
        value = getattr(values[0], name)
        other = (
            not value if isinstance(value, bool) else (value or 0) + 1 if isinstance(value, int | None) else value * 2
        )
        if name in {"shape", "definition"}:
            other = "other"
        if other == value:
            other = ("other",) if isinstance(value, tuple) else "other"
        changed = guarded._replace(**{part: (values[0]._replace(**{name: other}), *values[1:])})
        assert (fingerprint(changed) == fingerprint(guarded)) == (name in {"definition", "being_built"}), name


def test_a_field_that_earlier_versions_did_not_write_is_blank() -> None:
    written = json.loads(encode(TABLE))
    for index in written["indexes"]:
        index.pop("storage", None)
    assert decode(json.dumps(written)).indexes[0].storage == ()
    assert "numberings" not in written
    assert decode(json.dumps(written)).numberings == ()


def test_fingerprint_is_the_same_in_every_process_and_version() -> None:
    assert fingerprint(TABLE) == "2b3516f6e7370af831399a382adc5157"
    code = "from pgmend.listener.catalog.fingerprint import *; print(fingerprint(decode(input())))"
    for seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code],
            env={"PYTHONHASHSEED": seed},
            input=encode(TABLE),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        assert said.stdout.strip() == fingerprint(decode(encode(TABLE)))
