"""What the text of a statement says that it does: as far as that may take long under a lock.

A text without literals still says all that is asked here. One that was withheld, or does not parse, says nothing, and
then the catalogs alone are asked (`changed.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, cast

import pglast
from pglast import ast
from pglast.enums import AlterTableType, BoolExprType, ConstrType, NullTestType, ObjectType
from pglast.visitors import Visitor

from .impact import Lock


class Sort(Enum):
    """What a command does. Of the first four the statement alone does not tell whether rows are written anew."""

    ADD_COLUMN = auto()
    TYPE = auto()
    STORAGE = auto()
    EXPRESSION = auto()
    NOT_NULL = auto()
    CHECK = auto()
    FOREIGN_KEY = auto()
    KEY = auto()
    EXCLUSION = auto()
    ATTACH = auto()
    INDEX = auto()
    REINDEX = auto()
    DROP_INDEX = auto()
    OTHER = auto()


REWRITING: Final = frozenset({Sort.ADD_COLUMN, Sort.TYPE, Sort.STORAGE, Sort.EXPRESSION})


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `name` is the constraint's, index's or partition's, "" where the statement leaves it to PostgreSQL.

    `surely` says of one that may write rows anew that it does, whatever the types. `proves` are columns that a CHECK
    says are never null; such a command is no concern by itself where it is `harmless`: NOT VALID.
    """

    sort: Sort
    lock: Lock
    columns: tuple[str, ...] = ()
    name: str = ""
    surely: bool = False
    harmless: bool = False
    proves: frozenset[str] = frozenset()


_AE, _SRE, _SHARE, _SUE = (
    Lock.ACCESS_EXCLUSIVE,
    Lock.SHARE_ROW_EXCLUSIVE,
    Lock.SHARE,
    Lock.SHARE_UPDATE_EXCLUSIVE,
)
_GENTLE: Final = frozenset(
    {
        AlterTableType.AT_ValidateConstraint,
        AlterTableType.AT_SetStatistics,
        AlterTableType.AT_SetOptions,
        AlterTableType.AT_ResetOptions,
        AlterTableType.AT_ClusterOn,
        AlterTableType.AT_DropCluster,
        AlterTableType.AT_SetRelOptions,
        AlterTableType.AT_ResetRelOptions,
        AlterTableType.AT_AttachPartition,
        AlterTableType.AT_DetachPartitionFinalize,
    }
)
_TRIGGERS: Final = frozenset(
    {
        AlterTableType.AT_EnableTrig,
        AlterTableType.AT_EnableAlwaysTrig,
        AlterTableType.AT_EnableReplicaTrig,
        AlterTableType.AT_DisableTrig,
        AlterTableType.AT_EnableTrigAll,
        AlterTableType.AT_DisableTrigAll,
        AlterTableType.AT_EnableTrigUser,
        AlterTableType.AT_DisableTrigUser,
    }
)
_STORAGE: Final = {
    AlterTableType.AT_SetLogged: "LOGGED",
    AlterTableType.AT_SetUnLogged: "UNLOGGED",
    AlterTableType.AT_SetTableSpace: "TABLESPACE",
    AlterTableType.AT_SetAccessMethod: "ACCESS METHOD",
}
_SERIALS: Final = frozenset({"serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"})


def commands_of(text: str | None) -> tuple[Command, ...] | None:
    """What the statement does to existing tables; None where its text is not known."""
    if text is None:
        return None
    node = _only(text)
    return None if node is None else tuple(_of(node))


def never_null(condition: object) -> frozenset[str]:
    """The columns that a row has no NULL in where the condition holds, as PostgreSQL concludes for SET NOT NULL."""
    if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        return frozenset[str]().union(*map(never_null, cast("tuple[object, ...]", condition.args or ())))
    if isinstance(condition, ast.NullTest) and condition.nulltesttype == NullTestType.IS_NOT_NULL:
        return frozenset(_names(condition.arg)[-1:])
    return frozenset()


def _of(node: ast.Node) -> Iterator[Command]:
    match node:
        case ast.AlterTableStmt() if node.objtype == ObjectType.OBJECT_TABLE:
            for command in cast("tuple[ast.AlterTableCmd, ...]", node.cmds or ()):
                yield from _part(command)
        case ast.IndexStmt() if not node.concurrent and node.relation is not None and node.relation.inh:
            yield Command(Sort.INDEX, _SHARE, name=node.idxname or "")
        case ast.DropStmt() if node.removeType == ObjectType.OBJECT_INDEX and not node.concurrent:
            yield Command(Sort.DROP_INDEX, _AE)
        case ast.ReindexStmt() if not _concurrently(node):
            yield Command(Sort.REINDEX, _SHARE)
        case ast.RenameStmt() if node.relationType == ObjectType.OBJECT_TABLE or node.renameType in _RENAMED:
            yield Command(Sort.OTHER, _AE)
        case ast.AlterObjectSchemaStmt() if node.objectType == ObjectType.OBJECT_TABLE:
            yield Command(Sort.OTHER, _AE)
        case ast.CreateTrigStmt():
            yield Command(Sort.OTHER, _SRE)
        case _:
            pass


_RENAMED: Final = (ObjectType.OBJECT_TABLE, ObjectType.OBJECT_TABCONSTRAINT)


def _part(command: ast.AlterTableCmd) -> Iterator[Command]:
    """One part of an ALTER TABLE."""
    kind, name, node = command.subtype, command.name or "", command.def_
    match kind:
        case AlterTableType.AT_AddColumn if isinstance(node, ast.ColumnDef):
            yield from _added(node)
        case AlterTableType.AT_AlterColumnType:
            yield Command(Sort.TYPE, _AE, (name,))
        case AlterTableType.AT_SetExpression:
            yield Command(Sort.EXPRESSION, _AE, (name,), surely=True)
        case AlterTableType.AT_SetNotNull:
            yield Command(Sort.NOT_NULL, _AE, (name,))
        case AlterTableType.AT_AddConstraint if isinstance(node, ast.Constraint):
            yield _constraint(node)
        case AlterTableType.AT_AttachPartition if isinstance(node, ast.PartitionCmd) and node.name is not None:
            yield Command(Sort.ATTACH, _AE, name=node.name.relname or "")
        case AlterTableType.AT_DetachPartition if isinstance(node, ast.PartitionCmd) and node.concurrent:
            yield Command(Sort.OTHER, _SUE)
        case _ if kind is not None and kind in _STORAGE:
            yield Command(Sort.STORAGE, _AE, name=_STORAGE[kind])
        case _:
            yield Command(Sort.OTHER, _SUE if kind in _GENTLE else _SRE if kind in _TRIGGERS else _AE)


def _added(column: ast.ColumnDef) -> Iterator[Command]:
    """A new column: whether it is written into each row, and what its constraints read."""
    name = column.colname or ""
    constraints = cast("tuple[ast.Constraint, ...]", column.constraints or ())
    kinds = {each.contype for each in constraints}
    serial = not _SERIALS.isdisjoint(_names(column.typeName and column.typeName.names))
    numbered = serial or ConstrType.CONSTR_IDENTITY in kinds
    stored = any(each.contype == ConstrType.CONSTR_GENERATED and each.generated_kind != "v" for each in constraints)
    has_default = numbered or ConstrType.CONSTR_DEFAULT in kinds
    yield Command(Sort.ADD_COLUMN, _AE, (name,), surely=numbered or stored)
    for each in constraints:
        match each.contype:
            # Where all rows have NULL there, PostgreSQL has nothing to look up.
            case ConstrType.CONSTR_FOREIGN if has_default or stored:
                yield Command(Sort.FOREIGN_KEY, _AE, (name,), each.conname or "")
            case ConstrType.CONSTR_CHECK:
                yield Command(Sort.CHECK, _AE, name=each.conname or "")
            case ConstrType.CONSTR_UNIQUE | ConstrType.CONSTR_PRIMARY:
                yield Command(Sort.KEY, _AE, (name,), each.conname or "")
            case _:
                pass


def _constraint(node: ast.Constraint) -> Command:
    name = node.conname or ""
    harmless = bool(node.skip_validation) or node.is_enforced is False
    match node.contype:
        case ConstrType.CONSTR_CHECK:
            return Command(Sort.CHECK, _AE, name=name, harmless=harmless, proves=never_null(node.raw_expr))
        case ConstrType.CONSTR_FOREIGN:
            return Command(Sort.FOREIGN_KEY, _SRE, _names(node.fk_attrs), name, harmless=harmless)
        case ConstrType.CONSTR_NOTNULL:
            return Command(Sort.NOT_NULL, _AE, _names(node.keys), harmless=harmless)
        case ConstrType.CONSTR_UNIQUE | ConstrType.CONSTR_PRIMARY:
            return Command(Sort.KEY, _AE, _names(node.keys), name, harmless=node.indexname is not None)
        case ConstrType.CONSTR_EXCLUSION:
            return Command(Sort.EXCLUSION, _AE, name=name)
        case _:
            return Command(Sort.OTHER, _AE)


def _concurrently(node: ast.ReindexStmt) -> bool:
    options = cast("tuple[ast.DefElem, ...]", node.params or ())
    return any(option.defname == "concurrently" and _is_on(option.arg) for option in options)


def _is_on(value: object) -> bool:
    """Whether an option that may be given a value is switched on."""
    match value:
        case None:
            return True
        case ast.String():
            return (value.sval or "").lower() not in ("off", "false")
        case ast.Integer():
            return bool(value.ival)
        case _:
            return bool(getattr(value, "boolval", True))


def _names(node: object) -> tuple[str, ...]:
    """The strings in a list of names, or of a column reference."""
    parts = node.fields if isinstance(node, ast.ColumnRef) else node
    listed = cast("tuple[object, ...]", parts) if isinstance(parts, tuple) else ()
    return tuple(part.sval or "" for part in listed if isinstance(part, ast.String))


def columns_in(expression: str) -> frozenset[str]:
    """The names of the columns that an expression of the server mentions; none where it does not parse."""
    node = _only(f"select {expression}")
    seen = _Columns()
    if node is not None:
        seen(node)
    return frozenset(seen.found)


def check_proves(definition: str) -> frozenset[str]:
    """The columns that are never null where a CHECK holds, of which that is the definition."""
    node = _only(f"alter table x add {definition}")
    commands = _of(node) if node is not None else ()
    return frozenset[str]().union(*(command.proves for command in commands))


def _only(text: str) -> ast.Node | None:
    """The statement in the text; None where it does not parse, or is not one."""
    try:
        statements: Sequence[Any] = pglast.parse_sql(text)
    except pglast.Error:
        return None
    return statements[0].stmt if len(statements) == 1 else None


class _Columns(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - pglast finds it by this name
        self.found.update(_names(node)[-1:])
