"""The parents of a table: those it inherits, and the one that it is a partition of. Always by approval."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pglast.enums import AlterTableType

from ...errors import PlanRefused, PlanWaits
from ...expected.consequence import unquoted
from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ..composed import Name
from ..dependents.definition import literal
from ..plan import Hazard, Lock
from .alteration import Alteration, alter_table
from .place import exists, quote, said_of
from .subject import Subject

_LISTED = re.compile(r'((?:"(?:[^"]|"")*"|[^",])+)(?:, |$)')
_PARENTS = """
(select pg_catalog.string_agg(pg_catalog.format('"%s"."%s"', pg_catalog.replace(n.nspname, '"', '""'),
    pg_catalog.replace(c.relname, '"', '""')), ', ' order by n.nspname collate "C", c.relname collate "C")
  from pg_catalog.pg_inherits h join pg_catalog.pg_class c on c.oid = h.inhparent
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where h.inhrelid = o.oid and {partition}o.relispartition)
"""
_BOUND = f"""
pg_catalog.concat_ws(' ', {_PARENTS.format(partition="")}, pg_catalog.pg_get_expr(o.relpartbound, o.oid))
"""
_KEY = "pg_catalog.pg_get_partkeydef(o.oid)"


async def restore_inheritance(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    """The parents as expected, in whatever order; nothing where they are."""
    wanted, there = _listed(subject.expected.fields.get("inherits")), _listed(found.fields.get("inherits"))
    if set(wanted) == set(there):
        return ()
    for parent in wanted:
        await _require(subject, parent)
    return (
        Alteration(
            state=said_of(subject.name, _PARENTS.format(partition="not ")),
            wanted=", ".join(sorted(quote(*parent) for parent in wanted)) or None,
            there=tuple(_turned(subject, there, wanted)),
            back=tuple(_turned(subject, wanted, there)),
            approval="its rows come to be, or are no more, among those of another table",
        ),
    )


async def restore_partition(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    """The table attached with the bounds that are expected, or detached; nothing where all is so."""
    wanted, there = _place(subject.expected), _place(found)
    if wanted == there:
        return ()
    if wanted is not None:
        key = await subject.value(said_of(_table(wanted[0]), _KEY))
        if key is None:
            raise PlanWaits(f"table {'.'.join(wanted[0])}, which it is a partition of, and which is missing")
    parents = [place[0] for place in (wanted, there) if place is not None]
    return (
        Alteration(
            state=f"nullif({said_of(subject.name, _BOUND)}, '')",
            wanted=None,
            left=_is_placed(subject, wanted),
            there=tuple(_moved(subject, there, wanted)),
            back=tuple(_moved(subject, wanted, there)),
            approval=_why_asked(wanted, there),
            hazards=(Hazard.FULL_SCAN,) if wanted else (),
            locks=tuple(Lock("SHARE UPDATE EXCLUSIVE", quote(*parent)) for parent in dict.fromkeys(parents)),
        ),
    )


def _why_asked(wanted: tuple[Name, str] | None, there: tuple[Name, str] | None) -> str:
    if wanted is None:
        return "its rows would be no more among those of the partitioned table"
    read = "all its rows are read under a lock, and none of them may lie outside its bounds"
    return (
        f"it is detached first, and {read}" if there else f"its rows come to be those of {'.'.join(wanted[0])}; {read}"
    )


def _is_placed(subject: Subject, place: tuple[Name, str] | None) -> str:
    state = said_of(subject.name, "pg_catalog.pg_get_expr(o.relpartbound, o.oid)")
    parent = said_of(subject.name, _PARENTS.format(partition=""))
    if place is None:
        return f"{parent} is null"
    return f"{parent} = {literal(quote(*place[0]))} and {state} = {literal(place[1])}"


def _place(each: Portrayed) -> tuple[Name, str] | None:
    parents = _listed(each.fields.get("partition_of"))
    return (parents[0], each.fields["bound"]) if parents else None


def _moved(subject: Subject, old: tuple[Name, str] | None, new: tuple[Name, str] | None) -> Iterator[str]:
    own = (subject.name.schema, subject.name.name)
    if old is not None:
        yield alter_table(old[0], f"detach partition {quote(*own)}", AlterTableType.AT_DetachPartition, names=(own,))
    if new is not None:
        action = f"attach partition {quote(*own)} {new[1]}"
        yield alter_table(new[0], action, AlterTableType.AT_AttachPartition, names=(own,))


def _turned(subject: Subject, old: Collection[Name], new: Collection[Name]) -> Iterator[str]:
    own = (subject.name.schema, subject.name.name)
    for parent in sorted(set(old) - set(new)):
        yield alter_table(own, f"no inherit {quote(*parent)}", AlterTableType.AT_DropInherit, names=(parent,))
    for parent in sorted(set(new) - set(old)):
        yield alter_table(own, f"inherit {quote(*parent)}", AlterTableType.AT_AddInherit, names=(parent,))


async def _require(subject: Subject, parent: Name) -> None:
    if not await subject.value(exists(_table(parent))):
        raise PlanWaits(f"table {'.'.join(parent)}, which {subject.said} should inherit, and which is missing")


def _table(name: Name) -> ObjectName:
    schema, own = name
    return ObjectName(ObjectKind.TABLE, schema, "", own)


def _listed(text: str | None) -> tuple[Name, ...]:
    """The names in a list as the portrait writes it."""
    names = tuple(unquoted(part) for part in _LISTED.findall(text or ""))
    if any(len(name) != 2 for name in names):
        raise PlanRefused(f"This is no list of tables: {text}")
    return names
