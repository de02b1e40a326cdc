"""Indexes on the column, made anew on the shadow while everybody writes, and given their names in the swap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from pglast import ast
from pglast.stream import RawStream
from pglast.visitors import Visitor
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from ..composed import identifier, statement, verbatim
from ..dependents import Subject
from ..dependents.definition import literal, verified
from ..indexes.definition import IndexDefinition
from ..indexes.facts import IndexFacts, read_index
from ..indexes.steps import drop_statement
from ..names import first_free, free_relation_name
from ..plan import Lock, Step
from ..retyping.casts import Cast
from .carried import Carried, Constrained
from .shadow import Shadow, quoted

_ON_COLUMN = """
select i.indexrelid::bigint from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = %(table)s::oid and (%(column)s = any(i.indkey::int2[]) or exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = i.indrelid and d.refobjsubid = %(column)s))
order by c.relname
"""
# Types in which different values are never equal; of text and varchar that is up to the collation.
_PLAIN = frozenset({"int2", "int4", "int8", "uuid", "bool", "date", "timestamp"})
_TEXTS = frozenset({"text", "varchar"})
_NONDETERMINISTIC = """
select not c.collisdeterministic from pg_catalog.pg_attribute a join pg_catalog.pg_collation c on c.oid = a.attcollation
where a.attrelid = %(table)s::oid and a.attnum = %(column)s
"""


@dataclass(frozen=True, slots=True)
class Heir:
    """One index, with the names that its successors have until the swap, on the way there and back."""

    subject: Subject
    facts: IndexFacts
    interim: str
    interim_back: str
    key: Constrained | None

    @property
    def unique(self) -> bool:
        """Whether two rows may not be equal in it."""
        return self.facts.unique

    def step(self, shadow: Shadow) -> Step:
        """The step that makes the successor."""
        return built(shadow, self.interim, self._create(shadow.name), f"Create index {self.facts.name} anew")

    @property
    def computed(self) -> tuple[str, ...]:
        """What of it is computed from the column, and might fail."""
        parsed = IndexDefinition.read(self.facts.definition).parsed
        elements = cast("tuple[ast.IndexElem, ...]", parsed.indexParams or ())
        found = [each.expr for each in elements if each.expr is not None]
        found += [parsed.whereClause] if parsed.whereClause is not None else []
        return tuple(RawStream()(each) for each in found if _mentions(each, self.subject.column.name))

    def down(self) -> Iterator[str]:
        """The statement that drops the index, or the key that it is of."""
        if self.key is not None:
            yield verified(f"alter table only {self.subject.table_name} drop constraint {quoted(self.key.name)}")
        else:
            yield verified(f"drop index {identifier(self.facts.schema, self.facts.name).as_string()}")

    def up(self, made_on: str) -> Iterator[str]:
        """Statements that put the successor, made on the column of that name, in its place."""
        table, name = self.subject.table_name, identifier(self.facts.schema, self.facts.name).as_string()
        if self.key is not None:
            yield from self.key.added_using(table, self.interim)
        else:
            interim = identifier(self.facts.schema, self.interim).as_string()
            yield verified(f"alter index {interim} rename to {quoted(self.facts.name)}")
        for before, now in zip(self._names(made_on), self._names(self.subject.column.name), strict=True):
            if before != now:
                yield verified(f"alter table {name} rename column {quoted(before)} to {quoted(now)}")
        if self.facts.comment is not None:
            yield verified(f"comment on index {name} is {literal(self.facts.comment)}")
        if self.facts.clustered:
            yield verified(f"alter table only {table} cluster on {quoted(self.facts.name)}")

    def _names(self, column: str) -> list[str]:
        """What PostgreSQL calls the index's own columns, were the column called so: renaming it leaves them."""
        parsed = IndexDefinition.read(self.facts.definition).parsed
        _Renaming(self.subject.column.name, column)(parsed)
        names: list[str] = []
        for each in cast(
            "tuple[ast.IndexElem, ...]", (*(parsed.indexParams or ()), *(parsed.indexIncludingParams or ()))
        ):
            stem = each.name or _called(each.expr) or ""
            names.append(first_free(stem, "", names))
        return names

    def _create(self, column: str) -> str:
        """CREATE INDEX CONCURRENTLY on the other column, found to say what was meant once it is read back."""
        meant = IndexDefinition.read(self.facts.definition).parsed
        _Renaming(self.subject.column.name, column)(meant)
        meant.concurrent, meant.idxname, meant.tableSpace = True, self.interim, self.facts.tablespace
        table = self.subject.table
        text = RawStream()(meant)
        composed = statement(verbatim(text), ast.IndexStmt, (table.schema, table.name), (table.schema, self.interim))
        if IndexDefinition.read(composed).parsed != meant:
            raise PlanRefused(f"Composed another index than was meant: {composed}")
        return composed


async def read_heirs(connection: AsyncConnection[TupleRow], subject: Subject, carried: Carried) -> tuple[Heir, ...]:
    """The indexes on the column; raises PlanRefused where one cannot be made beside another."""
    parameters = {"table": subject.table.oid, "column": subject.column.number}
    found: list[Heir] = []
    taken: set[str] = set()
    nondeterministic = await (await connection.execute(_NONDETERMINISTIC, parameters)).fetchone()
    for (oid,) in await (await connection.execute(_ON_COLUMN, parameters)).fetchall():
        facts = await read_index(connection, oid)
        interim: list[str] = []
        for suffix in ("_pgmend_new", "_pgmend_old"):
            interim.append(await free_relation_name(connection, facts.schema, facts.name, suffix, taken))
            taken.add(interim[-1])
        heir = Heir(subject, facts, interim[0], interim[1], carried.key(oid))
        _refuse(heir, plain=not (nondeterministic and nondeterministic[0]))
        found.append(heir)
    return tuple(found)


def built(shadow: Shadow, name: str, create: str, title: str, before: tuple[str, ...] = ()) -> Step:
    """The step that makes an index of that name on the shadow; what stands half made is dropped."""
    table = shadow.subject.table
    return Step(
        title=title,
        statements=(*before, create),
        transactional=False,
        probe=shadow.probe(standing(shadow, name)),
        locks=(Lock("SHARE UPDATE EXCLUSIVE", shadow.subject.table_name),),
        cleanup=(drop_statement(table.schema, name, if_exists=True),),
        long_running=True,
    )


def standing(shadow: Shadow, name: str) -> str:
    """The cases of a probe that tell what has become of an index of that name."""
    table = shadow.subject.table
    found = (
        "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " join pg_catalog.pg_index i on i.indexrelid = c.oid"
        f" where n.nspname = {literal(table.schema)} and c.relname = {literal(name)} and i.indrelid = {table.oid}::oid"
        f" and ({shadow.number} = any(i.indkey::pg_catalog.int2[]) or exists (select from pg_catalog.pg_depend d"
        " where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid"
        " and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
        f" and d.refobjid = i.indrelid and d.refobjsubid = {shadow.number}))"
    )
    return (
        f"when exists (select {found} and i.indisvalid and i.indisready and i.indislive) then 'done'"
        f" when exists (select {found}) then 'partial'"
    )


def uncast_step(shadow: Shadow) -> Step:
    """The step that makes the index of the rows without a value; before it, the planner gets to know the shadow.

    It holds no values: it would have no place for long ones, and fail who writes them.
    """
    table = shadow.subject.table
    text = (
        f"create index concurrently {quoted(shadow.uncast)} on only {shadow.subject.table_name}"
        f" using btree (({shadow.quoted} is null)) where {shadow.missing}"
    )
    create = statement(verbatim(text), ast.IndexStmt, (table.schema, table.name), (table.schema, shadow.uncast))
    analyze = f"analyze {shadow.subject.table_name} ({shadow.quoted})"
    return built(shadow, shadow.uncast, create, "Index the rows whose value has no like", (analyze,))


def _refuse(heir: Heir, *, plain: bool) -> None:
    facts, subject = heir.facts, heir.subject
    parsed = IndexDefinition.read(facts.definition).parsed
    mentions = _Mentions(subject.column.name)
    for each in (*cast("tuple[Any, ...]", parsed.indexParams or ()), parsed.whereClause):
        if isinstance(each, ast.IndexElem):
            mentions(each)
    in_expression = mentions.found
    if parsed.whereClause is not None:
        mentions(parsed.whereClause)
    both_ways = injective(subject.cast, plain=plain) and injective(subject.cast.back, plain=plain)
    reasons = {
        "is used as replica identity": facts.replica_identity,
        "is of an exclusion constraint": facts.exclusion,
        "takes NULLs for equal": facts.unique and bool(parsed.nulls_not_distinct),
        "is unique by an expression of the column": facts.unique and in_expression,
        f"is unique, and different values of one type may be equal in the other ({subject.cast.source.spelled},"
        f" {subject.cast.target.spelled})": facts.unique and not both_ways,
        "might have no place for a value that is longer in the other type": _may_grow(subject.cast),
    }  # fmt: skip
    if reason := next((reason for reason, holds in reasons.items() if holds), None):
        raise PlanRefused(f"Index {facts.name} {reason}: this is not changed online.")


def _may_grow(cast_: Cast) -> bool:
    """Whether a value that fits into an index may be too long for one in the other type: there, or back."""
    families = {cast_.source.family, cast_.target.family}
    numeric = any(each.family == "numeric" and each.precision is None for each in (cast_.source, cast_.target))
    return ("string" in families and (bool(families & {"json", "jsonb"}) or numeric)) or families == {"json", "jsonb"}


def injective(cast_: Cast, *, plain: bool) -> bool:
    """Whether two values that the cast keeps are never equal afterwards. `plain` says that texts are equal by byte."""
    target = cast_.target.name
    if target in _TEXTS:
        return plain
    return target in _PLAIN or (target in {"numeric", "float4", "float8"} and cast_.source.family == "integer")


def _called(expression: object) -> str | None:
    """The column that an expression is called by: it is nothing but that, or its cast."""
    if isinstance(expression, ast.TypeCast | ast.CollateClause):
        return _called(expression.arg)
    if isinstance(expression, ast.ColumnRef):
        last = (expression.fields or (None,))[-1]
        return last.sval if isinstance(last, ast.String) else None
    return None


def _mentions(expression: object, column: str) -> bool:
    mentions = _Mentions(column)
    mentions(cast("ast.Node", expression))
    return mentions.found


class _Renaming(Visitor):
    """Gives a column another name, wherever a statement on its table alone names it."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__()
        self._before = before
        self._after = after

    def visit_IndexElem(self, _: object, node: ast.IndexElem) -> None:  # noqa: N802 - pglast finds it by this name
        if node.name == self._before:
            node.name = self._after

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802
        fields = cast("tuple[ast.String, ...]", node.fields)
        if len(fields) == 1 and fields[0].sval == self._before:
            node.fields = (ast.String(sval=self._after),)


class _Mentions(Visitor):
    """Whether an expression names the column."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.found = False

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - pglast finds it by this name
        last = (node.fields or (None,))[-1]
        self.found |= not isinstance(last, ast.String) or last.sval == self._name
