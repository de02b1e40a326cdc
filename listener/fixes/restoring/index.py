"""Indexes that back no constraint: made as `kinds/create_index.py` makes them, or put in the place of another.

The index that should be is built beside the one of its name, without blocking writes; then both change names in one
transaction, and the other one goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pglast import ast
from pglast.enums import AlterTableType
from pglast.stream import RawStream
from psycopg import sql

from ...catalog.snapshot import Oid, Table
from ...errors import PlanRefused
from ...expected.likeness import same_tree
from ...expected.portrait import Portrayed
from ...remedy import CreateIndex
from ..composed import identifier, query, statement, verbatim
from ..indexes.definition import IndexDefinition
from ..indexes.facts import IndexFacts, read_index
from ..indexes.steps import create_step, drop_statement, drop_step, nothing_depends_on
from ..kinds.create_index import create_index, indexable
from ..names import free_relation_name
from ..plan import Hazard, Lock, Plan, Step
from .alteration import Alteration, alter, alter_table
from .comment import comment_statement
from .found import read_found
from .options import storage_turned
from .place import quote, said_of
from .standing_constraint import until
from .stored import verified
from .subject import Subject
from .turn import Turn, written_by

_DEFINITION = "pg_catalog.pg_get_indexdef(o.oid)"
_OPTIONS = "pg_catalog.array_to_string(o.reloptions, ', ')"
# A table is clustered by one index: another one's mark goes with it.
_CLUSTERED = """
(select x.relname::pg_catalog.text from pg_catalog.pg_index n
    join pg_catalog.pg_index i on i.indrelid = n.indrelid and i.indisclustered
    join pg_catalog.pg_class x on x.oid = i.indexrelid
  where n.indexrelid = o.oid)
"""
_STATISTICS = """
(select pg_catalog.string_agg(a.attnum || ' ' || a.attstattarget, ', ' order by a.attnum)
  from pg_catalog.pg_attribute a where a.attrelid = o.oid and a.attstattarget >= 0)
"""


# Half dropped, an index can only be dropped.
_GONE = sql.SQL(
    """select coalesce(pg_catalog.max(
  case when c.relname <> {going} or i.indisvalid and i.indisready and i.indislive then 'before' else 'partial' end),
  'done')
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indexrelid = {index}::oid"""
)


async def restore_index(subject: Subject) -> Plan:
    """The index that is missing, built beside the writers."""
    remedy = CreateIndex(subject.table.oid, (), subject.name.name, subject.expected.definition)
    return subject.adopted(await create_index.plan(remedy, subject.site))


async def replace_index(subject: Subject) -> Plan:
    """The index as expected in the place of the one of its name; what ALTER can set of it is set."""
    assert subject.table
    found = await read_found(subject)
    same = same_tree(subject.expected.tree, found.tree)
    if not same and _without_options(subject.expected) != _without_options(found):
        return await _exchanged(subject, found)
    new, old = _parsed(subject.expected), _parsed(found)
    alterations = [
        *(() if same else _options(subject, _options_of(old), _options_of(new))),
        *_clustered(subject, found, await subject.value(said_of(subject.name, _CLUSTERED))),
        *_statistics(subject, found),
    ]
    return await alter(subject, "the options", alterations)


async def _exchanged(subject: Subject, found: Portrayed) -> Plan:
    table, name = indexable(subject.site, subject.table.oid), subject.name.name
    index = await subject.value(said_of(subject.name, "o.oid::bigint"))
    facts = await read_index(subject.site.connection, index)
    _refuse(subject, facts)
    coming = await free_relation_name(subject.site.connection, table.schema, name, "_new")
    going = await free_relation_name(subject.site.connection, table.schema, name, "_old")
    new = _Shaped(subject, table, IndexDefinition.read(subject.expected.definition))
    old = _Shaped(subject, table, IndexDefinition.read(found.definition), facts.tablespace)
    turn = Turn(
        title=f"Let index {coming} take the place of {name}",
        undo_title=f"Let the index that was there take the place of {name}",
        state=said_of(subject.name, _DEFINITION),
        before=facts.definition,
        left=written_by(subject.site.fix_id, subject.name, 2),
        statements=(
            *_swapped(subject, coming, going),
            *_dressed(subject, replace(subject.expected, comment=found.comment)),
        ),
        undo=(*_swapped(subject, coming, going), *_dressed(subject, found)),
        locks=(Lock("ACCESS EXCLUSIVE", subject.table_name),),
    )
    duplicates = [check for check in (new.definition.duplicates(table),) if check]
    duplicates_back = [check for check in (old.definition.duplicates(table),) if check]
    return subject.plan(
        f"Put {subject.said} as expected in the place of the one that is there, without blocking writes",
        [until(new.create(coming), turn.left), turn.step(), _gone(old.drop(going), index, going, table.schema)],
        [until(old.create(coming), turn.taken_back), turn.inverse(), new.drop(going)],
        approval="it drops the index of that name which is there now",
        checks=(*duplicates, nothing_depends_on(table.schema, name)),
        inverse_checks=(turn.untouched, *duplicates_back, nothing_depends_on(table.schema, name)),
        hazards=(Hazard.INDEX_BUILD, Hazard.ACCESS_EXCLUSIVE_LOCK),
        affected_rows=max(0, round(table.statistics.rows)),
        makes=(name, coming, going),
    )


def made_again(subject: Subject, each: Portrayed) -> tuple[str, ...]:
    """The index with all that hangs on it, made in a transaction that keeps everybody out in any case."""
    definition = verified(each.definition, ast.IndexStmt)
    return (definition, *_dressed(replace(subject, expected=each), each))


def _refuse(subject: Subject, facts: IndexFacts) -> None:
    if facts.constraints:
        raise PlanRefused(
            f"Constraint {facts.constraints[0]} stands on {subject.said}: it has to be changed with that."
        )
    if facts.attached:
        raise PlanRefused(f"{subject.said} is a part of a partitioned index: change that of the partitioned table.")
    if facts.replica_identity:
        raise PlanRefused(
            f"By {subject.said} replicas know the rows of its table. Cure: alter table {subject.table_name} replica"
            " identity full; then approve this fix, which lets the expected replica identity come back."
        )


def _gone(step: Step, index: Oid, going: str, schema: str) -> Step:
    """The step that drops this very index, which has that name by then."""
    probe = _GONE.format(index=sql.Literal(index), going=sql.Literal(going))
    return replace(
        step,
        probe=query(probe, ("pg_catalog", "pg_index"), ("pg_catalog", "pg_class")),
        cleanup=(drop_statement(schema, going, if_exists=True),),
    )


class _Shaped:
    """An index by its definition, made and dropped under any name."""

    def __init__(
        self, subject: Subject, table: Table, definition: IndexDefinition, tablespace: str | None = None
    ) -> None:
        self.definition = definition
        self._table = table
        self._table_name = subject.table_name
        self._tablespace = tablespace

    def create(self, name: str) -> Step:
        create = self.definition.create(self._table, name, tablespace=self._tablespace)
        return create_step(self._table, name, create, self.definition.shape(self._table), self._table_name)

    def drop(self, name: str) -> Step:
        return drop_step(self._table, name, self.definition.shape(self._table), self._table_name)


def _swapped(subject: Subject, coming: str, going: str) -> Iterator[str]:
    """The one that is there goes by another name, and the new one gets its."""
    schema, name = subject.name.schema, subject.name.name
    for before, after in ((name, going), (coming, name)):
        text = sql.SQL("alter index {} rename to {}").format(identifier(schema, before), identifier(after))
        yield statement(text, ast.RenameStmt, (schema, before))


def _dressed(subject: Subject, each: Portrayed) -> Iterator[str]:
    """What CREATE INDEX does not say."""
    if each.comment is not None:
        yield comment_statement(subject.name, each.comment)
    yield from _targets_turned(subject, None, each.fields.get("statistics"))
    if "clustered" in each.fields:
        yield _cluster(subject, subject.name.name)


def _options(subject: Subject, old: Sequence[str], new: Sequence[str]) -> Iterator[Alteration]:
    wanted, there = ", ".join(new) or None, ", ".join(old) or None
    if wanted != there:
        yield Alteration(
            state=said_of(subject.name, _OPTIONS),
            wanted=wanted,
            there=tuple(storage_turned(partial(_alter_index, subject), there, wanted)),
            back=tuple(storage_turned(partial(_alter_index, subject), wanted, there)),
            gentle=True,
        )


def _clustered(subject: Subject, found: Portrayed, marked: str | None) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("clustered"), found.fields.get("clustered")
    if wanted != there:
        by = subject.name.name if wanted else None
        yield Alteration(
            state=said_of(subject.name, _CLUSTERED),
            wanted=by,
            there=(_cluster(subject, by),),
            back=(_cluster(subject, marked),),
            gentle=True,
            notes=("No row moves: it says by which index the next CLUSTER goes.",),
        )


def _cluster(subject: Subject, by: str | None) -> str:
    table = (subject.name.schema, subject.name.relation)
    if by is not None:
        return alter_table(table, f"cluster on {quote(by)}", AlterTableType.AT_ClusterOn)
    return alter_table(table, "set without cluster", AlterTableType.AT_DropCluster)


def _statistics(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("statistics"), found.fields.get("statistics")
    if wanted != there:
        yield Alteration(
            state=said_of(subject.name, _STATISTICS),
            wanted=wanted,
            there=tuple(_targets_turned(subject, there, wanted)),
            back=tuple(_targets_turned(subject, wanted, there)),
            gentle=True,
        )


def _targets_turned(subject: Subject, old: str | None, new: str | None) -> Iterator[str]:
    had, has = _targets(old), _targets(new)
    for number in sorted(had.keys() | has.keys()):
        if had.get(number) != has.get(number):
            action = f"alter column {number} set statistics {has.get(number, -1)}"
            yield _alter_index(subject, action, AlterTableType.AT_SetStatistics)


def _targets(text: str | None) -> dict[int, int]:
    """Statistics targets by the number of the column, as the portrait lists them."""
    pairs = (part.split(" ") for part in text.split(", ")) if text else ()
    return {int(number): int(target) for number, target in pairs}


def _alter_index(subject: Subject, action: str, command: AlterTableType) -> str:
    index = (subject.name.schema, subject.name.name)
    text = verbatim(f"alter index {quote(*index)} {action}")
    return statement(text, ast.AlterTableStmt, index, commands=(command,))


def _parsed(each: Portrayed) -> ast.IndexStmt:
    return IndexDefinition.read(each.definition).parsed


def _without_options(each: Portrayed) -> ast.IndexStmt:
    parsed = _parsed(each)
    parsed.options = None
    return parsed


def _options_of(parsed: ast.IndexStmt) -> list[str]:
    options: Any = parsed.options or ()
    return [f"{each.defname}={_value(each.arg)}" for each in options]


def _value(argument: Any) -> str:
    """The value as reloptions hold it: deparsed it is quoted, but for names (`off`) and numbers."""
    return str(argument.sval) if isinstance(argument, ast.String) else RawStream()(argument)
