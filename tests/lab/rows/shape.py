"""The tables of a database as the row generator needs to know them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

# Types by OID, domains followed down to what they stand on; `within` is an array's element or a range's bounds.
_TYPES = """
with recursive base as (
  select t.oid as of, t.oid, t.typtypmod as modifier, t.typbasetype as next from pg_catalog.pg_type as t
  union all
  select base.of, t.oid, case when base.modifier >= 0 then base.modifier else t.typtypmod end, t.typbasetype
  from base join pg_catalog.pg_type as t on t.oid = base.next
)
select base.of::bigint as oid, t.typname::text as name, t.typtype::text as kind, base.modifier,
  t.typcategory as category,
  case
    when t.typcategory = 'A' then t.typelem when r.rngtypid is not null then r.rngsubtype
    when m.rngtypid is not null then m.rngtypid else 0
  end::bigint as within,
  coalesce((select array_agg(enumlabel::text order by enumsortorder) from pg_catalog.pg_enum where enumtypid = t.oid),
    '{}') as labels,
  (select count(*)::int from pg_catalog.pg_attribute as a where a.attrelid = t.typrelid and t.typtype = 'c'
    and a.attnum > 0 and not a.attisdropped) as parts,
  array(select pg_catalog.pg_get_constraintdef(c.oid) from pg_catalog.pg_constraint as c where c.contypid = base.of)
    as checks
from base
join pg_catalog.pg_type as t on t.oid = base.oid
left join pg_catalog.pg_range as r on r.rngtypid = t.oid
left join pg_catalog.pg_range as m on m.rngmultitypid = t.oid
where base.next = 0 and base.of = any(%s::oid[])
"""
_TABLES = """
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition,
  case when c.relispartition then pg_catalog.pg_get_partition_constraintdef(c.oid) end as bounds
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgmend')
  and not exists (select from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname
"""
_COLUMNS = """
select a.attrelid::bigint, a.attnum::int, a.attname::text, a.atttypid::bigint, a.atttypmod,
  pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull or t.typnotnull, a.atthasdef,
  a.attidentity <> '' or a.attgenerated <> ''
    or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) like 'nextval(%%', false)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_type as t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = any(%s::oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
_CHECKS = """
select c.conrelid::bigint, pg_catalog.pg_get_constraintdef(c.oid), coalesce(c.conkey, '{}')::int[]
from pg_catalog.pg_constraint as c where c.contype = 'c' and c.conrelid = any(%s::oid[]) order by c.conrelid, c.conname
"""
# Where the parent is partitioned, there is a copy for each of its partitions too: those do not have to hold.
_KEYS = """
select c.conrelid::bigint, c.conname::text, c.conkey::int[], c.confrelid::bigint, c.confkey::int[],
  c.confmatchtype = 'f'
from pg_catalog.pg_constraint as c
left join pg_catalog.pg_constraint as whole on whole.oid = c.conparentid
where c.contype = 'f' and c.conrelid = any(%s::oid[]) and whole.conrelid is distinct from c.conrelid
order by c.conrelid, c.conname
"""
_PARTITIONS = """
select i.inhparent::bigint, i.inhrelid::bigint
from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c on c.oid = i.inhrelid
where c.relispartition and i.inhrelid = any(%s::oid[]) order by i.inhparent, c.relname
"""


@dataclass(frozen=True, slots=True)
class Type:
    """A type; of a domain, what it stands on, with the domain's own checks."""

    oid: int
    name: str
    kind: str
    modifier: int
    category: str
    within: int
    labels: tuple[str, ...]
    parts: int
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `automatic`: the server gives the value (identity, generated, a sequence)."""

    number: int
    name: str
    type_oid: int
    modifier: int
    type_name: str
    not_null: bool
    has_default: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK, or a partition's bounds, by its text and the columns in it (none: all)."""

    text: str
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `whole` is MATCH FULL."""

    name: str
    columns: tuple[int, ...]
    parent: int
    parent_columns: tuple[int, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all that decides what a row of it may be."""

    oid: int
    schema: str
    name: str
    kind: str
    is_partition: bool
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = field(default=())

    @property
    def identifier(self) -> sql.Composable:
        return sql.Identifier(self.schema, self.name)

    def column(self, number: int) -> Column:
        return next(each for each in self.columns if each.number == number)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Shape:
    """All tables and the types of their columns."""

    tables: dict[int, Table]
    types: dict[int, Type]
    children: dict[int, tuple[int, ...]]

    def family(self, oid: int) -> tuple[int, ...]:
        """A table and, where it is partitioned, all that its rows lie in."""
        return (oid, *(each for child in self.children.get(oid, ()) for each in self.family(child)))


def read_shape(connection: psycopg.Connection[Any]) -> Shape:
    """The shape of the database; extensions' tables are left out."""
    found = connection.execute(_TABLES).fetchall()
    oids = [row[0] for row in found]
    columns = _grouped(connection.execute(_COLUMNS, (oids,)).fetchall(), Column)
    checks = _grouped(connection.execute(_CHECKS, (oids,)).fetchall(), lambda text, on: Check(text, tuple(on)))
    keys = _grouped(
        connection.execute(_KEYS, (oids,)).fetchall(),
        lambda name, on, parent, to, whole: ForeignKey(name, tuple(on), parent, tuple(to), whole),
    )
    tables = {
        oid: Table(
            oid,
            schema,
            name,
            kind,
            is_partition,
            tuple(columns.get(oid, ())),
            (*checks.get(oid, ()), *((Check(bounds),) if bounds else ())),
            tuple(keys.get(oid, ())),
        )
        for oid, schema, name, kind, is_partition, bounds in found
    }
    types = _read_types(connection, {c.type_oid for table in tables.values() for c in table.columns})
    partitions = _grouped(connection.execute(_PARTITIONS, (oids,)).fetchall(), lambda child: child)
    return Shape(tables, types, {parent: tuple(children) for parent, children in partitions.items()})


def _read_types(connection: psycopg.Connection[Any], wanted: set[int]) -> dict[int, Type]:
    """Those types and all that they are made of."""
    types: dict[int, Type] = {}
    while missing := wanted - types.keys():
        for oid, name, kind, modifier, category, within, labels, parts, checks in connection.execute(
            _TYPES, (list(missing),)
        ):
            types[oid] = Type(oid, name, kind, modifier, category, within, tuple(labels), parts, tuple(checks))
        wanted = {each.within for each in types.values() if each.within}
    return types


def _grouped(rows: list[Any], make: Any) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for oid, *values in rows:
        grouped.setdefault(oid, []).append(make(*values))
    return grouped
