"""How well relations are inferred: each that is true is forgotten in its turn, and what is said then is compared.

Every true relation is declared, by the schema's authors or for the trial. Then, one by one, its foreign key goes, and
what pgmend infers of those columns is right, wrong or nothing; the others stay, as in a schema of which somebody forgot
one. What it infers of columns that never had a foreign key is wrong: labels say so, and what nobody labelled counts as
wrong until somebody has. "Alone" is what policy would let a fix be made of without asking: a sibling's foreign key,
no sibling that means another key, and every row counted and found to have its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import Snapshot, Table
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.measure import measure
from pgmend.listener.relations.measurement import Measurements
from pgmend.listener.relations.register import may_refer
from pgmend.listener.relations.relation import Link, Relation
from pgmend.listener.relations.relation import link_of as link_between
from pgmend.listener.relations.weights import BELIEVED
from psycopg import sql

from tests.support.database import Database
from tests.support.snapshots import link as link_named

from .labels import LabelledSchema, Verdict
from .rows import Filler, Meaning
from .sources import load

_BUDGET = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Said:
    """What was believed of one column set, if anything; `true` is the key that is meant, None where none is.

    `by_hand` tells a label that a person made from a foreign key that the authors declared, `alone` what could have
    been acted on without asking.
    """

    schema: str
    columns: str
    true: Link | None
    by_hand: bool
    relation: Relation | None
    alone: bool

    @property
    def right(self) -> bool:
        """Whether the key believed is the one that is meant."""
        return self.relation is not None and self.relation.link == self.true


@dataclass(frozen=True, slots=True)
class Score:
    """What was said in one or several trials, as figures."""

    said: tuple[Said, ...]

    @classmethod
    def of(cls, said: Iterable[Said]) -> Score:
        """The score of those."""
        return cls(tuple(said))

    @property
    def true(self) -> tuple[Said, ...]:
        """What was said of relations that are true."""
        return tuple(each for each in self.said if each.true is not None)

    @property
    def wrong(self) -> tuple[Said, ...]:
        """What was believed and is not true."""
        return tuple(each for each in self.said if each.relation is not None and not each.right)

    def recall(self) -> float:
        """The share of true relations that are believed."""
        return _share([each.right for each in self.true])

    def precision(self, *, alone: bool = False) -> float:
        """The share of what is believed (and may be acted on alone) that is true."""
        return _share([each.right for each in self.said if (each.alone if alone else each.relation is not None)])


class Trial:
    """One schema, loaded, with rows, and every true relation declared."""

    def __init__(self, schema: LabelledSchema, database: Database) -> None:
        """Raises Unavailable where the schema cannot be had."""
        self._schema = schema
        self._database = database
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            load(schema.name, connection)
            shipped = asyncio.run(self._look())
            by_hand = {
                link_named(shipped, label.columns, label.key): label
                for label in schema.labels
                if label.verdict is Verdict.TRUE and label.key is not None
            }
            with connection.transaction():
                Filler(shipped, _meanings(schema, shipped)).fill(connection)
                for link in by_hand:
                    connection.execute(_foreign_key(shipped, link))
        self.snapshot = asyncio.run(self._look())
        self.true: Mapping[Link, bool] = _declared(shipped) | dict.fromkeys(by_hand, True)

    def one_forgotten(self) -> tuple[Said, ...]:
        """What is said where one foreign key is missing at a time, and of what never had one."""
        nothing = Measurements()
        drawn = [relation for _, relations in self._forgotten(nothing) for relation in relations]
        measured = self._measured([*drawn, *self._inferred(self.snapshot, nothing)])
        of_true = [self._said(link, relations, measured) for link, relations in self._forgotten(measured)]
        return (*of_true, *self._of_others(self._inferred(self.snapshot, measured), measured))

    def nothing_declared(self) -> tuple[Said, ...]:
        """What is said where no foreign key is there at all."""
        bare = replace(self.snapshot, tables={oid: _bare(table) for oid, table in self.snapshot.tables.items()})
        measured = self._measured(self._inferred(bare, Measurements()))
        relations = self._inferred(bare, measured)
        meant = {(link.table, link.columns) for link in self.true}
        others = [each for each in relations if (each.link.table, each.link.columns) not in meant]
        return (*(self._said(link, relations, measured) for link in self.true), *self._of_others(others, measured))

    async def _look(self) -> Snapshot:
        connection = await self._database.connect()
        return await read_snapshot(connection)

    def _forgotten(self, measured: Measurements) -> Iterator[tuple[Link, Sequence[Relation]]]:
        atlas = Atlas(self.snapshot)
        for link in self.true:
            table = self.snapshot.tables[link.table]
            forgetful = _bare(table, set(link.columns))
            atlas.replace(table, forgetful)
            yield link, atlas.relations_of([table.oid], measured).inferred(table.oid)
            atlas.replace(forgetful, table)

    def _inferred(self, snapshot: Snapshot, measured: Measurements) -> list[Relation]:
        relations = Atlas(snapshot).relations_of(snapshot.tables, measured)
        return [relation for oid in snapshot.tables for relation in relations.inferred(oid)]

    def _measured(self, relations: Sequence[Relation]) -> Measurements:
        links = {relation.link for relation in relations if relation.at_best >= BELIEVED}

        async def count() -> Measurements:
            return await measure(await self._database.connect(), links, self.snapshot, budget=_BUDGET)

        return asyncio.run(count())

    def _said(self, true: Link, relations: Sequence[Relation], measured: Measurements) -> Said:
        of_these = [each for each in relations if each.link.table == true.table and each.link.columns == true.columns]
        believed = next((each for each in of_these if each.believed), None)
        alone = believed is not None and _alone(believed, measured)
        return Said(self._schema.name, self._columns(true), true, self.true[true], believed, alone)

    def _of_others(self, relations: Sequence[Relation], measured: Measurements) -> Iterator[Said]:
        for each in relations:
            if each.believed:
                alone = _alone(each, measured)
                yield Said(self._schema.name, self._columns(each.link), None, True, each, alone)

    def _columns(self, link: Link) -> str:
        table = self.snapshot.tables[link.table]
        return f"{table.name}({','.join(table.names(link.columns))})"


def _alone(relation: Relation, measured: Measurements) -> bool:
    """What `mending.autonomy` asks of an inferred foreign key, as far as evidence goes."""
    counted = measured.counted(relation.link)
    clean = counted is not None and counted.exact and not counted.outside
    kinds = {each.kind for each in relation.evidence}
    return clean and relation.fits and "siblings" in kinds and "other_siblings" not in kinds


def _declared(snapshot: Snapshot) -> dict[Link, bool]:
    """What the authors declared, the foreign keys of partitions left out."""
    return {
        link_between(table.oid, each.columns, each.referenced_table, each.referenced_columns): False
        for table in snapshot.tables.values()
        for each in table.foreign_keys
        if may_refer(table) and not each.parent
    }


def _meanings(schema: LabelledSchema, snapshot: Snapshot) -> Iterator[Meaning]:
    """How rows are to be made: what is declared or true holds, and what is not seems to."""
    for link in _declared(snapshot):
        yield Meaning(link)
    for label in schema.labels:
        if label.key is not None:
            link = link_named(snapshot, label.columns, label.key)
            table = snapshot.tables[link.table]
            like_keys = all(table.columns[number - 1].type_name in ("integer", "bigint") for number in link.columns)
            holds = label.verdict is Verdict.TRUE or like_keys
            yield Meaning(link, every=None if holds else 2, zero=label.zero_for_none)


def _foreign_key(snapshot: Snapshot, link: Link) -> sql.Composed:
    table, key_table = snapshot.tables[link.table], snapshot.tables[link.key.table]
    return sql.SQL("alter table {} add foreign key ({}) references {} ({}) not valid").format(
        sql.Identifier(table.schema, table.name),
        sql.SQL(", ").join(map(sql.Identifier, table.names(link.columns))),
        sql.Identifier(key_table.schema, key_table.name),
        sql.SQL(", ").join(map(sql.Identifier, key_table.names(link.key.columns))),
    )


def _bare(table: Table, columns: set[int] | None = None) -> Table:
    """The table without the foreign keys that have one of the columns (None: without any)."""
    kept = tuple(
        each
        for each in table.constraints
        if each.kind != "f" or (columns is not None and columns.isdisjoint(each.columns))
    )
    return table._replace(constraints=kept)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 1.0
