"""Whatever hangs on a column is there after the online change, or the change is refused before anything is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pgmend.listener.fixes.plan import Hazard

from tests.integration.fixes.dependents.everything import Fact, everything, untouched
from tests.integration.fixes.dependents.test_kept import CASES, prepared, type_of_c
from tests.support.workshop import Workshop

REFUSED = {
    "an index that is clustered and one that identifies": "Index i2 is used as replica identity",
    "a composite key and a deferrable one": "constraint u2 is deferrable",
    "a unique constraint with nulls not distinct": "Index u takes NULLs for equal",
    "checks": "Constraint k2 on app.t is not validated: a row that breaks it cannot be updated",
    "a foreign key of integers": "Foreign key f ties the column to another",
    "a foreign key that points at it": "Foreign key o_id_fkey ties the column to another",
    "a foreign key to itself": "Foreign key t_c_fkey ties the column to another",
    "a foreign key of texts": "Foreign key t_c_fkey ties the column to another",
    "the primary key": "Primary key pk takes no NULL",
    "an identity": 'app.t."c" is an identity column',
    "a publication of the table": "app.t is published",
}


@pytest.mark.parametrize("name", CASES)
async def test_dependent_survives_the_online_change_and_its_undo(workshop: Workshop, name: str) -> None:
    case = CASES[name]
    remedy = await prepared(workshop, case)
    before = everything(workshop.database)
    workshop.limits = replace(workshop.limits, online_changes=True, online_above=timedelta(milliseconds=1))
    plan = await workshop.plan(remedy)
    if plan.refusal is not None:
        assert plan.refusal.startswith(REFUSED.get(name, "no refusal is known")), plan.refusal
        return
    assert Hazard.COLUMN_ORDER in plan.hazards
    outcome = await workshop.heal(remedy)
    assert outcome.state == "applied", outcome.reason
    after = everything(workshop.database)
    assert type_of_c(workshop) == workshop.database.value(f"select pg_typeof(null::{case.new})::text".encode())
    if not case.rereads:
        assert unplaced(untouched(after, "app.t.c")) == unplaced(untouched(before, "app.t.c"))
    undone = await workshop.roll_back(outcome)
    assert undone.state == "rolled_back", undone.reason
    assert unplaced(everything(workshop.database)) == unplaced(before)
    assert workshop.leftovers() == []


def unplaced(facts: set[Fact]) -> set[Fact]:
    """The facts without the places of columns: the one that was filled beside the others comes last."""
    return {(kind, name, _unplaced(kind, name, said)) for kind, name, said in facts}


def _unplaced(kind: str, name: str, said: str) -> str:
    if kind == "column" and name == "app.t.c":
        return said.split(" ", 1)[1]
    # Statistics list columns by their places.
    return " ".join(sorted(said.replace(",", "").split())) if kind == "statistics" else said
