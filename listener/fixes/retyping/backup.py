"""The spellings that a canonical cast gives up, kept by key in schema pgmend_backup until the fix is undone.

Undo reads them through a function in ALTER TABLE … USING: the table is rewritten once, no row trigger fires, and a row
that was written since keeps what was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from ...catalog.snapshot import Column, Table
from ...errors import PlanRefused
from ...hand import MARK
from ..backup_record import SCHEMA, backup_name
from ..composed import identifier
from ..dependents import Subject
from ..dependents.definition import literal
from ..dependents.grants import revoke_all
from ..execution.guard import guard
from ..headroom import in_bytes
from ..limits import Limits
from ..plan import Check, KeyedBackup

# Only types whose equality is PostgreSQL's own: others' operators never run for us.
_KEY_TYPES = """
select t.typname::text, t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace or t.typtype = 'e'
from pg_catalog.pg_type t where t.oid = any(%s::oid[])
"""
_OWNER = "select pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace n where n.nspname = %s"
# Where nothing is known of what a column holds, what a short text takes.
_WIDTHS = """
select coalesce(pg_catalog.sum(w.width) filter (where w.attnum = any(%(key)s)), 0)::int4,
  coalesce(pg_catalog.sum(w.width) filter (where w.attnum = %(column)s), 0)::int4
from (
  select a.attnum, coalesce(s.avg_width, case when t.typlen > 0 then t.typlen else 32 end) as width
  from pg_catalog.pg_attribute as a join pg_catalog.pg_type as t on t.oid = a.atttypid
    left join pg_catalog.pg_stats as s
      on s.schemaname = %(schema)s and s.tablename = %(name)s and s.attname = a.attname and not s.inherited
  where a.attrelid = %(table)s::oid and a.attnum > 0) as w
"""
_HEAP_ROW, _INDEX_ROW, _FILLED, _PAGE = 32, 16, 1.1, 8192
_DEFAULT_GRANTEES = """
select distinct case g.grantee when 0 then null else pg_catalog.pg_get_userbyid(g.grantee) end
from pg_catalog.pg_default_acl p, pg_catalog.aclexplode(p.defaclacl) g
where p.defaclrole = current_user::pg_catalog.regrole and p.defaclobjtype in ('r', 'f')
  and p.defaclnamespace in (0, (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'pgmend_backup'))
  and g.grantee <> p.defaclrole
"""


@dataclass(frozen=True, slots=True)
class SpellingBackup:
    """The relation that keeps the spellings of one column for one fix, and a function of that name which reads it.

    `owner` is the owner of schema pgmend_backup, who is given the relation: whoever may undo fixes may then read and
    drop it, and to an upgrade it is ours. It is None where pgmend is not installed.
    """

    name: str
    subject: Subject
    key: tuple[Column, ...]
    grantees: tuple[str | None, ...]
    owner: str | None
    bytes: int
    most_bytes: int

    @property
    def note(self) -> str:
        """What it takes, for whoever reads the plan."""
        # Not to the byte: who approves approves a plan that says the same a moment later.
        at_most = 1 << max(16, self.bytes.bit_length())
        return f"The spellings take less than {in_bytes(at_most)} in schema {SCHEMA}, as long as they are kept."

    @property
    def keyed(self) -> KeyedBackup:
        """Of which rows it holds something."""
        return KeyedBackup(self.name, self.subject.table.oid, tuple(column.number for column in self.key))

    @property
    def sql(self) -> str:
        """Its qualified name, as SQL."""
        return identifier(SCHEMA, self.name).as_string()

    def filled(self) -> Iterator[str]:
        """Statements that make it, readable by nobody but its owner, with the rows whose spelling the cast changes."""
        cast, value = self.subject.cast, self.subject.quoted_column
        keys = [f"{self._key_value(column)} as key_{place}" for place, column in enumerate(self.key, 1)]
        given = f"{cast.converted(value)} as given"
        rows = f"{MARK} select {', '.join([*keys, given, f'{value} as spelling'])} from only {self.subject.table_name}"
        yield f"create table {self.sql} as {rows} where not ({cast.exact(value)})"
        names = ", ".join(f"key_{place}" for place, _ in enumerate(self.key, 1))
        yield f"alter table {self.sql} add primary key ({names}), enable row level security"
        yield guard(self._small_enough)
        yield from revoke_all(self.sql, self.grantees)
        of = f"{self.subject.table_name}.{self.subject.column.name}"
        comment = f"Spellings of {of} before pgmend made it {cast.target.spelled}."
        yield f"comment on table {self.sql} is {literal(comment)}"
        if self.owner is not None:
            yield f"alter table {self.sql} owner to {identifier(self.owner).as_string()}"

    def reader(self) -> str:
        """The statement that makes the function: the spelling of a value that is still what the cast gave, by key."""
        cast = self.subject.cast
        keys = "".join(f" and b.key_{place} = ${place + 1}" for place, _ in enumerate(self.key, 1))
        same = "pg_catalog.record_image_eq(row(b.given), row($1))"
        body = (
            f"select coalesce((select b.spelling from {self.sql} as b where {same}{keys}), {cast.back.converted('$1')})"
        )
        return (
            f"create function {self._signature} returns {cast.source.sql}"
            f" language sql stable set search_path = pg_catalog, pg_temp as {literal(body)}"
        )

    def restored(self) -> str:
        """What ALTER TYPE puts in the column on the way back."""
        return f"{self.sql}({', '.join([self.subject.quoted_column, *(_quoted(column) for column in self.key)])})"

    def dropped(self) -> Iterator[str]:
        """Statements that take function and relation away."""
        yield f"drop function {self._signature}"
        yield f"drop table {self.sql}"

    @property
    def _small_enough(self) -> Check:
        size = f"pg_catalog.pg_total_relation_size({literal(self.sql)}::pg_catalog.regclass)"
        return Check(
            f"the backup has no more than backup_max_size ({in_bytes(self.most_bytes)})",
            f"select {size} as bytes where {size} > {self.most_bytes}",
            "What the spellings take in schema pgmend_backup.",
        )

    @property
    def _signature(self) -> str:
        types = [self.subject.cast.target.sql]
        types += [self.subject.cast.target.sql if self._changes(each) else each.type_name for each in self.key]
        return f"{self.sql}({', '.join(types)})"

    def _key_value(self, column: Column) -> str:
        """A key as it will be after the cast."""
        return self.subject.cast.converted(_quoted(column)) if self._changes(column) else _quoted(column)

    def _changes(self, column: Column) -> bool:
        return column.number == self.subject.column.number


async def spelling_backup(
    connection: AsyncConnection[TupleRow], subject: Subject, fix_id: UUID, *, rows: int, limits: Limits
) -> SpellingBackup:
    """The backup of that fix, of so many rows; raises PlanRefused where it would be too large, and for a table whose
    rows no key tells apart."""
    key = await _key(connection, subject.table)
    if key is None:
        raise PlanRefused(
            f"{subject.table_name} has no primary key or other key by which the spellings of {subject.column.name}"
            " could be kept for an undo. Cure: a primary key."
        )
    grantees = tuple(name for (name,) in await (await connection.execute(_DEFAULT_GRANTEES)).fetchall())
    owner = await (await connection.execute(_OWNER, (SCHEMA,))).fetchone()
    size = await _estimated(connection, subject, key, rows)
    if size > limits.backup_max_size:
        raise PlanRefused(
            f"The spellings of {rows} values of {subject.table_name} would take about {in_bytes(size)} in schema"
            f" {SCHEMA}; backup_max_size is {in_bytes(limits.backup_max_size)}. Cure: a larger backup_max_size,"
            " where the disk has room for it."
        )
    return SpellingBackup(
        backup_name("spelling", fix_id),
        subject,
        key,
        grantees,
        owner[0] if owner else None,
        size,
        limits.backup_max_size,
    )


async def _estimated(
    connection: AsyncConnection[TupleRow], subject: Subject, key: tuple[Column, ...], rows: int
) -> int:
    """Bytes of table and index, at most a few pages too many."""
    numbers = [column.number for column in key]
    table = subject.table
    values = {"table": table.oid, "schema": table.schema, "name": table.name, "key": numbers}
    found = await (await connection.execute(_WIDTHS, {**values, "column": subject.column.number})).fetchone()
    key_width, width = found or (0, 0)
    heap, index = _HEAP_ROW + key_width + 2 * width, _INDEX_ROW + key_width
    return round(rows * (heap + index) * _FILLED) + 3 * _PAGE


def key_columns(table: Table) -> tuple[Column, ...]:
    """The columns by which a person would name a row; none where the table has no key."""
    return next(_keys(table), ())


async def _key(connection: AsyncConnection[TupleRow], table: Table) -> tuple[Column, ...] | None:
    for key in _keys(table):
        types = await (await connection.execute(_KEY_TYPES, ([column.type_oid for column in key],))).fetchall()
        if all(known for _, known in types):
            return key
    return None


def _keys(table: Table) -> Iterator[tuple[Column, ...]]:
    """The primary key, then the other unique keys whose columns are never NULL."""
    for index in sorted(table.unique_keys(), key=lambda each: not each.primary):
        key = tuple(column for number in index.columns if (column := table.column(number)) is not None)
        if key and all(column.not_null for column in key):
            yield key


def _quoted(column: Column) -> str:
    return sql.Identifier(column.name).as_string()
