"""Steps that make and drop an index without blocking writes, for every fix kind that needs one."""

from __future__ import annotations

from pglast import ast
from psycopg import sql

from ...catalog.snapshot import Oid, Table
from ..composed import identifier, query, statement
from ..plan import Check, Lock, Step
from .definition import IndexShape

_CATALOGS = (("pg_catalog", "pg_class"), ("pg_catalog", "pg_namespace"), ("pg_catalog", "pg_index"))

_FOUND = sql.SQL(
    """(select) as one left join (pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = {schema} and c.relname = {name}
  join pg_catalog.pg_index i on i.indexrelid = c.oid and i.indrelid = {table}::oid
  join pg_catalog.pg_am m on m.oid = c.relam) on m.amname = {method} and i.indisunique = {unique}
    and i.indkey::text = {columns} and i.indnkeyatts = {key_columns} and (i.indpred is not null) = {partial}"""
)
# One that another session is building just now is nothing that ours left: it is that session's. What it builds it shows
# to those alone who may see its statistics; to others it shows that it builds, and pg_locks on which table.
_MADE = sql.SQL(
    """select case when i.indexrelid is null then 'before'
  when i.indisvalid and i.indisready and i.indislive then 'done'
  when exists (
    select from pg_catalog.pg_stat_progress_create_index p
    where p.datname = pg_catalog.current_database() and p.pid <> pg_catalog.pg_backend_pid()
      and (p.index_relid = i.indexrelid or p.index_relid is null and exists (
        select from pg_catalog.pg_locks l where l.pid = p.pid and l.relation = i.indrelid and l.granted
          and l.mode = 'ShareUpdateExclusiveLock'))) then 'before'
  else 'partial' end from """
)
_BEGUN = sql.SQL("select case when i.indexrelid is null then 'before' else 'done' end from ")
_DROPPED = sql.SQL("select case when i.indexrelid is null then 'done' else 'before' end from ")
_DEPENDENTS = sql.SQL(
    """select pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as dependent
from pg_catalog.pg_depend d join pg_catalog.pg_class c on d.refobjid = c.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.refclassid = 'pg_catalog.pg_class'::regclass and n.nspname = {schema} and c.relname = {name}
  and d.deptype not in ('P', 'S')
union all
select pg_catalog.format('constraint %I', t.conname)
from pg_catalog.pg_constraint t join pg_catalog.pg_class c on t.conindid = c.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname = {name}"""
)


def create_step(table: Table, name: str, create: str, shape: IndexShape, table_name: str) -> Step:
    """The step that runs `create`, a CREATE INDEX CONCURRENTLY of that shape; an invalid leftover is dropped."""
    return Step(
        title=f"Create index {name}",
        statements=(create,),
        transactional=False,
        probe=made_probe(table, name, shape),
        locks=(Lock("SHARE UPDATE EXCLUSIVE", table_name),),
        cleanup=(drop_statement(table.schema, name, if_exists=True),),
        long_running=True,
    )


def drop_step(table: Table, name: str, shape: IndexShape, table_name: str) -> Step:
    """The step that drops an index of that name and shape, valid or not."""
    return Step(
        title=f"Drop index {name}",
        statements=(drop_statement(table.schema, name),),
        transactional=False,
        probe=_probe(_DROPPED, table.oid, table.schema, name, shape),
        locks=(Lock("SHARE UPDATE EXCLUSIVE", table_name),),
        long_running=True,
    )


def made_probe(table: Table, name: str, shape: IndexShape, *, whole: bool = True) -> str:
    """Whether the index is there: valid, or with `whole` false in any state, as a partitioned one is at first."""
    if not whole:
        return _probe(_BEGUN, table.oid, table.schema, name, shape)
    return _probe(_MADE, table.oid, table.schema, name, shape, "pg_stat_progress_create_index", "pg_locks")


def drop_plainly(table: Table, name: str, shape: IndexShape, table_name: str) -> Step:
    """The step that drops a partitioned index with all that is attached to it, which goes in one transaction alone."""
    text = sql.SQL("drop index {}").format(identifier(table.schema, name))
    return Step(
        title=f"Drop index {name} of the partitioned table",
        statements=(statement(text, ast.DropStmt, (table.schema, name)),),
        transactional=True,
        probe=_probe(_DROPPED, table.oid, table.schema, name, shape),
        locks=(Lock("ACCESS EXCLUSIVE", table_name),),
    )


def drop_statement(schema: str, name: str, *, if_exists: bool = False) -> str:
    """DROP INDEX CONCURRENTLY."""
    text = sql.SQL("drop index concurrently {}{}").format(
        sql.SQL("if exists " if if_exists else ""), identifier(schema, name)
    )
    return statement(text, ast.DropStmt, (schema, name))


def nothing_depends_on(schema: str, name: str) -> Check:
    """The check that an index can be dropped: no constraint and nothing else has come to stand on it."""
    text = _DEPENDENTS.format(schema=sql.Literal(schema), name=sql.Literal(name))
    catalogs = ("pg_depend", "pg_class", "pg_namespace", "pg_constraint")
    return Check(
        f"nothing depends on index {name}",
        query(text, *(("pg_catalog", catalog) for catalog in catalogs)),
        "What stands on the index and would go with it.",
    )


def _probe(verdict: sql.SQL, table: Oid, schema: str, name: str, shape: IndexShape, *views: str) -> str:
    identifier(schema, name)
    found = _FOUND.format(
        schema=sql.Literal(schema),
        name=sql.Literal(name),
        table=sql.Literal(table),
        method=sql.Literal(shape.method),
        unique=sql.Literal(shape.unique),
        columns=sql.Literal(" ".join(map(str, shape.columns))),
        key_columns=sql.Literal(shape.key_columns),
        partial=sql.Literal(shape.partial),
    )
    return query(verdict + found, *_CATALOGS, *(("pg_catalog", each) for each in ("pg_am", *views)))
