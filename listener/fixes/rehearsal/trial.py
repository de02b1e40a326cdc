"""The very steps of a plan on the copy, and what they took: locks, and files written anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ...errors import CouldNotLook, ProofRefuted
from ...expected.consequence import unquoted
from ..composed import verbatim
from ..limits import Limits
from ..plan import Lock, Step
from ..preflight import confirm
from ..sqlstates import in_words

Name = TypeVar("Name", str, tuple[str, ...])
# Weakest first. Weaker ones than SHARE keep nobody from writing.
MODES: Final = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
_LOCKS: Final = """
select l.relation::bigint, l.mode from pg_catalog.pg_locks as l
where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted
  and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
_SPELLED: Final = dict(
    zip(("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"), MODES, strict=True)
)
# An index, a toast table and a sequence of a column are reached through their table alone.
_RELATIONS: Final = """
select c.oid::bigint, pg_catalog.format('%I.%I', n.nspname, c.relname),
  case when c.relkind in ('r', 'm') then pg_catalog.pg_relation_filenode(c.oid)::bigint end
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the steps took. `undeclared` are locks that the steps do not tell of, `rewritten` names of relations."""

    statements: int
    locks: tuple[Lock, ...]
    undeclared: tuple[Lock, ...]
    rewritten: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Taken:
    statements: int
    locks: Mapping[str, str]
    rewritten: tuple[str, ...]


async def take_steps(ground: AsyncConnection[TupleRow], steps: Sequence[Step], limits: Limits) -> Trial:
    """Take them all; raises CouldNotLook in the server's words where one does not come to its end there."""
    taken = list[_Taken]()
    undeclared = list[Lock]()
    for step in steps:
        if step.clears and await _probed(ground, step) == "done":
            continue
        found = await _take(ground, step, limits)
        taken.append(found)
        # A plan may quote what needs no quotes.
        declared = _strongest((unquoted(each.relation), each.mode) for each in step.locks)
        undeclared += [
            Lock(mode, relation)
            for relation, mode in found.locks.items()
            if _rank(mode) > _rank(declared.get(unquoted(relation)))
        ]
    locks = _strongest(each for found in taken for each in found.locks.items())
    return Trial(
        sum(each.statements for each in taken),
        tuple(Lock(mode, relation) for relation, mode in locks.items()),
        tuple(undeclared),
        tuple(dict.fromkeys(name for each in taken for name in each.rewritten)),
    )


async def _take(ground: AsyncConnection[TupleRow], step: Step, limits: Limits) -> _Taken:
    if (state := await _probed(ground, step)) != "before":
        raise CouldNotLook(f"{step.title}: on the copy it is {state} before anything was done")
    try:
        taken = await (_transactional(ground, step, limits) if step.transactional else _alone(ground, step))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise CouldNotLook(f"{step.title}: on the copy the server refused it: {in_words(error)}") from error
    except ProofRefuted as refuted:
        raise CouldNotLook(f"{step.title}: on the copy {refuted}") from refuted
    if (state := await _probed(ground, step)) != "done":
        raise CouldNotLook(f"{step.title}: on the copy it is {state} after all was done")
    return taken


async def _transactional(ground: AsyncConnection[TupleRow], step: Step, limits: Limits) -> _Taken:
    before = {oid: (name, filenode) for oid, name, filenode in await _relations(ground)}
    async with ground.transaction():
        for statement in (*step.ahead, *step.statements):
            await ground.execute(verbatim(statement))
        held = await (await ground.execute(_LOCKS.encode())).fetchall()
        after = {oid: filenode for oid, _, filenode in await _relations(ground)}
        await confirm(ground, step.checks, limits)
    locks = _strongest((before[oid][0], _SPELLED[mode]) for oid, mode in held if oid in before)
    rewritten = [name for oid, (name, filenode) in before.items() if filenode and after.get(oid, filenode) != filenode]
    return _Taken(len(step.statements), locks, tuple(rewritten))


async def _alone(ground: AsyncConnection[TupleRow], step: Step) -> _Taken:
    """A step outside of a transaction: what it locks is gone when it is over."""
    for statement in step.statements:
        await ground.execute(verbatim(statement))
    return _Taken(len(step.statements), {}, ())


async def _probed(ground: AsyncConnection[TupleRow], step: Step) -> str:
    row = await (await ground.execute(verbatim(step.probe))).fetchone()
    return str(row[0]) if row else "before"


async def _relations(ground: AsyncConnection[TupleRow]) -> list[tuple[Oid, str, int | None]]:
    return [(row[0], row[1], row[2]) for row in await (await ground.execute(_RELATIONS.encode())).fetchall()]


def _strongest(locks: Iterable[tuple[Name, str]]) -> dict[Name, str]:
    """The strongest mode for each relation."""
    found: dict[Name, str] = {}
    for relation, mode in locks:
        if relation not in found or _rank(mode) > _rank(found[relation]):
            found[relation] = mode
    return found


def _rank(mode: str | None) -> int:
    return MODES.index(mode) if mode in MODES else -1
