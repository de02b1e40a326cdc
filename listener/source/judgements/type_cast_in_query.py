"""A column that is cast so that it can be compared with another one: no index serves it, and the types stay apart."""

from __future__ import annotations

from collections.abc import Iterator

from pglast import ast

from ...issue import Severity
from ..examined import Examined
from ..parsed import Cast
from ..schema import Relation
from .judgement import Defect, Judgement, seen

# Types that keys have; a cast of a timestamp to a date, or of jsonb, says something else.
_OF_KEYS = {
    **{name: "integer" for name in ("smallint", "integer", "bigint", "int2", "int4", "int8", "int")},
    **{name: "text" for name in ("text", "varchar", "character varying", "bpchar", "character", "citext")},
    "uuid": "uuid",
}
_COMPARING = frozenset({"=", "<>"})


def _judge(examined: Examined) -> Iterator[Defect]:
    if examined.described is None or ("::" not in examined.sql and "cast" not in examined.sql.lower()):
        return
    if examined.parsed is None:
        return
    told: set[tuple[str, str, str]] = set()
    for each in examined.parsed.casts:
        found = _column(each, examined)
        if found is None or each.operator not in _COMPARING or not _is_key_like(each.other):
            continue
        relation, name = found
        kind = examined.schema.type_name(relation.columns[name])
        ours, theirs = _OF_KEYS.get(kind), _OF_KEYS.get(each.type)
        if ours is None or theirs is None or ours == theirs or (relation.qualified, name, each.type) in told:
            continue
        told.add((relation.qualified, name, each.type))
        yield Defect(
            f"The statement casts {relation.qualified}.{name} ({kind}) to {each.type} to compare it.",
            "Columns of one type, compared without a cast; then an index serves the comparison.",
            examined.site(each.location),
            schema=relation.schema,
            table=relation.name,
            column=name,
            named=each.type,
            evidence=(seen("catalog", f"{relation.qualified}.{name} is {kind}."),),
        )


def _is_key_like(node: object) -> bool:
    """Whether the other side is a column or a parameter, cast or not."""
    if isinstance(node, ast.TypeCast):
        return _is_key_like(node.arg)
    return isinstance(node, ast.ColumnRef | ast.ParamRef)


def _column(each: Cast, examined: Examined) -> tuple[Relation, str] | None:
    *qualifier, name = each.parts
    found: dict[str, Relation] = {}
    for one in examined.parsed.relations if examined.parsed is not None else ():
        relation = examined.schema.relations.get((one.schema, one.name))
        if relation is not None and name in relation.columns and (not qualifier or qualifier[-1] == one.called):
            found[relation.qualified] = relation
    return (next(iter(found.values())), name) if len(found) == 1 else None


JUDGEMENT = Judgement("TYPE_CAST_IN_QUERY", Severity.MEDIUM, _judge)
