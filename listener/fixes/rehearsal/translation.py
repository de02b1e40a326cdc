"""A plan's statements as they read on the copy, where the same objects have other OIDs.

A plan spells an OID with its type (`16412::oid`, `'{16412,16413}'::oid[]`), so that nothing else is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from psycopg import AsyncConnection

from ...catalog.snapshot import Oid
from ...errors import CouldNotLook
from ..plan import Check, Plan, Step

_FIRST_OF_PEOPLE: Final = 16384
_ONE: Final = re.compile(r"(?<![\w.])(\d+)(?=::(?:pg_catalog\.)?oid\b(?!\[))")
_MANY: Final = re.compile(r"(?<=\{)[\d,]+(?=\}'+(?:::int\d\[\])?::(?:pg_catalog\.)?oid\[\])")
_NAMED: Final = """
select x.oid, x.name from (
select c.oid::bigint as oid, 'relation ' || pg_catalog.format('%%I.%%I', n.nspname, c.relname) as name
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
union all
select t.oid::bigint, 'type ' || pg_catalog.format('%%I.%%I', n.nspname, t.typname)
from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
union all
select p.oid::bigint, pg_catalog.format(
  'function %%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
union all
select o.oid::bigint, pg_catalog.format('%%s %%I on %%I.%%I', o.kind, o.name, n.nspname, c.relname)
from (
  select k.oid, 'constraint' as kind, k.conname as name, k.conrelid as relation from pg_catalog.pg_constraint as k
  union all
  select g.oid, 'trigger', g.tgname, g.tgrelid from pg_catalog.pg_trigger as g where not g.tgisinternal
) as o
join pg_catalog.pg_class as c on c.oid = o.relation join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
) as x where x.oid >= 16384 and {which}
"""
_BY_OID: Final = _NAMED.format(which="x.oid = any(%(oids)s)")
_BY_NAME: Final = _NAMED.format(which="x.name = any(%(names)s)")


class Translation:
    """From the database's OIDs to those of the copy."""

    def __init__(self, oids: Mapping[Oid, Oid]) -> None:
        self._oids = oids

    def step(self, step: Step) -> Step:
        """The step as it reads there; raises CouldNotLook where an object of it has no counterpart."""
        return replace(
            step,
            statements=tuple(map(self._text, step.statements)),
            probe=self._text(step.probe),
            ahead=tuple(map(self._text, step.ahead)),
            checks=tuple(map(self._check, step.checks)),
        )

    def oid(self, oid: Oid) -> Oid:
        """The object's OID there."""
        if oid < _FIRST_OF_PEOPLE:
            return oid
        if oid not in self._oids:
            raise CouldNotLook(f"the plan is about the object with OID {oid}, which the copy does not have")
        return self._oids[oid]

    def _check(self, check: Check) -> Check:
        return replace(check, query=self._text(check.query))

    def _text(self, text: str) -> str:
        text = _ONE.sub(lambda found: str(self.oid(int(found[1]))), text)
        return _MANY.sub(lambda found: ",".join(str(self.oid(int(each))) for each in found[0].split(",")), text)


async def translation(live: AsyncConnection[Any], ground: AsyncConnection[Any], plan: Plan) -> Translation:
    """How the plan's OIDs are translated: by the names of what they are now."""
    wanted = {oid for oid in _oids_in(plan) if oid >= _FIRST_OF_PEOPLE} | {oid for oid, _ in plan.tables}
    names = await (await live.execute(_BY_OID, {"oids": list(wanted)})).fetchall()
    by_oid: dict[Oid, str] = {}
    for oid, name in names:
        if oid in by_oid:
            raise CouldNotLook(f"OID {oid} is that of {by_oid[oid]} and of {name}")
        by_oid[oid] = name
    found = await (await ground.execute(_BY_NAME, {"names": list(by_oid.values())})).fetchall()
    there = {name: oid for oid, name in found}
    return Translation({oid: there[name] for oid, name in by_oid.items() if name in there})


def _oids_in(plan: Plan) -> Iterable[Oid]:
    for step in plan.steps:
        for text in (*step.statements, *step.ahead, step.probe, *(check.query for check in step.checks)):
            yield from (int(found[1]) for found in _ONE.finditer(text))
            yield from (int(each) for found in _MANY.findall(text) for each in found.split(","))
