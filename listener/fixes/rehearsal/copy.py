"""The empty copy: structure alone, from a portrait. Of other people's functions it has the signatures, not the bodies.

Nothing there is ever called; yet the server computes what is constant in the expression of a constraint or an index
when it makes one, and would run an IMMUTABLE function of anybody's with our rights. What cannot be made (an operator
of the database's own, a right to a type) is named, and is missed only where something that is touched stands on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, sql

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, ObjectName, Portrait, Portrayed
from ..backup_record import SCHEMA
from ..dependents.definition import literal
from ..dependents.grants import RIGHTS, grant_again, read_rights, revoke_all
from ..restoring.comment import comment_statement
from ..restoring.enabled import enable_statement
from ..restoring.making import by_column, column_of, default_of
from ..restoring.place import spelled
from ..restoring.rights import grant_target

# In which order objects are made; what still stands on others is tried again.
_ORDER: Final = (
    *(ObjectKind.SCHEMA, ObjectKind.EXTENSION, ObjectKind.TYPE, ObjectKind.SEQUENCE, ObjectKind.FUNCTION),
    *(ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW, ObjectKind.INDEX, ObjectKind.CONSTRAINT),
    *(ObjectKind.STATISTICS, ObjectKind.RULE, ObjectKind.TRIGGER, ObjectKind.POLICY),
)
# Who owns a function tells nothing here: none is called.
_OWNED: Final = frozenset(
    {
        *(ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW),
        *(ObjectKind.SCHEMA, ObjectKind.SEQUENCE, ObjectKind.TYPE, ObjectKind.STATISTICS),
    }
)
_LANGUAGE: Final = re.compile(r"\n LANGUAGE \S+\n")
_KINDS_OF_FUNCTION: Final = re.compile(r"^ (?:.* )?(IMMUTABLE|STABLE)\b", re.MULTILINE)
_STUB: Final = "begin raise exception 'no code runs in a rehearsal'; end"
_TRUSTED: Final = "select rolname::text from pg_catalog.pg_roles where rolsuper or rolname = current_user"


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the copy lacks, and why."""

    name: ObjectName
    reason: str

    def __str__(self) -> str:
        where = ".".join(filter(None, (self.name.schema, self.name.relation, self.name.name)))
        return f"{self.name.kind.value.replace('_', ' ')} {where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Making:
    """One object: the statement that makes it, and those that make it what it is."""

    name: ObjectName
    statement: str
    more: tuple[str, ...]


async def trusted_roles(live: AsyncConnection[Any]) -> frozenset[str]:
    """Whose code may run with our rights: superusers', and our own."""
    return frozenset(name for (name,) in await (await live.execute(_TRUSTED)).fetchall())


async def build_copy(ground: AsyncConnection[Any], portrait: Portrait, trusted: frozenset[str]) -> tuple[Lacking, ...]:
    """Make what the portrait shows in an empty database; what could not be made."""
    await ground.execute("select pg_catalog.set_config('check_function_bodies', 'off', false)")
    await ground.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
    waiting = [*await _makings(ground, portrait, trusted), *_ownings(portrait)]
    failed: dict[ObjectName, str] = {}
    lacking = list[Lacking]()
    while waiting:
        still = list[_Making]()
        for each in waiting:
            if (reason := await _run(ground, each.statement)) is not None:
                still.append(each)
                failed[each.name] = reason
                continue
            for statement in each.more:
                if (reason := await _run(ground, statement)) is not None:
                    lacking.append(Lacking(each.name, reason))
        if len(still) == len(waiting):
            break
        waiting = still
    return (*lacking, *(Lacking(each.name, failed[each.name]) for each in waiting))


async def _run(ground: AsyncConnection[Any], statement: str) -> str | None:
    """Run it; what the server said against it."""
    try:
        await ground.execute(statement.encode(), prepare=False)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None


async def _makings(ground: AsyncConnection[Any], portrait: Portrait, trusted: frozenset[str]) -> list[_Making]:
    makings = list[_Making]()
    columns: dict[tuple[str, str], list[Portrayed]] = {}
    for each in portrait.objects.values():
        if each.name.kind is ObjectKind.COLUMN:
            columns.setdefault((each.name.schema, each.name.relation), []).append(each)
    for each in sorted(portrait.objects.values(), key=_place):
        if each.name.kind is ObjectKind.COLUMN:
            continue
        if each.name == ObjectName(ObjectKind.SCHEMA, "", "", "public"):
            statement = "select"
        elif each.name.kind is ObjectKind.TABLE:
            statement = _table(each, columns.get((each.name.schema, each.name.name), []))
        else:
            statement = _statement(each, trusted)
        more = [*_plain(each, columns), *await _rights(ground, each, columns)]
        makings.append(_Making(each.name, statement, tuple(more)))
    return makings


def _ownings(portrait: Portrait) -> Iterator[_Making]:
    """Sequences tied to their columns, which are made after them."""
    for each in portrait.objects.values():
        if each.name.kind is ObjectKind.SEQUENCE and "owned_by" in each.fields:
            yield _Making(each.name, f"alter {spelled(each.name)} owned by {each.fields['owned_by']}", ())


def _place(each: Portrayed) -> int:
    if each.name.kind is ObjectKind.COLUMN:
        return -1
    return 2 * _ORDER.index(each.name.kind) + each.definition.startswith("FOREIGN KEY")


def _statement(each: Portrayed, trusted: frozenset[str]) -> str:
    name = each.name
    match name.kind:
        case ObjectKind.EXTENSION:
            there = each.definition.replace("CREATE EXTENSION", "CREATE EXTENSION IF NOT EXISTS", 1)
            return f"{there} VERSION {literal(each.fields['version'])}"
        case ObjectKind.CONSTRAINT:
            where = sql.Identifier(name.schema, name.relation).as_string()
            return f"alter table {where} add constraint {sql.Identifier(name.name).as_string()} {each.definition}"
        case ObjectKind.MATERIALIZED_VIEW:
            return f"{each.definition} with no data"
        case ObjectKind.FUNCTION if each.owner not in trusted and each.fields["kind"] in {"function", "procedure"}:
            return _stub(each.definition)
        case _:
            return each.definition


def _stub(definition: str) -> str:
    """The function with its signature alone."""
    head = _LANGUAGE.search(definition)
    if head is None:
        return definition
    volatility = _KINDS_OF_FUNCTION.search(definition, head.end() - 1)
    said = f" {volatility[1]}" if volatility else ""
    return f"{definition[: head.start()]} language plpgsql{said} as {literal(_STUB)}"


def _table(each: Portrayed, columns: Sequence[Portrayed]) -> str:
    """CREATE TABLE with its columns at their numbers; a foreign table becomes a plain one."""
    fields, name = each.fields, sql.Identifier(each.name.schema, each.name.name).as_string()
    persistence = "unlogged " if fields.get("persistence") == "unlogged" and "server" not in fields else ""
    if "partition_of" in fields:
        shape = f"partition of {fields['partition_of']} {fields['bound']}"
    else:
        inherits = f" inherits ({fields['inherits']})" if "inherits" in fields else ""
        shape = f"({', '.join(_columns(columns, numbered=not inherits))}){inherits}"
    parted = f" partition by {fields['partition_by']}" if "partition_by" in fields else ""
    options = f" with ({fields['options']})" if "options" in fields and "server" not in fields else ""
    return f"create {persistence}table {name} {shape}{parted}{options}"


def _columns(columns: Sequence[Portrayed], *, numbered: bool) -> Iterator[str]:
    """The columns; where one is missing among their numbers, one that is to be dropped."""
    last = 0
    for each in sorted(columns, key=lambda column: column.address.number if column.address else 0):
        assert each.address is not None
        if numbered:
            yield from (f"{_gap(number)} pg_catalog.int4" for number in range(last + 1, each.address.number))
        last = each.address.number
        definition = each.definition
        if named := each.fields.get("not_null_name"):
            constraint = sql.Identifier(named).as_string()
            definition = f"{definition.removesuffix(' NOT NULL')} constraint {constraint} not null"
        yield f"{sql.Identifier(each.name.name).as_string()} {definition}"


def _gap(number: int) -> str:
    return sql.Identifier(f"........pgmend.gap.{number}").as_string()


def _gaps(columns: Sequence[Portrayed]) -> list[int]:
    numbers = {each.address.number for each in columns if each.address}
    return [number for number in range(1, max(numbers, default=0)) if number not in numbers]


def _plain(each: Portrayed, columns: Mapping[tuple[str, str], Sequence[Portrayed]]) -> Iterator[str]:
    """What follows CREATE but for owner and rights."""
    name, fields = each.name, each.fields
    if name.kind is ObjectKind.TABLE:
        own, where = columns.get((name.schema, name.name), ()), sql.Identifier(name.schema, name.name).as_string()
        if not {"partition_of", "inherits"} & fields.keys():
            yield from (f"alter table {where} drop column {_gap(number)}" for number in _gaps(own))
        if fields.get("row_security") == "true":
            yield f"alter table {where} enable row level security"
        if fields.get("force_row_security") == "true":
            yield f"alter table {where} force row level security"
        yield from (comment_statement(column.name, column.comment) for column in own if column.comment is not None)
    if each.comment is not None and name.kind is not ObjectKind.EXTENSION:
        yield comment_statement(name, each.comment)
    if name.kind is ObjectKind.INDEX and "statistics" in fields:
        for number, target in (pair.split() for pair in fields["statistics"].split(", ")):
            index = sql.Identifier(name.schema, name.name).as_string()
            yield f"alter index {index} alter column {int(number)} set statistics {int(target)}"
    if name.kind in {ObjectKind.TRIGGER, ObjectKind.RULE} and fields.get("enabled", "O") != "O":
        yield enable_statement(name, fields["enabled"])
    if name.kind in {ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW}:
        yield from (default_of(name, column, text) for column, text in by_column(each, "column_defaults").items())
        for column, text in by_column(each, "column_comments").items():
            yield comment_statement(column_of(name, column), text)
    if name.kind is ObjectKind.STATISTICS and "target" in fields:
        yield f"alter {spelled(name)} set statistics {int(fields['target'])}"


async def _rights(
    ground: AsyncConnection[Any], each: Portrayed, columns: Mapping[tuple[str, str], Sequence[Portrayed]]
) -> list[str]:
    """Owner and grants, as far as the roles are there."""
    if each.name.kind not in _OWNED or each.owner is None:
        return []
    statements = [f"alter {spelled(each.name)} owner to {sql.Identifier(each.owner).as_string()}"]
    role = ground.info.user
    grants = [("", each.grants)]
    grants += [
        (f" ({sql.Identifier(column.name.name).as_string()})", column.grants)
        for column in columns.get((each.name.schema, each.name.name), ())
        if each.name.kind is ObjectKind.TABLE
    ]
    grants += [
        (f" ({sql.Identifier(column).as_string()})", items)
        for column, items in (by_column(each, "column_grants") if "column_grants" in each.fields else {}).items()
    ]
    query = f"select {RIGHTS.format(acl='%s::pg_catalog.aclitem[]')}".encode()
    for of_columns, items in grants:
        if items is None:
            continue
        try:
            row = await (await ground.execute(query, (list(items),))).fetchone()
            rights = read_rights(row[0] if row else None)
            granted = list(grant_again(grant_target(each.name), each.owner, role, rights, of_columns))
        except (psycopg.errors.UndefinedObject, PlanRefused):
            continue  # of a role that the other server does not have
        if not of_columns:
            # What an owner has by itself, and PUBLIC of a type, may have been taken away.
            statements += revoke_all(grant_target(each.name), [each.owner, None])
        statements += [statement.replace("set local role", "set role") for statement in granted]
    return statements
