"""ALTER TABLE … ENABLE TRIGGER; on a partitioned table with the triggers that its partitions have by it.

Each table is named by itself and with ONLY, so that what is undone is what was done: a partition whose trigger was
enabled all along keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import LiteralString

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...catalog.snapshot import Oid, Table, Trigger
from ...errors import PlanRefused
from ...remedy import EnableTrigger
from ..composed import identifier, query, relation, statement
from ..fix_kind import fix_kind
from ..plan import Hazard, Lock, Plan, Step
from ..site import Site

_Switch = tuple[LiteralString, AlterTableType]
_SWITCHES: Mapping[str, _Switch] = {
    "O": ("enable", AlterTableType.AT_EnableTrig),
    "A": ("enable always", AlterTableType.AT_EnableAlwaysTrig),
    "R": ("enable replica", AlterTableType.AT_EnableReplicaTrig),
    "D": ("disable", AlterTableType.AT_DisableTrig),
}
_DISABLED = "D"
_STATES = sql.SQL(
    """select case when pg_catalog.count(*) filter (where t.tgenabled <> {enabled}) = 0 then 'done' else 'before' end
from pg_catalog.pg_trigger t where t.oid = any({triggers}::oid[])"""
)


@fix_kind(EnableTrigger)
async def enable_trigger(remedy: EnableTrigger, site: Site) -> Plan:
    """The trigger enabled as it was, or as triggers usually are."""
    table = site.table(remedy.table)
    trigger = next((each for each in table.triggers if each.oid == remedy.trigger), None)
    if trigger is None:
        raise PlanRefused(f"The trigger is gone from {table.qualified_name}.")
    if trigger.enabled != _DISABLED:
        raise PlanRefused(f"The trigger {trigger.name} is enabled by now.")
    if remedy.enabled not in _SWITCHES or remedy.enabled == _DISABLED:
        raise PlanRefused(f"A trigger cannot be enabled as {remedy.enabled!r}.")
    switched = [(table, trigger), *_below(table, trigger, site)]
    names = site.named(*(each.oid for each, _ in switched))
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Enable trigger {trigger.name} of {site.names[table.oid]}",
        remedy=remedy,
        tables=names,
        steps=(_step(f"Enable {trigger.name}", remedy.enabled, switched, site),),
        inverse=(_step(f"Disable {trigger.name} again", _DISABLED, switched, site),),
        hazards=(Hazard.SHARE_ROW_EXCLUSIVE_LOCK,),
        restores=remedy.restores,
        needs_approval=None if remedy.restores else "pgmend did not see this trigger enabled before an event",
        notes=("Rows written while it was disabled have not gone through it.",),
    )


def _below(table: Table, trigger: Trigger, site: Site) -> list[tuple[Table, Trigger]]:
    """The disabled triggers that partitions have by this one, at any depth."""
    found: list[tuple[Table, Trigger]] = []
    for oid in site.snapshot.children.get(table.oid, ()):
        child = site.table(oid)
        for own in child.triggers:
            if own.parent == trigger.oid:
                found += [(child, own)] if own.enabled == _DISABLED else []
                found += _below(child, own, site)
    return found


def _oids(oids: Iterable[Oid]) -> sql.Literal:
    """As a plan spells them, so that nothing else is taken for one."""
    return sql.Literal("{" + ",".join(map(str, oids)) + "}")


def _step(title: str, enabled: str, switched: list[tuple[Table, Trigger]], site: Site) -> Step:
    words, command = _SWITCHES[enabled]
    statements: list[str] = []
    for table, trigger in switched:
        text = sql.SQL("alter table only {} {} trigger {}").format(
            relation(table), sql.SQL(words), identifier(trigger.name)
        )
        statements.append(statement(text, ast.AlterTableStmt, (table.schema, table.name), commands=(command,)))
    probe = _STATES.format(enabled=sql.Literal(enabled), triggers=_oids(trigger.oid for _, trigger in switched))
    return Step(
        title=title,
        statements=tuple(statements),
        transactional=True,
        probe=query(probe, ("pg_catalog", "pg_trigger")),
        locks=tuple(Lock("SHARE ROW EXCLUSIVE", site.names[table.oid]) for table, _ in switched),
    )
