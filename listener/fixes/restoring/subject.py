"""What is to be brought back, where, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...catalog.snapshot import Column, Table
from ...errors import PlanRefused, PlanWaits
from ...expected.identity import database_identity
from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ...readiness import how_to_own
from ...remedy import RestoreObject
from ...store.expected import Expectation, read_expectation, read_expected_one
from ..composed import verbatim
from ..dependents.definition import literal
from ..plan import Check, Hazard, Plan, Step
from ..site import Site
from .place import described, quote, said_of

UNLOCKED = "the expected schema was captured and is not locked: it reports, and heals only what somebody approves"
_MAY_OWN = """
select pg_catalog.pg_has_role(o.oid, 'usage'), o.rolsuper,
  n.oid is null or pg_catalog.has_schema_privilege(o.oid, n.oid, 'create')
from pg_catalog.pg_roles o left join pg_catalog.pg_namespace n on n.nspname = {schema} where o.rolname = {owner}
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of the expected schema, and the site of the fix. `role` is who mends, `database` which one it is."""

    remedy: RestoreObject
    site: Site
    expected: Portrayed
    expectation: Expectation
    role: str
    database: str | None = None

    @property
    def name(self) -> ObjectName:
        """What it is called in the expected schema."""
        return self.expected.name

    @property
    def said(self) -> str:
        """What it is, in words."""
        return described(self.name)

    @property
    def table(self) -> Table:
        """The table that it is a part of; raises PlanRefused where that is gone, PlanWaits where it goes by
        another name."""
        table = self.site.table(self.remedy.table)
        called = self.name.relation or self.name.name
        if (table.schema, table.name) != (self.name.schema, called):
            raise PlanWaits(f"the name of {self.name.schema}.{called}, which is called {table.qualified_name} now")
        return table

    @property
    def on_table(self) -> bool:
        """Whether it is a table or a part of one; a view has parts, too."""
        return self.remedy.table in self.site.snapshot.tables

    @property
    def _renamed(self) -> bool:
        """Whether the plan gives a table another name than the one that it is found by."""
        return self.remedy.aspect == "name" and self.name.kind is ObjectKind.TABLE

    @property
    def table_name(self) -> str:
        """That table as `format('%I.%I')` writes it."""
        return self.site.names[self.table.oid]

    @property
    def column(self) -> Column:
        """The column that it is; raises PlanWaits where the table has none of that name."""
        column = self.table.column_named(self.name.name)
        if column is None:
            raise PlanWaits(f"column {self.name.name} of {self.table.qualified_name}, which is missing")
        return column

    @property
    def binding(self) -> bool:
        """Whether the expected schema heals by itself."""
        return self.expectation.locked or self.declared

    @property
    def declared(self) -> bool:
        """Whether somebody has written it down, rather than that it was seen here."""
        return self.expectation.source == "declared"

    @property
    def known(self) -> bool:
        """Whether the trees that the expected schema holds are of this very database."""
        return self.expectation.database == self.database

    def flag(self, field: str) -> bool:
        """What a field that is true or false should be."""
        return self.expected.fields.get(field) == "true"

    async def value(self, expression: str) -> Any:
        """What SQL of one value comes to now."""
        row = await (await self.site.connection.execute(verbatim(f"select {expression}"))).fetchone()
        return row[0] if row else None

    async def present(self) -> bool:
        """Whether an object of that name is there."""
        return await self.value(said_of(self.name, "true")) is not None

    async def may_act_for(self, owner: str, *, makes: bool = True) -> None:
        """Raise PlanRefused with the cure where we cannot do it for that role, or what it `makes` cannot be its own."""
        query = _MAY_OWN.format(schema=literal(self.name.schema), owner=literal(owner))
        row = await (await self.site.connection.execute(verbatim(query))).fetchone()
        if row is None:
            raise PlanRefused(f"{self.said} should belong to {owner}, and there is no such role.")
        ours, superuser, may_create = row
        if not ours:
            cure = how_to_own(self.site.connection, owner, superuser=superuser)
            raise PlanRefused(f"{self.said} belongs to role {owner}, which {self.role} is no member of. Cure: {cure}")
        if makes and not may_create:
            schema = quote(self.name.schema)
            cure = f"grant create on schema {schema} to {quote(owner)};"
            raise PlanRefused(f"{owner} may create nothing in schema {schema}. Cure: {cure}")

    def plan(
        self,
        summary: str,
        steps: Iterable[Step],
        inverse: Iterable[Step],
        *,
        approval: str | None = None,
        hazards: tuple[Hazard, ...] = (),
        checks: tuple[Check, ...] = (),
        notes: tuple[str, ...] = (),
        **more: Any,
    ) -> Plan:
        """The plan, with what follows from the kind of expected schema."""
        remedy = self.remedy
        plan = Plan(
            kind=remedy.kind,
            issue_id=self.site.issue.issue_id,
            summary=summary,
            remedy=remedy,
            steps=tuple(steps),
            inverse=tuple(inverse),
            hazards=hazards,
            checks=checks,
            notes=notes,
        )
        return self.adopted(replace(plan, **more), approval)

    def adopted(self, plan: Plan, approval: str | None = None) -> Plan:
        """A plan, perhaps another kind's, as this remedy's: what restores, undoes a drop and waits for approval."""
        founded = self.on_table and not self._renamed
        return replace(
            plan,
            tables=plan.tables or (self.site.named(self.remedy.table) if founded else ()),
            kind=self.remedy.kind,
            remedy=self.remedy,
            restores=not self.declared,
            undoes_drop=self.remedy.aspect == "existence" and not self.binding,
            needs_approval=approval or plan.needs_approval or (None if self.binding else UNLOCKED),
        )


async def read_subject(remedy: RestoreObject, site: Site) -> Subject:
    """The expected object; raises PlanRefused where nothing says what it should be."""
    name = ObjectName(ObjectKind(remedy.object_kind), remedy.schema, remedy.relation, remedy.name)
    expectation = await read_expectation(site.connection)
    expected = await read_expected_one(site.connection, name)
    if expectation is None or expected is None:
        raise PlanRefused(f"The expected schema says nothing of {described(name)} any more.")
    row = await (await site.connection.execute("select current_user")).fetchone()
    assert row is not None
    return Subject(remedy, site, expected, expectation, row[0], await database_identity(site.connection))
