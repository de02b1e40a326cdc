"""ALTER SEQUENCE of one that ends before its column does, since somebody widened the column alone."""

from __future__ import annotations

from typing import NamedTuple

from ...catalog.snapshot import AttributeNumber, Oid
from ...errors import PlanRefused
from ...remedy import WidenSequence
from ..composed import identifier
from ..fix_kind import fix_kind
from ..groups.numbering import Numbering, read_numberings
from ..plan import Lock, Plan, Step
from ..retyping.column_type import type_of_column
from ..site import Site


class _Column(NamedTuple):
    table: Oid
    number: AttributeNumber


@fix_kind(WidenSequence)
async def widen_sequence(remedy: WidenSequence, site: Site) -> Plan:
    """The sequence with its column's type and that type's end; an identity's own follows its column already."""
    table = site.table(remedy.table)
    target = await type_of_column(site.connection, table.oid, remedy.column)
    found = await read_numberings(site.connection, [_Column(table.oid, remedy.column)], target)
    numbering = next((each for each in found if each.oid == remedy.sequence), None)
    if numbering is None or numbering.note is not None:
        raise PlanRefused(f"The sequence that numbers {site.issue.where} ends where somebody said, or with its column.")
    name = identifier(numbering.schema, numbering.name).as_string()
    return Plan(
        kind=remedy.kind,
        issue_id=site.issue.issue_id,
        summary=f"Let sequence {name} go on to the end of {target.spelled}",
        remedy=remedy,
        steps=(_step(f"Give sequence {name} the type {target.spelled}", numbering),),
        inverse=(_step(f"Give sequence {name} its type and end back", numbering, back=True),),
        inverse_checks=(numbering.is_as_left, numbering.within()),
    )


def _step(title: str, numbering: Numbering, *, back: bool = False) -> Step:
    """One transaction: a number that somebody has taken and not committed is waited for as a row would be."""
    return Step(
        title=title,
        statements=numbering.back if back else numbering.there,
        transactional=True,
        probe=numbering.probe(back=back),
        locks=(Lock("SHARE ROW EXCLUSIVE", numbering.sql),),
        checks=(numbering.is_back if back else numbering.is_there,),
    )
