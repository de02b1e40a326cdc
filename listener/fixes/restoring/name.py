"""What an object is called, and which schema it is in: the same object, found by its OID, under its old name again.

Stored definitions follow a rename by themselves; texts (function bodies, application code) do not.
"""

from __future__ import annotations

import re

from pglast import ast

from ...errors import PlanRefused
from ...expected.matching import MADE_ANEW
from ...expected.portrait import Address, ObjectKind, ObjectName
from ..dependents.definition import literal
from ..names import free_relation_name
from ..plan import Hazard, Lock, Plan
from .place import CATALOGS, exists, quote, relation_oid, said_of, spelled
from .stored import verified
from .subject import Subject
from .turn import Turn

_OF_TABLES = frozenset(
    {ObjectKind.COLUMN, ObjectKind.CONSTRAINT, ObjectKind.TRIGGER, ObjectKind.POLICY, ObjectKind.RULE}
)
# No statement but DDL names these.
_UNTOLD = frozenset({ObjectKind.TRIGGER, ObjectKind.RULE, ObjectKind.POLICY, ObjectKind.INDEX, ObjectKind.STATISTICS})
_RELATIONS = frozenset(
    {ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.SEQUENCE, ObjectKind.INDEX}
)
_MENTIONING = """
(select pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::text, ', ' order by p.oid::pg_catalog.regprocedure::text)
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where l.lanname in ('sql', 'plpgsql') and p.prosqlbody is null and p.prosrc ~* {word}
  and n.nspname not in ('pg_catalog', 'information_schema', 'pgmend'))
"""


async def restore_name(subject: Subject) -> Plan:
    """The old name, and the new one again."""
    address = await _address(subject)
    if await subject.value(_called(subject.name.kind, address)) is None:
        raise PlanRefused(f"{subject.said} is gone: it has to be made, not renamed.")
    schema, plain = await _now(subject, address)
    found = _named(subject.name, schema, plain)
    state = _called(subject.name.kind, address, subject.name, found)
    before: str = await subject.value(state)
    wanted_schema, wanted = subject.name.schema, _plain(subject.name)
    if (schema, plain) == (wanted_schema, wanted) or (found.relation and plain == wanted):
        raise PlanRefused(f"{subject.said} is called so by now.")
    await _require_free(subject, found)
    there, back = _ways(subject.name, found, plain, wanted)
    turn = Turn(
        title=f"Call {found.name} {wanted} again" if plain != wanted else f"Move {wanted} to schema {wanted_schema}",
        undo_title=f"Call {wanted} {found.name}" if plain != wanted else f"Move {wanted} to schema {schema}",
        state=state,
        before=before,
        left=f"{state} = pg_catalog.concat({literal(wanted_schema)}, '.', {literal(wanted)})",
        statements=there,
        undo=back,
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),) if subject.name.relation and subject.on_table else (),
    )
    told = subject.name.kind not in _UNTOLD
    called = _word(plain) if plain != wanted else _moved_word(schema, plain)
    users = await subject.value(_MENTIONING.format(word=literal(called))) if told else None
    return subject.plan(
        f"Give {subject.said} its name back; it is called {schema}.{plain}",
        [turn.step()],
        [turn.inverse()],
        approval=f"functions whose text names {_told(schema, plain, wanted)} would no longer find it: {users}"
        if users
        else None,
        hazards=(Hazard.ACCESS_EXCLUSIVE_LOCK,),
    )


async def _address(subject: Subject) -> Address:
    """Where the object stands; of a part that was made anew since it was portrayed, what goes by another name."""
    address, found_as = subject.expected.address, subject.remedy.found_as
    if address is None:
        raise PlanRefused(f"Nothing tells which object {subject.said} was: it cannot be renamed back.")
    if found_as is None or subject.name.kind not in MADE_ANEW:
        return address
    if await subject.value(_called(subject.name.kind, address)) is not None:
        return address
    if subject.on_table:
        assert subject.table  # waits while that has another name
    oid = await subject.value(f"{_part(subject.name._replace(name=found_as))}::pg_catalog.int8")
    return address if oid is None else Address(address.class_id, oid)


def _ways(wanted: ObjectName, found: ObjectName, plain: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """There and back: first the schema, then the name."""
    there, back = list[str](), list[str]()
    moved = found._replace(schema=wanted.schema)
    if found.schema != wanted.schema:
        there.append(
            verified(f"alter {_spelled(found, plain)} set schema {quote(wanted.schema)}", ast.AlterObjectSchemaStmt)
        )
        back.append(
            verified(f"alter {_spelled(moved, plain)} set schema {quote(found.schema)}", ast.AlterObjectSchemaStmt)
        )
    if plain != name:
        there.append(_rename(moved, plain, name))
        back.insert(0, _rename(wanted, name, plain))
    return tuple(there), tuple(back)


def _rename(named: ObjectName, plain: str, name: str) -> str:
    where = quote(named.schema, named.relation) if named.relation else ""
    match named.kind:
        case ObjectKind.COLUMN | ObjectKind.CONSTRAINT:
            text = f"alter table {where} rename {named.kind.value} {quote(plain)} to {quote(name)}"
        case _:
            text = f"alter {_spelled(named, plain)} rename to {quote(name)}"
    return verified(text, ast.RenameStmt)


def _spelled(name: ObjectName, plain: str) -> str:
    return spelled(name, called=plain if name.kind is ObjectKind.FUNCTION else None)


def _called(kind: ObjectKind, address: Address, *names: ObjectName) -> str:
    """Schema and name of the object at that address, as SQL; a part of a relation goes by the relation's schema. Of a
    part that was made anew meanwhile, as by an undo of a new type, those of the one that has one of the `names`."""
    schema, name = _columns(kind)
    table, where = f"pg_catalog.{CATALOGS[kind].table}", _at(kind, address)
    if names and kind in MADE_ANEW:
        found = [f"(select o.oid from {table} as o where {where})", *map(_part, names)]
        where = f"o.oid = coalesce({', '.join(found)})"
    return f"(select pg_catalog.concat({schema}, '.', {name}) from {table} as o where {where})"


def _part(name: ObjectName) -> str:
    """The OID of the part of that name, as SQL; an index of another table is another one."""
    if name.kind is not ObjectKind.INDEX:
        return said_of(name, "o.oid")
    its_own = f"select from pg_catalog.pg_index x where x.indexrelid = o.oid and x.indrelid = {relation_oid(name)}"
    return said_of(name, f"case when exists ({its_own}) then o.oid end")


async def _now(subject: Subject, address: Address) -> tuple[str, str]:
    schema, name = _columns(subject.name.kind)
    table = CATALOGS[subject.name.kind].table
    row = await subject.value(
        f"(select array[{schema}::text, {name}::text] from pg_catalog.{table} as o"
        f" where {_at(subject.name.kind, address)})"
    )
    return row[0], row[1]


def _columns(kind: ObjectKind) -> tuple[str, str]:
    catalog = CATALOGS[kind]
    name = f"o.{catalog.name}"
    if catalog.schema:
        return f"(select n.nspname from pg_catalog.pg_namespace n where n.oid = o.{catalog.schema})", name
    if catalog.relation:
        return (
            "(select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
            f" where c.oid = o.{catalog.relation})",
            name,
        )
    return "''", name


def _at(kind: ObjectKind, address: Address) -> str:
    if kind is ObjectKind.COLUMN:
        return f"o.attrelid = {address.object_id}::oid and o.attnum = {address.number} and not o.attisdropped"
    return f"o.oid = {address.object_id}::oid"


def _named(wanted: ObjectName, schema: str, plain: str) -> ObjectName:
    """The object as it is called now; a routine's arguments and a part's relation are those of its old name."""
    if wanted.kind is ObjectKind.FUNCTION:
        return wanted._replace(schema=schema, name=plain + wanted.name.removeprefix(_plain(wanted)))
    if wanted.kind is ObjectKind.STATISTICS:
        return wanted._replace(name=f"{quote(schema)}.{quote(plain)}")
    return wanted._replace(schema=schema, name=plain)


def _plain(name: ObjectName) -> str:
    return name.name.partition("(")[0] if name.kind is ObjectKind.FUNCTION else name.name


async def _require_free(subject: Subject, found: ObjectName) -> None:
    """Raise PlanRefused where something else has the old name by now."""
    name = subject.name
    if name.kind in _OF_TABLES and subject.on_table:
        assert subject.table
    taken = await subject.value(exists(name))
    if name.kind in _RELATIONS:
        taken = await free_relation_name(subject.site.connection, name.schema, name.name, "") != name.name
    if taken:
        raise PlanRefused(f"Something else is called {name.name} by now; {found.name} cannot have its name back.")


def _told(schema: str, plain: str, wanted: str) -> str:
    return plain if plain != wanted else f"{schema}.{plain}"


def _word(name: str) -> str:
    return rf"(^|\W){_escaped(name)}($|\W)"


def _moved_word(schema: str, name: str) -> str:
    """Its name after that of its schema, quoted or not."""
    return rf'(^|\W){_escaped(schema)}"?\s*\.\s*"?{_escaped(name)}($|\W)'


def _escaped(name: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", name)
