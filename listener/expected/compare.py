"""What differs between the schema that should be and the one that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ..catalog.snapshot import Oid
from .consequence import Consequences, unquoted
from .difference import ASPECTS, RELATIONS, Aspect, Difference
from .grants import column_grants_by, granted_by
from .likeness import same_definition, same_expression, same_tree
from .matching import Matching
from .portrait import ObjectKind, ObjectName, Portrait, Portrayed

_ASPECT_OF: Final[Mapping[tuple[ObjectKind, str], Aspect]] = {
    (ObjectKind.COLUMN, "type"): "type",
    (ObjectKind.COLUMN, "collation"): "type",
    (ObjectKind.COLUMN, "not_null"): "nullability",
    (ObjectKind.COLUMN, "default"): "default",
    (ObjectKind.TABLE, "row_security"): "row_security",
    (ObjectKind.TABLE, "force_row_security"): "row_security",
    (ObjectKind.TRIGGER, "enabled"): "enabled",
    (ObjectKind.RULE, "enabled"): "enabled",
}
# Which part of a column's tree tells a field, as in sql/portrait/columns.sql.
_COLUMN_TREE: Final[Mapping[str, int]] = {
    "type": 0,
    "collation": 0,
    "default": 1,
    "generated": 1,
    "identity_options": 2,
}
_IN_TREE: Final[Mapping[ObjectKind, frozenset[str]]] = {
    ObjectKind.TABLE: frozenset({"partition_by", "partition_of", "bound", "inherits", "of_type", "replica_identity"}),
    ObjectKind.SEQUENCE: frozenset({"owned_by"}),
}
# Of these the fields say all there is to compare: the statement repeats them, and the name.
_TOLD_BY_FIELDS: Final = frozenset({ObjectKind.SCHEMA, ObjectKind.EXTENSION, ObjectKind.TABLE, ObjectKind.COLUMN})
_OF_A_TABLE: Final = frozenset({ObjectKind.COLUMN, ObjectKind.SEQUENCE})
# What is kept to bring an object back as it was, and is no difference by itself.
_NOT_COMPARED: Final = frozenset({(ObjectKind.COLUMN, "not_null_name")})
_UNSAID_BY_DECLARATION: Final = frozenset({(ObjectKind.EXTENSION, "version")})
# Of a view's columns, too, no rights and no comment mean that nothing is declared.
_UNSAID_WHERE_NONE: Final = frozenset({"column_comments", "column_grants"})


@dataclass(frozen=True, slots=True)
class Terms:
    """How to compare. `known`: addresses and trees are of this very database. `declared`: no owner, no rights and no
    comment mean that nothing is said of them."""

    known: bool
    declared: bool


def compare(expected: Iterable[Portrayed], portrait: Portrait, terms: Terms) -> tuple[Difference, ...]:
    """All differences in the order of kinds and names, what nobody expected last.

    What is gone with something else is not told beside it.
    """
    wanted = {each.name: each for each in expected}
    matching = Matching(wanted, portrait.objects, known=terms.known)
    tables = {
        (name.schema, name.name): each.address.object_id
        for name, each in portrait.objects.items()
        if name.kind is ObjectKind.TABLE and each.address
    }
    comparison = _Comparison(wanted, matching, tables, terms)
    found = [difference for each in wanted.values() for difference in comparison.of(each)]
    missing = Consequences(each.object for each in found if each.aspect == "existence")
    attached = {(name.schema, name.name) for name, at in matching.pairs.items() if _is_attached(wanted[name], at)}
    kept = [
        each
        for each in found
        if each.aspect != "existence"
        or not (missing.covers(each.object) or (each.name.schema, each.name.relation) in attached)
    ]
    kept += comparison.unexpected()
    return tuple(sorted(kept, key=_order))


def _order(each: Difference) -> tuple[bool, int, ObjectName, int]:
    kind = list(ObjectKind).index(each.name.kind)
    return each.aspect == "unexpected", kind, each.name, ASPECTS.index(each.aspect)


def _is_attached(each: Portrayed, found: Portrayed) -> bool:
    """Whether a table is somebody's partition against expectation: then its parts are told with that one's."""
    return "partition_of" in found.fields and "partition_of" not in each.fields


class _Comparison:
    def __init__(
        self,
        wanted: Mapping[ObjectName, Portrayed],
        matching: Matching,
        tables: Mapping[tuple[str, str], Oid],
        terms: Terms,
    ) -> None:
        self._wanted = wanted
        self._matching = matching
        self._tables = tables
        self._terms = terms

    def of(self, each: Portrayed) -> Iterator[Difference]:
        """The differences of one expected object."""
        found = self._matching.pairs.get(each.name)
        if found is None:
            yield self._difference(each, None, "existence", each.definition, "")
            return
        if self._is_equal(each, found):
            return
        if found.name != self._matching.called(each.name) and not self._moved_along(each, found):
            yield self._difference(each, found, "name", _spoken(each.name), _spoken(found.name))
        by_aspect: dict[Aspect, list[tuple[str, str]]] = {}
        for aspect, before, after in self._content(each, found):
            by_aspect.setdefault(aspect, []).append((before, after))
        for aspect, parts in by_aspect.items():
            before, after = ("; ".join(side for side in sides if side) for sides in zip(*parts, strict=True))
            yield self._difference(each, found, aspect, before, after)

    def _is_equal(self, each: Portrayed, found: Portrayed) -> bool:
        """Whether all is said in the same words, as of nearly everything: then nothing has to be looked into.

        Rights on a part are compared with who owns the whole in mind.
        """
        return (
            each.definition == found.definition
            and each.fields == found.fields
            and each.name == found.name == self._matching.called(each.name)
            and (each.owner, each.grants, each.comment) == (found.owner, found.grants, found.comment)
            and not (each.grants and each.name.kind in _OF_A_TABLE)
        )

    def unexpected(self) -> Iterator[Difference]:
        """What nobody expected, but for the parts of what nobody expected."""
        unexpected = list(self._matching.unexpected)
        wholes = {(each.name.schema, each.name.name) for each in unexpected if each.name.kind in RELATIONS}
        schemas = {each.name.name for each in unexpected if each.name.kind is ObjectKind.SCHEMA}
        for each in unexpected:
            name = each.name
            if name.schema in schemas or (name.relation and (name.schema, name.relation) in wholes):
                continue
            table = self._tables.get((name.schema, name.relation or name.name), 0) if _of_table(name) else 0
            number = each.address.number if each.address else 0
            yield Difference(name, "unexpected", "", each.definition, each, each, table, number)

    def _moved_along(self, each: Portrayed, found: Portrayed) -> bool:
        """Whether a sequence is only in the schema to which the table of its column went."""
        if each.name.kind is not ObjectKind.SEQUENCE or found.name.name != each.name.name:
            return False
        table = self._owning_table(each)
        return table is not None and table[1].name.schema == found.name.schema

    def _owning_table(self, each: Portrayed) -> tuple[Portrayed, Portrayed] | None:
        """The table that a column or an owned sequence belongs to, as it should be and as it is."""
        schema, relation, *_ = (*unquoted(each.fields.get("owned_by", "")), each.name.schema, each.name.relation)
        name = ObjectName(ObjectKind.TABLE, schema, "", relation)
        expected, found = self._wanted.get(name), self._matching.pairs.get(name)
        return (expected, found) if expected is not None and found is not None else None

    def _content(self, each: Portrayed, found: Portrayed) -> Iterator[tuple[Aspect, str, str]]:
        kind = each.name.kind
        if kind not in _TOLD_BY_FIELDS and not same_definition(each, found, known=self._terms.known):
            yield "definition", each.definition, found.definition
        else:
            yield from self._fields(each, found)
        yield from self._rights(each, found)
        if each.comment != found.comment and not (self._terms.declared and each.comment is None):
            yield "comment", each.comment or "", found.comment or ""

    def _fields(self, each: Portrayed, found: Portrayed) -> Iterator[tuple[Aspect, str, str]]:
        kind = each.name.kind
        for name in sorted(each.fields.keys() | found.fields.keys()):
            before, after = each.fields.get(name, ""), found.fields.get(name, "")
            if before == after or (kind, name) in _NOT_COMPARED or self._stored_alike(each, found, name):
                continue
            if self._is_unsaid(kind, name, before) or _same_lists(each, found, name):
                continue
            aspect: Aspect = _ASPECT_OF.get((kind, name), "definition")
            if aspect == "default" and before and after and same_expression(before, after):
                continue
            yield (aspect, *_worded(aspect, name, before, after))

    def _is_unsaid(self, kind: ObjectKind, field: str, before: str) -> bool:
        if not self._terms.declared:
            return False
        return (kind, field) in _UNSAID_BY_DECLARATION or (field in _UNSAID_WHERE_NONE and not before)

    def _stored_alike(self, each: Portrayed, found: Portrayed, field: str) -> bool:
        if not self._terms.known or each.tree is None or found.tree is None:
            return False
        if each.name.kind is ObjectKind.COLUMN:
            part = _COLUMN_TREE.get(field)
            same = part is not None and _part(each.tree, part) == _part(found.tree, part) != ""
            # Whether the expression is stored is no part of it.
            return same and (field != "generated" or _last_word(each, field) == _last_word(found, field))
        return field in _IN_TREE.get(each.name.kind, ()) and same_tree(each.tree, found.tree)

    def _rights(self, each: Portrayed, found: Portrayed) -> Iterator[tuple[Aspect, str, str]]:
        declared = self._terms.declared
        of = self._owning_table(each) if each.name.kind in _OF_A_TABLE else None
        follows = of is not None and each.owner == of[0].owner and found.owner == of[1].owner
        if each.owner != found.owner and not follows and not (declared and each.owner is None):
            yield "owner", each.owner or "", found.owner or ""
        if declared and each.grants is None:
            return
        before, after = of if of is not None and each.owner is None else (each, found)
        if granted_by(each.grants, before.owner, after.owner) != found.grants:
            yield "grants", "; ".join(each.grants or ()), "; ".join(found.grants or ())

    def _difference(
        self, each: Portrayed, found: Portrayed | None, aspect: Aspect, before: str, after: str
    ) -> Difference:
        called = found.name if found is not None else self._matching.called(each.name)
        table = self._tables.get((called.schema, called.relation or called.name), 0) if _of_table(called) else 0
        number = found.address.number if found is not None and found.address is not None else 0
        return Difference(each.name, aspect, before, after, each, found, table, number)


def _of_table(name: ObjectName) -> bool:
    return bool(name.relation) or name.kind is ObjectKind.TABLE


def _last_word(each: Portrayed, field: str) -> str:
    return each.fields.get(field, "").rpartition(" ")[2]


def _same_lists(each: Portrayed, found: Portrayed, field: str) -> bool:
    """Whether two lists differ in nothing but their order, or in who owns the whole."""
    before, after = each.fields.get(field, ""), found.fields.get(field, "")
    match field:
        case "options" | "inherits":
            return sorted(before.split(", ")) == sorted(after.split(", "))
        case "column_grants":
            return column_grants_by(before, each.owner, found.owner) == column_grants_by(after, None, None)
        case _:
            return False


def _part(tree: str, number: int) -> str:
    parts = tree.split("|")
    return parts[number] if number < len(parts) else ""


def _worded(aspect: Aspect, field: str, before: str, after: str) -> tuple[str, str]:
    """The two sides as people read them; what more than one field tells names the field."""
    if aspect == "nullability":
        return _nullability(before), _nullability(after)
    if aspect in ("type", "default", "enabled") and field != "collation":
        return before, after
    return f"{field} {before}" if before else f"no {field}", f"{field} {after}" if after else f"no {field}"


def _nullability(not_null: str) -> str:
    return "NOT NULL" if not_null == "true" else "NULL"


def _spoken(name: ObjectName) -> str:
    return ".".join(part for part in (name.schema, name.relation, name.name) if part)
