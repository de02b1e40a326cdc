"""Whether a column numbers its rows: GENERATED … AS IDENTITY, and the sequence behind it.

Where a sequence stood that is gone nobody knows; the new one goes on behind the last number that a row has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pglast import ast
from pglast.enums import AlterTableType

from ...errors import PlanRefused, PlanWaits
from ...expected.consequence import unquoted
from ...expected.portrait import Portrayed
from ..dependents.definition import literal
from ..names import free_relation_name
from ..plan import Hazard
from .alteration import Alteration, alter_table
from .place import quote, said_of
from .stored import verified
from .subject import Subject

_IDENTITY = "case o.attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end"
# In the words of sql/portrait/columns.sql.
_OPTIONS = """
(select pg_catalog.format('SEQUENCE NAME %I.%I START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
    n.nspname, c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
    case when s.seqcycle then ' CYCLE' end)
  from pg_catalog.pg_depend d join pg_catalog.pg_sequence s on s.seqrelid = d.objid
    join pg_catalog.pg_class c on c.oid = d.objid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = o.attrelid and d.refobjsubid = o.attnum and d.deptype = 'i')
"""
_WRITTEN = re.compile(
    r"SEQUENCE NAME (?P<name>.+) START WITH (?P<start>-?\d+) INCREMENT BY (?P<step>-?\d+) MINVALUE (?P<least>-?\d+)"
    r" MAXVALUE (?P<most>-?\d+) CACHE (?P<cache>\d+)(?P<cycle> CYCLE)?",
    re.DOTALL,
)
_GOES_ON = "its sequence is a new one, which goes on behind the last number that a row has"


async def restore_identity(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    """The identity added, dropped, or set to what is expected; nothing where it is as expected."""
    wanted, there = subject.expected.fields, found.fields
    if (wanted.get("identity"), wanted.get("identity_options")) == (
        there.get("identity"),
        there.get("identity_options"),
    ):
        return ()
    if "identity" in wanted and wanted["type"] != there["type"]:
        # ALTER TYPE turns the bounds of the sequence along, and until then they may lie beyond what the type holds.
        raise PlanWaits(
            f"the type of {subject.said}, which is {there['type']} and should be {wanted['type']}: the sequence behind"
            " it has the bounds of that type"
        )
    if "identity" not in there:
        await _require_ground(subject, found)
        return (_added(subject),)
    if "identity" not in wanted:
        return (_dropped(subject, found),)
    return tuple(_changed(subject, found))


async def _require_ground(subject: Subject, found: Portrayed) -> None:
    """Raise PlanWaits where PostgreSQL would not have an identity yet."""
    if found.fields.get("not_null") != "true":
        raise PlanWaits(f"NOT NULL of {subject.said}, without which a column has no identity")
    if "default" in found.fields:
        raise PlanWaits(f"the default of {subject.said} to go: {found.fields['default']}")
    schema, name = _Sequence.read(subject.expected.fields).name
    if await free_relation_name(subject.site.connection, schema, name, "") != name:
        raise PlanRefused(
            f"Something else is called {schema}.{name} by now, which {subject.said} should number its rows by."
            f" Cure: alter that one's name, or drop it, and approve this fix."
        )


def _added(subject: Subject) -> Alteration:
    return Alteration(
        state=said_of(subject.name, _IDENTITY),
        wanted=subject.expected.fields["identity"],
        there=tuple(_add(subject, subject.expected.fields)),
        back=(_drop(subject),),
        approval=_GOES_ON,
        hazards=(Hazard.FULL_SCAN,),
    )


def _dropped(subject: Subject, found: Portrayed) -> Alteration:
    return Alteration(
        state=said_of(subject.name, _IDENTITY),
        wanted=None,
        there=(_drop(subject),),
        back=tuple(_add(subject, found.fields)),
        approval="it drops the sequence behind the column, and with it where that stood",
        notes=(f"Taken back, {_GOES_ON}.",),
    )


def _changed(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields, found.fields
    if wanted["identity"] != there["identity"]:
        yield Alteration(
            state=said_of(subject.name, _IDENTITY),
            wanted=wanted["identity"],
            there=(_set(subject, f"set generated {wanted['identity']}"),),
            back=(_set(subject, f"set generated {there['identity']}"),),
        )
    if wanted.get("identity_options") != there.get("identity_options"):
        new, old = _Sequence.read(wanted), _Sequence.read(there)
        yield Alteration(
            state=said_of(subject.name, _OPTIONS),
            wanted=wanted["identity_options"],
            there=tuple(_turned(subject, old, new)),
            back=tuple(_turned(subject, new, old)),
        )


@dataclass(frozen=True, slots=True)
class _Sequence:
    """The sequence behind a column."""

    name: tuple[str, str]
    options: tuple[str, ...]
    falls: bool

    @staticmethod
    def read(fields: Mapping[str, str]) -> _Sequence:
        """As the portrait tells it."""
        said = _WRITTEN.fullmatch(fields["identity_options"])
        name = unquoted(said["name"]) if said else ()
        if said is None or len(name) != 2:
            raise PlanRefused(f"These are no options of an identity: {fields['identity_options']}")
        options = (
            *(f"start with {said['start']}", f"increment by {said['step']}", f"minvalue {said['least']}"),
            *(f"maxvalue {said['most']}", f"cache {said['cache']}", "cycle" if said["cycle"] else "no cycle"),
        )
        return _Sequence((name[0], name[1]), options, falls=int(said["step"]) < 0)


def _turned(subject: Subject, old: _Sequence, new: _Sequence) -> Iterator[str]:
    if old.name[0] != new.name[0]:
        raise PlanRefused(
            f"The sequence behind {subject.said} is in schema {old.name[0]} with its table, and moves with that alone."
        )
    if old.options != new.options:
        yield _set(subject, " ".join(f"set {option}" for option in new.options))
    if old.name != new.name:
        yield verified(f"alter sequence {quote(*old.name)} rename to {quote(new.name[1])}", ast.RenameStmt)


def _add(subject: Subject, fields: Mapping[str, str]) -> Iterator[str]:
    sequence = _Sequence.read(fields)
    column, table = quote(subject.name.name), quote(subject.name.schema, subject.name.relation)
    options = f"sequence name {quote(*sequence.name)} {' '.join(sequence.options)}"
    yield _alter(subject, f"add generated {fields['identity']} as identity ({options})", AlterTableType.AT_AddIdentity)
    last = f"pg_catalog.{'min' if sequence.falls else 'max'}({column})"
    known = f"(select s.seqmin, s.seqmax from pg_catalog.pg_sequence s where s.seqrelid = {_regclass(sequence)})"
    yield verified(
        f"select pg_catalog.setval({_regclass(sequence)}, last.number) from (select {last}::pg_catalog.int8 as number"
        f" from {table}) as last, {known} as bounds where last.number between bounds.seqmin and bounds.seqmax",
        ast.SelectStmt,
    )


def _regclass(sequence: _Sequence) -> str:
    return f"{literal(quote(*sequence.name))}::pg_catalog.regclass"


def _drop(subject: Subject) -> str:
    return _alter(subject, "drop identity", AlterTableType.AT_DropIdentity)


def _set(subject: Subject, action: str) -> str:
    return _alter(subject, action, AlterTableType.AT_SetIdentity)


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    name = subject.name
    return alter_table((name.schema, name.relation), f"alter column {quote(name.name)} {action}", command)
