"""A fault in a schema whose well state is expected, and the way through its healing and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgmend.listener.connection import connect
from pgmend.listener.expected.compare import Terms, compare
from pgmend.listener.expected.difference import Difference
from pgmend.listener.expected.portrait import ObjectKind, ObjectName, Portrait, Portrayed
from pgmend.listener.expected.read import read_portrait
from pgmend.listener.fixes.execution.executor import Outcome
from pgmend.listener.fixes.plan import Plan
from pgmend.listener.remedy import RestoreObject
from pgmend.listener.store.expected import Expectation, read_expected, write_expected

from .workshop import Workshop

LOCKED = Expectation("captured", locked=True, origin=None, migration_version=None, server_version=180000)
# A table, a column and a name as nobody should call them.
SCHEMA = 'It\'s "Ü"'
TABLE = "Tbl; drop -- ñ' \\ {}%"
COLUMN = "sélect \"x\" %s {0} 'y'"
NAME = "n" * 39 + "é\"'\\{}%;--" + "z" * 13


def quoted(*names: str) -> str:
    """The dotted name as SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


PREPARATION = "".join(
    f"drop schema if exists {quoted(name)} cascade; create schema {quoted(name)};" for name in ("app", SCHEMA)
)

# Aspects of which the portrait of the well schema tells what is expected.
_PORTRAYED = frozenset({"existence", "definition", "owner", "grants", "name", "type"})


@dataclass(frozen=True)
class Case:
    """A schema that is well, what happens to it, and the object (kind, schema, relation, name) that then differs.

    `definition` is what the expected schema holds of it; `more` are other expected objects. `approval` is a part of
    what the plan needs one for; None where it may run alone.
    """

    well: str
    fault: str
    aspect: str
    kind: ObjectKind
    name: tuple[str, str, str]
    definition: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str | None = None
    grants: tuple[str, ...] | None = None
    comment: str | None = None
    more: tuple[Portrayed, ...] = ()
    found_as: str | None = None
    drops: bool = False
    approval: str | None = None
    heals_to_the_letter: bool = True

    @property
    def tells(self) -> bool:
        """Whether the expected schema is told here."""
        return bool(self.definition or self.fields or self.comment or self.aspect not in _PORTRAYED)

    @property
    def portrayed(self) -> Portrayed:
        return Portrayed(
            ObjectName(self.kind, *self.name), self.definition, self.fields, self.owner, self.grants, self.comment
        )

    def remedy(self, workshop: Workshop) -> RestoreObject:
        schema, relation, name = self.name
        on = relation or (self.found_as or name)
        table = workshop.database.value(
            "select coalesce(pg_catalog.to_regclass(%s)::oid::bigint, 0)", [quoted(schema, on)]
        )
        return RestoreObject(
            table, self.kind.value, schema, relation, name, self.aspect, self.found_as, self.drops  # pyright: ignore
        )  # fmt: skip


def run(workshop: Workshop, text: str) -> None:
    """Run statements of a test, whatever is in them."""
    if text.strip():
        workshop.database.execute(text.encode())


async def fall_ill(workshop: Workshop, case: Case, expectation: Expectation = LOCKED) -> list[tuple[Any, ...]]:
    """The schema well, then sick, with its well state expected; what its structure was.

    Where the case does not tell what is expected, all that is there is.
    """
    run(workshop, PREPARATION + case.well)
    well = workshop.structure()
    expected = (case.portrayed, *case.more) if case.tells else tuple((await portrayed(workshop)).objects.values())
    await write_expected(workshop.connection, expectation, expected)
    run(workshop, case.fault)
    assert workshop.structure() != well
    return well


async def portrayed(workshop: Workshop) -> Portrait:
    """The schema as it is."""
    async with await connect(workshop.database.dsn, "test") as connection:
        return await read_portrait(connection)


async def words(workshop: Workshop) -> dict[ObjectName, tuple[Any, ...]]:
    """The schema in the words of its portrait, whatever numbers objects and columns have: of a table the fields, its
    columns and its constraints tell all but the order of columns."""
    return {
        name: (
            "" if name.kind is ObjectKind.TABLE else each.definition,
            each.fields,
            each.owner,
            each.grants,
            each.comment,
        )
        for name, each in (await portrayed(workshop)).objects.items()
    }


async def differing(workshop: Workshop, expectation: Expectation = LOCKED) -> tuple[Difference, ...]:
    """How the schema differs from what is expected, but for what nobody expects."""
    known, declared = expectation.source == "captured", expectation.source == "declared"
    expected = await read_expected(workshop.connection)
    found = compare(expected, await portrayed(workshop), Terms(known=known, declared=declared))
    return tuple(each for each in found if each.aspect != "unexpected")


async def heals_and_falls_back(workshop: Workshop, case: Case) -> tuple[Plan, Outcome]:
    """Heal the case and take it back; asserts that all is as it was, each time."""
    well = await fall_ill(workshop, case)
    sick = workshop.structure()
    remedy = case.remedy(workshop)
    plan = await workshop.plan(remedy)
    assert plan.refusal is None
    assert plan.waits_for is None
    assert Plan.from_json(plan.to_json()) == plan
    if case.approval is None:
        assert plan.needs_approval is None
    else:
        assert case.approval in (plan.needs_approval or "")
    outcome = await workshop.heal(remedy)
    assert (outcome.state, outcome.reason) == ("applied", None)
    healed = workshop.structure()
    if case.heals_to_the_letter:
        assert healed == well
    assert healed != sick
    undone = await workshop.roll_back(outcome)
    assert (undone.state, undone.reason) == ("rolled_back", None)
    assert workshop.structure() == sick
    assert workshop.leftovers() == []
    return plan, outcome
