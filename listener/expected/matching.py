"""Which object there is which expected one: by name, and by its address where only the name has changed.

An address (OID, a column's number) tells a rename for sure; likeness of what stands alone never does. A name that is
taken by an object that nobody expected counts as the expected one: the schema is what it is called. Where an expected
object took it, the two were renamed.

A part of a relation (an index, a constraint, a trigger, a policy) was made anew, and its address with it, whenever a
column of it got another type or the part itself was dropped and brought back. So one that is gone and one that nobody
expected, the same but for the name, are one: to make it a second time would leave both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .difference import RELATIONS
from .likeness import alike
from .portrait import Address, ObjectKind, ObjectName, Portrayed

Objects = Mapping[ObjectName, Portrayed]
MADE_ANEW = frozenset({ObjectKind.CONSTRAINT, ObjectKind.INDEX, ObjectKind.TRIGGER, ObjectKind.POLICY})


class Matching:
    """Pairs of expected and found objects. `known` says that addresses are of this very database."""

    def __init__(self, expected: Objects, found: Objects, *, known: bool) -> None:
        self._known = known
        self._found = found
        self._by_address = {each.address: each for each in found.values() if each.address} if known else {}
        self._expected_at: set[Address] = {each.address for each in expected.values() if each.address and known}
        self._claimed: set[ObjectName] = set()
        self._schemas: dict[str, str] = {}
        self._relations: dict[tuple[str, str], tuple[str, str]] = {}
        self.pairs: dict[ObjectName, Portrayed] = {}
        stages: list[list[Portrayed]] = [[], [], []]
        for each in expected.values():
            kind = each.name.kind
            stages[0 if kind is ObjectKind.SCHEMA else 1 if kind in RELATIONS else 2].append(each)
        for stage in stages:
            self._match(stage)

    @property
    def unexpected(self) -> Iterable[Portrayed]:
        """What is there and was not expected."""
        return (each for name, each in self._found.items() if name not in self._claimed)

    def called(self, name: ObjectName) -> ObjectName:
        """What an expected object would be called if nothing but its schema or relation had another name."""
        schema, relation = self._schemas.get(name.schema, name.schema), name.relation
        if relation:
            schema, relation = self._relations.get((name.schema, relation), (schema, relation))
        if schema == name.schema and relation == name.relation:
            return name
        return ObjectName(name.kind, schema, relation, name.name)

    def _match(self, stage: list[Portrayed]) -> None:
        renamed: list[Portrayed] = []
        for each in stage:
            here, there = self._here(each), self._there(each)
            if here is not None and here is there:
                self._pair(each, here)
            else:
                renamed.append(each)
        by_name: list[Portrayed] = []
        for each in renamed:
            here, there = self._here(each), self._there(each)
            if there is not None and there.name not in self._claimed and (here is None or self._is_expected(here)):
                self._pair(each, there)
            else:
                by_name.append(each)
        for each in by_name:
            here = self._here(each)
            if here is not None and here.name not in self._claimed:
                self._pair(each, here)
        self._match_what_was_made_anew([each for each in by_name if each.name not in self.pairs])

    def _match_what_was_made_anew(self, missing: list[Portrayed]) -> None:
        parts = [each for each in missing if each.name.kind in MADE_ANEW and each.address and not self._there(each)]
        if not parts or not self._known:
            return
        unexpected: dict[tuple[ObjectKind, str, str], list[Portrayed]] = {}
        for each in self.unexpected:
            unexpected.setdefault((each.name.kind, each.name.schema, each.name.relation), []).append(each)
        for each in parts:
            called = self.called(each.name)
            there = unexpected.get((called.kind, called.schema, called.relation), ())
            likely = [found for found in there if found.name not in self._claimed and alike(each, found)]
            if len(likely) == 1:
                self._pair(each, likely[0])

    def _here(self, each: Portrayed) -> Portrayed | None:
        return self._found.get(self.called(each.name))

    def _there(self, each: Portrayed) -> Portrayed | None:
        there = self._by_address.get(each.address) if each.address else None
        if there is None or there.name.kind is not each.name.kind:
            return None
        called = self.called(each.name)
        if called.relation and (called.schema, called.relation) != (there.name.schema, there.name.relation):
            return None  # the table that it is on was replaced by another
        return there

    def _is_expected(self, found: Portrayed) -> bool:
        return found.address in self._expected_at

    def _pair(self, each: Portrayed, found: Portrayed) -> None:
        self.pairs[each.name] = found
        self._claimed.add(found.name)
        if each.name.kind is ObjectKind.SCHEMA:
            self._schemas[each.name.name] = found.name.name
        elif each.name.kind in RELATIONS:
            self._relations[each.name.schema, each.name.name] = found.name.schema, found.name.name
