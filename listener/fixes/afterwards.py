"""What can be planned only once another plan is applied, told beforehand: the foreign key of a column whose type is to
become that of its key.

It is planned on the tables as they will be. Its checks cannot run before that, and the listener plans it anew.
"""

from __future__ import annotations

from dataclasses import replace

from ..catalog.snapshot import Snapshot
from ..errors import PlanRefused
from ..remedy import ChangeColumnType
from .fix_kind import kind_of
from .plan import Plan
from .retyping.column_type import type_named
from .site import Site


async def plan_afterwards(plan: Plan, site: Site) -> Plan | None:
    """The plan that follows that one; None where none does, or where it could not be carried out as things are."""
    remedy = plan.remedy
    if not isinstance(remedy, ChangeColumnType) or remedy.then is None or plan.refusal:
        return None
    changed = replace(site, snapshot=await _as_it_will_be(remedy, site))
    try:
        following = await kind_of(remedy.then).plan(remedy.then, changed)
    except PlanRefused:
        return None
    if following.refusal or following.waits_for:
        return None
    # How many rows there are by then, and how long it takes, is told when it is planned.
    return replace(following, affected_rows=None, estimate_ms=None)


async def _as_it_will_be(remedy: ChangeColumnType, site: Site) -> Snapshot:
    """The snapshot with the column in its other type."""
    table, wanted = site.table(remedy.table), await type_named(site.connection, remedy.type_name)
    columns = tuple(
        column._replace(type_oid=wanted.oid, type_modifier=wanted.modifier, type_name=wanted.spelled)
        if column.number == remedy.column
        else column
        for column in table.columns
    )
    tables = {table.oid: table._replace(columns=columns)}
    part = Snapshot(tables, site.snapshot.taken_at, site.snapshot.server_version, complete=False)
    return site.snapshot.replaced(part, frozenset(tables))
