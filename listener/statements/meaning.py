"""Whether a statement means the same after a change: the trees that the server makes of it, before and after.

A column that has another type has it wherever it stands in a tree, and what compares, sorts or computes with it has
other operators there. Two things hide it: a whole row, whose type stays the same; and lists of all columns, which stand
in a tree whether or not they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

from ..catalog.snapshot import Oid
from .tree import Node, Value, nodes_in, tree_of

_SHAPES: Final = """
select pg_catalog.format('%I.%I', n.nspname, c.relname), c.oid::bigint, c.reltype::bigint,
  (select t.typarray::bigint from pg_catalog.pg_type as t where t.oid = c.reltype),
  (select pg_catalog.jsonb_object_agg(a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod))
    from pg_catalog.pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
"""
_ORDERING: Final = """
select distinct o.amopopr::text::pg_catalog.oid::bigint::text from pg_catalog.pg_amop as o
where o.amopmethod = (select a.oid from pg_catalog.pg_am as a where a.amname = 'btree') and o.amopstrategy <> 3
"""
# Where it stood in the text; what all columns of a relation are, used or not; OIDs of constraints, which are made anew.
_NOTHING: Final = frozenset(
    {
        *(":location", ":stmt_location", ":stmt_len", ":list_start", ":list_end"),
        *(":exclRelTlist", ":resorigtbl", ":resorigcol", ":constraint", ":constraintDeps"),
    }
)
_COLUMNS_OF_JOIN: Final = ":joinaliasvars"
_RECORD: Final = "2249"
_EXISTS: Final = "0"
# With these what is selected tells which rows there are.
_MATTERING: Final = (
    *(":hasAggs", ":hasTargetSRFs", ":groupClause", ":groupingSets", ":havingQual"),
    *(":distinctClause", ":sortClause", ":setOperations"),
)
_ABSENT: Final = frozenset({"<>", "false", None})
_ONE_ROW: Final = frozenset({"VAR", "CONST", "PARAM"})
_PLACE: Final = (":varno", ":varattno", ":varlevelsup", ":varreturningtype")
_CASTS: Final = {"COERCEVIAIO": ":arg", "RELABELTYPE": ":arg", "FUNCEXPR": ":args"}
# Between these a cast gives the same in every session: smallint, integer, bigint, numeric, text, varchar, uuid.
_STEADY: Final = frozenset({"21", "23", "20", "1700", "25", "1043", "2950"})
ORDERS: Final = "it sorts, groups or compares by order what has another order then (ORDER_CHANGES)"
COMPUTES: Final = "it compares or computes with what has another type then"


class _Column(NamedTuple):
    place: tuple[str | None, ...]
    type: str


class _Shape(NamedTuple):
    name: str
    oid: Oid
    row: Oid
    rows: Oid | None
    columns: Mapping[str, str] | None


class Shapes:
    """The relations at one moment: what they are called, and which types their columns have."""

    def __init__(self, shapes: list[_Shape], ordering: frozenset[str]) -> None:
        self.columns = {each.name: each.columns for each in shapes}
        self.ordering = ordering
        self.called = {str(each.oid): each.name for each in shapes}
        self.row_of = {
            str(oid): f"{many}{each.name}"
            for each in shapes
            for oid, many in ((each.row, ""), (each.rows, "[]"))
            if oid
        }


async def read_shapes(ground: AsyncConnection[Any]) -> Shapes:
    """Those of the copy."""
    shapes = [_Shape(*row) for row in await (await ground.execute(_SHAPES.encode())).fetchall()]
    ordering = await (await ground.execute(_ORDERING.encode())).fetchall()
    return Shapes(shapes, frozenset(oid for (oid,) in ordering))


@dataclass(frozen=True)
class Meaning:
    """Compares trees from before with those from after a change.

    `exact` says that each value comes back from the other type as it was: then the column cast to its new type meant
    what it means by itself now, and cast back to the old one it means what it meant.
    """

    before: Shapes
    after: Shapes
    exact: bool

    @cached_property
    def _changed(self) -> frozenset[str]:
        """The names of relations and of their arrays whose rows have other values by now."""
        names = {
            name
            for name, columns in self.before.columns.items()
            if name in self.after.columns and self.after.columns[name] != columns
        }
        return frozenset((*names, *(f"[]{name}" for name in names)))

    def differences(self, before: str, after: str) -> tuple[str, ...]:
        """What is not the same, each once, in words."""
        old, new = _without_idle(tree_of(before)), _without_idle(tree_of(after))
        return tuple(dict.fromkeys((*self._of_rows(old), *self._differing(old, new))))

    def _of_rows(self, tree: Value) -> Iterator[str]:
        """Whole rows in it, but for those of which one column is taken at once."""
        parted = {
            id(node.fields[":arg"])
            for node in nodes_in(tree, _NOTHING)
            if node.kind == "FIELDSELECT" and isinstance(arg := node.fields.get(":arg"), Node)
            if arg.kind in _ONE_ROW
        }
        for node in nodes_in(tree, _NOTHING):
            if id(node) in parted:
                continue
            for value in node.fields.values():
                for word in value if isinstance(value, list) else [value]:
                    row = self.before.row_of.get(word) if isinstance(word, str) else None
                    if row in self._changed:
                        yield f"it takes whole rows of {row.removeprefix('[]')}, in which a value has another type then"

    def _differing(self, before: Value, after: Value) -> Iterator[str]:
        nothing = _NOTHING if _takes_joined_rows(before) else _NOTHING | {_COLUMNS_OF_JOIN}
        waiting: list[tuple[Value, Value, str]] = [(before, after, COMPUTES)]
        while waiting:
            old, new, why = waiting.pop()
            if isinstance(old, Node) and isinstance(new, Node):
                if self._is_same_value(old, new):
                    continue
                if old.kind != new.kind:
                    yield why
                    continue
                if old.kind == "NULLTEST" and _is_same_column(
                    _column(old.fields.get(":arg")), _column(new.fields.get(":arg"))
                ):
                    continue  # no value becomes NULL, and NULL none
                said = ORDERS if old.kind == "SORTGROUPCLAUSE" or old.word(":opno") in self.before.ordering else why
                names = sorted({*old.fields, *new.fields} - nothing)
                waiting += [(old.fields.get(name, ""), new.fields.get(name, ""), said) for name in names]
            elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
                waiting += [(each, other, why) for each, other in zip(old, new, strict=True)]
            elif not (isinstance(old, str) and isinstance(new, str) and self._named(old, new)):
                yield why

    def _named(self, old: str, new: str) -> bool:
        """Whether both words are the same, or the same relation: a view that was made anew has another OID."""
        if old == new:
            return True
        return any(
            known.get(old) is not None and known.get(old) == now.get(new)
            for known, now in ((self.before.called, self.after.called), (self.before.row_of, self.after.row_of))
        )

    def _is_same_value(self, old: Node, new: Node) -> bool:
        """Whether one is the column and the other the same column, cast to the type that the first has."""
        if not self.exact:
            return False
        for plain, cast in ((_column(old), new), (_column(new), old)):
            column = _cast_column(cast)
            if plain is None or column is None or not _is_same_column(plain, column):
                continue
            given = cast.word(":resulttype") or cast.word(":funcresulttype")
            if given == plain.type and plain.type != column.type and {plain.type, column.type} <= _STEADY:
                return True
        return False


def _without_idle(tree: Value) -> Value:
    """The tree without what EXISTS selects, which nobody computes: mostly it is all columns."""
    for node in nodes_in(tree):
        query = node.fields.get(":subselect")
        is_asked_for = node.kind == "SUBLINK" and node.word(":subLinkType") == _EXISTS
        if is_asked_for and isinstance(query, Node) and all(query.word(each) in _ABSENT for each in _MATTERING):
            query.fields[":targetList"] = []
    return tree


def _column(node: Value | None) -> _Column | None:
    """The column that the node is, of a relation or of one row."""
    match node:
        case Node(kind="VAR") if node.word(":varattno") != "0":
            return _Column(tuple(map(node.word, _PLACE)), str(node.word(":vartype")))
        case Node(kind="FIELDSELECT", fields={":arg": Node(kind=kind) as row}) if kind in _ONE_ROW:
            place = (kind, node.word(":fieldnum"), *map(row.word, (*_PLACE, ":paramid", ":consttype")))
            return _Column(place, str(node.word(":resulttype")))
        case _:
            return None


def _cast_column(node: Node) -> _Column | None:
    """The column that is cast, where the node is a cast and no more."""
    if node.kind not in _CASTS or (node.kind == "FUNCEXPR" and node.word(":funcformat") not in {"1", "2"}):
        return None
    if node.word(":resulttypmod") not in {None, "-1"}:
        return None
    inner = node.fields.get(_CASTS[node.kind])
    if isinstance(inner, list):
        inner = inner[0] if len(inner) == 1 else None
    return _column(inner)


def _is_same_column(old: _Column | None, new: _Column | None) -> bool:
    return old is not None and new is not None and old.place == new.place


def _takes_joined_rows(tree: Value) -> bool:
    """Whether it may take whole rows of a join, which are told by the list of its columns alone."""
    return any(
        node.kind == "VAR" and node.word(":varattno") == "0" and node.word(":vartype") == _RECORD
        for node in nodes_in(tree, _NOTHING)
    )
