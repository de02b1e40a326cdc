"""What a table is but for its columns: options, persistence, access method, replica identity, parents, bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pglast.enums import AlterTableType

from ...errors import PlanRefused, PlanWaits
from ...expected.consequence import unquoted
from ...expected.portrait import Portrayed
from ..plan import Hazard, Plan
from .alteration import Alteration, alter, alter_table
from .found import read_found
from .inheritance import restore_inheritance, restore_partition
from .options import storage_turned
from .place import quote, said_of
from .subject import Subject

_ACCESS_METHOD_SINCE = 150000
_OPTIONS = "pg_catalog.array_to_string(o.reloptions, ', ')"
_PERSISTENCE = "case o.relpersistence when 'u' then 'unlogged' else 'permanent' end"
_ACCESS_METHOD = "(select m.amname::text from pg_catalog.pg_am m where m.oid = o.relam)"
_OF_TYPE = "pg_catalog.format_type(nullif(o.reloftype, 0), null)"
_REPLICA_IDENTITY = """
case o.relreplident when 'f' then 'FULL' when 'n' then 'NOTHING' when 'i' then 'USING INDEX ' || (
  select pg_catalog.quote_ident(x.relname) from pg_catalog.pg_index u join pg_catalog.pg_class x on x.oid = u.indexrelid
  where u.indrelid = o.oid and u.indisreplident) end
"""
_USING_INDEX = "USING INDEX "
_REWRITTEN = "every row is written anew under a lock that keeps readers and writers out"
_NEVER = {
    "partition_by": "how a table is partitioned, or that it is, cannot be changed",
    "server": "a foreign table cannot be moved to another server",
}


async def restore_table_definition(subject: Subject) -> Plan:
    """All that differs as expected, in one transaction."""
    found = await read_found(subject)
    _refuse(subject, found)
    alterations = [
        *_options(subject, found),
        *_persistence(subject, found),
        *_access_method(subject, found),
        *_of_type(subject, found),
        *await restore_inheritance(subject, found),
        *await restore_partition(subject, found),
        *_replica_identity(subject, found),
    ]
    return await alter(subject, "the definition", alterations)


def _refuse(subject: Subject, found: Portrayed) -> None:
    for field, why in _NEVER.items():
        wanted, there = subject.expected.fields.get(field), found.fields.get(field)
        if wanted != there:
            raise PlanRefused(
                f"{subject.said}: {field} is {there or 'not set'} and should be {wanted or 'not set'}, and {why}. Cure:"
                f" make a table as expected beside it, copy the rows, and rename: {subject.expected.definition}"
            )


def _options(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("options"), found.fields.get("options")
    if wanted != there:
        yield Alteration(
            state=said_of(subject.name, _OPTIONS),
            wanted=wanted,
            there=tuple(storage_turned(partial(_alter, subject), there, wanted)),
            back=tuple(storage_turned(partial(_alter, subject), wanted, there)),
            gentle=True,
        )


def _persistence(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields["persistence"], found.fields["persistence"]
    if wanted == there:
        return
    logged = _alter(subject, "set logged", AlterTableType.AT_SetLogged)
    unlogged = _alter(subject, "set unlogged", AlterTableType.AT_SetUnLogged)
    to_logged = wanted == "permanent"
    loss = "" if to_logged else "a crash of the server would empty the table, and replicas have no row of it; "
    yield Alteration(
        state=said_of(subject.name, _PERSISTENCE),
        wanted=wanted,
        there=(logged if to_logged else unlogged,),
        back=(unlogged if to_logged else logged,),
        rewrites=True,
        approval=loss + _REWRITTEN,
        hazards=() if to_logged else (Hazard.DATA_LOSS,),
    )


def _access_method(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("access_method"), found.fields.get("access_method")
    if wanted == there or wanted is None or there is None:
        return
    if subject.site.connection.info.server_version < _ACCESS_METHOD_SINCE:
        raise PlanRefused(
            f"{subject.said} is stored by {there} and should be by {wanted}, which PostgreSQL 14 cannot change. Cure:"
            f" make a table USING {quote(wanted)} beside it, copy the rows, and rename."
        )
    yield Alteration(
        state=said_of(subject.name, _ACCESS_METHOD),
        wanted=wanted,
        there=(_alter(subject, f"set access method {quote(wanted)}", AlterTableType.AT_SetAccessMethod),),
        back=(_alter(subject, f"set access method {quote(there)}", AlterTableType.AT_SetAccessMethod),),
        rewrites=True,
        approval=_REWRITTEN,
    )


def _of_type(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("of_type"), found.fields.get("of_type")
    if wanted != there:
        yield Alteration(
            state=said_of(subject.name, _OF_TYPE),
            wanted=wanted,
            there=(_of(subject, wanted),),
            back=(_of(subject, there),),
        )


def _of(subject: Subject, of_type: str | None) -> str:
    if of_type is None:
        return _alter(subject, "not of", AlterTableType.AT_DropOf)
    return _alter(subject, f"of {of_type}", AlterTableType.AT_AddOf)


def _replica_identity(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("replica_identity"), found.fields.get("replica_identity")
    if wanted == there:
        return
    (index,) = unquoted(wanted.removeprefix(_USING_INDEX)) if wanted and wanted.startswith(_USING_INDEX) else ("",)
    if index and index not in {each.name for each in subject.table.indexes}:
        raise PlanWaits(f"index {index}, by which replicas should know the rows, and which is missing")
    yield Alteration(
        state=said_of(subject.name, _REPLICA_IDENTITY),
        wanted=wanted,
        there=(_alter(subject, f"replica identity {wanted or 'default'}", AlterTableType.AT_ReplicaIdentity),),
        back=(_alter(subject, f"replica identity {there or 'default'}", AlterTableType.AT_ReplicaIdentity),),
    )


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    return alter_table((subject.name.schema, subject.name.name), action, command)
