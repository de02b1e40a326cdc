"""From a difference to a finding: its place, its words, and what brings back what should be."""

from __future__ import annotations

from typing import Any, cast

import pglast
from pglast import ast
from pglast.enums import ConstrType

from ..catalog.snapshot import AttributeNumber, Oid, Table
from ..catalog.surroundings import Place
from ..evidence import Evidence
from ..expected.difference import Difference
from ..expected.portrait import ObjectKind
from ..expected.verdict import part, states, untold
from ..issue import Finding, Issue
from ..relations.weights import DECLARED
from ..remedy import AddForeignKey, ChangeColumnType, CreateIndex, Remedy, RestoreObject
from .scene import Scene

EVIDENCE = "expected"
"""The kind of evidence by which an issue of the expected schema is known."""

_KEYS = (ConstrType.CONSTR_PRIMARY, ConstrType.CONSTR_UNIQUE)
# Of these another definition cannot be put in the place of the one that is there.
_NOT_REPLACED = frozenset(
    {
        ObjectKind.TYPE,
        ObjectKind.CONSTRAINT,
        ObjectKind.INDEX,
        ObjectKind.MATERIALIZED_VIEW,
        ObjectKind.POLICY,
        ObjectKind.STATISTICS,
    }
)


def finding(difference: Difference, scene: Scene, remedy: Remedy | None = None) -> Finding:
    """The difference as a rule tells it; without a remedy of another kind the object is restored."""
    name = difference.name
    current, expected = states(difference)
    in_table = difference.table in scene.snapshot.tables
    place = None
    if not in_table:
        schema = name.schema or (name.name if name.kind is ObjectKind.SCHEMA else "")
        own = "" if name.kind in (ObjectKind.SCHEMA, ObjectKind.EXTENSION) else name.name
        place = Place(schema, name.relation or own, part(difference))
    source = scene.expected.source
    return Finding(
        difference.table if in_table else 0,
        current_state=current,
        expected_state=expected,
        columns=(difference.number,) if in_table and difference.number else (),
        object_name=part(difference),
        evidence=(Evidence(EVIDENCE, DECLARED, f"{source[0].upper()}{source[1:]} says so."),),
        remedy=remedy or restoration(difference),
        doubt=scene.expected.only_reports,
        place=place,
        untold=untold(difference),
    )


def is_expected(issue: Issue) -> bool:
    """Whether the expected schema, and no inference, says what should be."""
    return any(each.kind == EVIDENCE for each in issue.evidence)


def restoration(difference: Difference) -> RestoreObject | None:
    """The object brought back, in the aspect that differs; None for what is there unexpectedly."""
    if difference.aspect == "unexpected":
        return None
    name = difference.name
    return RestoreObject(
        difference.table,
        name.kind.value,
        name.schema,
        name.relation,
        name.name,
        difference.aspect,
        difference.found_as,
        drops=difference.aspect == "definition" and (name.kind in _NOT_REPLACED or _loses_columns(difference)),
        oids=_oids(difference) if not difference.table else (),
    )


def _oids(difference: Difference) -> tuple[Oid, ...]:
    """What it has, and what it had when it was captured: somebody may have made it anew."""
    addresses = (each.address for each in (difference.found, difference.object) if each is not None)
    return tuple(dict.fromkeys(address.object_id for address in addresses if address is not None))


def foreign_key(difference: Difference, scene: Scene) -> AddForeignKey | None:
    """The foreign key that is missing, where all that it names is there."""
    node = _parsed(f"alter table x add {difference.object.definition}")
    table = scene.snapshot.tables.get(difference.table)
    if table is None or not isinstance(node, ast.AlterTableStmt):
        return None
    key: Any = cast("Any", node.cmds)[0].def_
    if not isinstance(key, ast.Constraint) or key.pktable is None or "PERIOD" in difference.object.definition.upper():
        return None
    parent = scene.snapshot.by_name.get((key.pktable.schemaname or "", key.pktable.relname or ""))
    columns = _numbers(table, key.fk_attrs)
    referenced = _numbers(parent, key.pk_attrs) if parent is not None else None
    narrowed = _numbers(table, key.fk_del_set_cols)
    if parent is None or not columns or not referenced or narrowed is None:
        return None
    return AddForeignKey(
        table.oid,
        columns,
        parent.oid,
        referenced,
        on_update=key.fk_upd_action or "a",
        on_delete=key.fk_del_action or "a",
        on_delete_columns=narrowed,
        match_type=key.fk_matchtype or "s",
        deferrable=bool(key.deferrable),
        deferred=bool(key.initdeferred),
        validated=not key.skip_validation,
        name=difference.name.name,
    )


def index(difference: Difference, scene: Scene) -> CreateIndex | None:
    """The index that is missing, where its columns are there and it can be built without blocking writes."""
    table, node = scene.snapshot.tables.get(difference.table), _parsed(difference.object.definition)
    if table is None or table.kind != "r" or not isinstance(node, ast.IndexStmt):
        return None
    columns = _keys(table, node.indexParams)
    included = _keys(table, node.indexIncludingParams)
    if not columns or included is None:
        return None
    return CreateIndex(
        table.oid,
        columns,
        name=difference.name.name,
        definition=difference.object.definition,
        method=str(node.accessMethod or "btree"),
        unique=bool(node.unique),
        nulls_not_distinct=bool(node.nulls_not_distinct),
        included=included,
    )


def unique_key(difference: Difference, table: Table) -> tuple[tuple[AttributeNumber, ...], bool] | None:
    """The columns of a missing unique key, a constraint's or an index's, and whether NULLs are equal in it.

    None where it is no such key, or not one of columns alone and of all rows.
    """
    kind, text = difference.name.kind, difference.object.definition
    if difference.aspect != "existence" or kind not in (ObjectKind.CONSTRAINT, ObjectKind.INDEX):
        return None
    node = _parsed(text if kind is ObjectKind.INDEX else f"alter table x add {text}")
    if isinstance(node, ast.IndexStmt):
        if not node.unique or node.whereClause is not None:
            return None
        columns = _keys(table, node.indexParams)
        return (columns, bool(node.nulls_not_distinct)) if columns and 0 not in columns else None
    key: Any = cast("Any", node.cmds)[0].def_ if isinstance(node, ast.AlterTableStmt) else None
    if not isinstance(key, ast.Constraint) or key.contype not in _KEYS or key.without_overlaps:
        return None
    columns = _numbers(table, key.keys)
    return (columns, bool(key.nulls_not_distinct)) if columns else None


def column_type(difference: Difference) -> ChangeColumnType | None:
    """The column's type as it should be; one that was seen with it (its stored type is known) gets it back."""
    found = difference.found
    if (
        found is None
        or not difference.table
        or difference.object.fields.get("collation") != found.fields.get("collation")
    ):
        return None
    known = difference.object.tree is not None
    return ChangeColumnType(difference.table, difference.number, difference.object.fields["type"], restores=known)


def _loses_columns(difference: Difference) -> bool:
    """Whether what a view has now is more than CREATE OR REPLACE VIEW could turn into what it should have."""
    if difference.name.kind is not ObjectKind.VIEW or difference.found is None:
        return False
    before, after = difference.object.fields.get("columns", ""), difference.found.fields.get("columns", "")
    return before != after and not before.startswith(f"{after}, ")


def _parsed(text: str) -> ast.Node | None:
    try:
        statements: tuple[Any, ...] = pglast.parse_sql(text)
    except pglast.Error:
        return None
    return statements[0].stmt


def _numbers(table: Table, names: Any) -> tuple[AttributeNumber, ...] | None:
    """The numbers of columns in a list of String nodes; None where one is not there."""
    columns = [table.column_named(name.sval) for name in names or ()]
    return None if None in columns else tuple(column.number for column in columns if column is not None)


def _keys(table: Table, elements: Any) -> tuple[AttributeNumber, ...] | None:
    """The same of index elements; 0 is an expression."""
    numbers: list[AttributeNumber] = []
    for element in elements or ():
        column = table.column_named(element.name) if element.name else None
        if element.name and column is None:
            return None
        numbers.append(column.number if column is not None else 0)
    return tuple(numbers)
