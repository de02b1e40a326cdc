"""What a statement is once columns have other types: its parameters, its results, and its text without useless casts.

The server says it, of the statement with `null::type` in the place of each such column; only what is assigned to one
(INSERT, UPDATE) is told by the tree: a parameter alone gets the column's type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from pglast import ast
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...catalog.snapshot import Oid
from ..asking import Answer, Question, Refused, Taken, ask
from ..examined import Examined
from ..schema import Schema, read_relations, read_types
from ..statement_tree import tree_of
from .casting import Cast, Cut, casts, cut, nodes
from .resolving import Resolved, resolve
from .type_change import TypeChange, family


@dataclass(frozen=True, slots=True)
class Shift:
    """`cuts` are the casts that go, in characters of `one.sql`. `parameters` are those whose types change (before,
    after), `read` the results that are changed columns, by number from 0. `taken_before` says that the server takes
    the new text while the columns are as they are, with the same parameters, `taken_after` that it takes the old text
    afterwards, with those that it will have. Where nothing can be done, `doubt` says why."""

    one: Examined
    cuts: tuple[Cut, ...] = ()
    parameters: Mapping[int, tuple[str, str]] = field(default_factory=dict[int, "tuple[str, str]"])
    read: Mapping[int, tuple[str, str]] = field(default_factory=dict[int, "tuple[str, str]"])
    taken_before: bool = True
    taken_after: bool = True
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A statement with what it names of the columns, and its casts."""

    one: Examined
    tree: Any
    resolved: Resolved
    casts: tuple[Cast, ...]

    def virtual(self, gone: Collection[Cast] = ()) -> str:
        """The text as it will be described: other types in the place of columns, without those casts."""
        return _edited(self.one.sql, [*self.resolved.stand_ins, *((each, "") for one in gone for each in one.cuts)])


async def shifts(
    connection: AsyncConnection[TupleRow], examined: Sequence[Examined], changes: Sequence[TypeChange]
) -> list[Shift]:
    """What becomes of each statement that names one of the columns. `connection` is secluded (asking.seclude)."""
    named = [one for one in examined if _names(one, changes)]
    await look_up(connection, named)
    drafts: list[_Draft] = []
    found: list[Shift] = []
    for one in named:
        resolved = resolve(one, changes)
        if resolved is None:
            continue
        if resolved.doubt is not None:
            found.append(Shift(one, doubt=resolved.doubt))
        else:
            tree = tree_of(one.sql)
            drafts.append(_Draft(one, tree, resolved, casts(one.sql, tree)))
    answers = await ask(connection, [Question(each.virtual()) for each in drafts])
    if drafts:
        schema = drafts[0].one.schema
        await name_types(connection, schema, [*answers, *(each.one.answer for each in drafts)])
    found += await _shifted(connection, drafts, answers, changes)
    return found


async def look_up(connection: AsyncConnection[TupleRow], examined: Sequence[Examined]) -> None:
    """Have the relations of those statements in the schema."""
    if not examined:
        return
    schema = examined[0].schema
    named = {(each.schema, each.name) for one in examined if one.parsed is not None for each in one.parsed.relations}
    if missing := named - schema.relations.keys():
        schema.relations.update(await read_relations(connection, missing))


async def name_types(connection: AsyncConnection[TupleRow], schema: Schema, answers: Iterable[Answer | None]) -> None:
    """Have the types of those answers, and of all columns that are known, in the schema."""
    taken = [each for each in answers if isinstance(each, Taken)]
    oids: set[Oid] = {oid for each in taken for oid in (*each.parameters, *(oid for _, oid in each.results))}
    oids |= {oid for relation in schema.relations.values() for oid in relation.columns.values()}
    schema.types.update(await read_types(connection, oids - schema.types.keys()))


async def _shifted(
    connection: AsyncConnection[TupleRow],
    drafts: Sequence[_Draft],
    answers: Sequence[Answer],
    changes: Sequence[TypeChange],
) -> list[Shift]:
    wanted = [_useless(draft, answer) for draft, answer in zip(drafts, answers, strict=True)]
    cutting = [place for place, gone in enumerate(wanted) if gone]
    asked = [Question(drafts[place].virtual(wanted[place])) for place in cutting]
    asked += [Question(cut(drafts[place].one.sql, _cuts(wanted[place]))) for place in cutting]
    replies = await ask(connection, asked)
    after = dict(zip(cutting, replies[: len(cutting)], strict=True))
    before = dict(zip(cutting, replies[len(cutting) :], strict=True))
    if drafts:
        await name_types(connection, drafts[0].one.schema, replies)
    return [
        _shift(draft, _Answers(answer, after.get(place), before.get(place)), gone, changes)
        for place, (draft, answer, gone) in enumerate(zip(drafts, answers, wanted, strict=True))
    ]


class _Answers(NamedTuple):
    """What the server says of the old text afterwards, of the new one afterwards, and of the new one as things are."""

    old: Answer
    new: Answer | None
    new_before: Answer | None


def _shift(draft: _Draft, answers: _Answers, gone: Sequence[Cast], changes: Sequence[TypeChange]) -> Shift:
    one, schema = draft.one, draft.one.schema
    old, new, new_before = answers
    known = one.described
    assert known is not None
    assigns = _assigned(draft, gone)
    needs = bool(assigns.needed - {each.location for each in gone})
    if gone and (not isinstance(new, Taken) or not _same_results(draft, known, new, schema)):
        # What the casts hold together is not only what was thought.
        if isinstance(old, Refused) or assigns.needed:
            said = new.message if isinstance(new, Refused) else "its results would be of other types"
            return Shift(one, doubt=f"without its casts the server says: {said}")
        gone, new = (), None
        assigns = _assigned(draft, gone)
    if (
        isinstance(old, Taken)
        and isinstance(new, Taken)
        and not assigns.needed
        and _types(new, schema) != _types(old, schema)
    ):
        gone, new = (), None  # it would want other values, and works as it is
    answer = new if gone else old
    if isinstance(answer, Refused):
        return Shift(one, doubt=f"afterwards the server says: {answer.message} ({answer.sqlstate})")
    if not isinstance(answer, Taken):
        return Shift(one, doubt="the server was not asked about it")
    if assigns.doubt is not None or needs:
        return Shift(one, doubt=assigns.doubt or "what is assigned to the column is cast to its old type")
    parameters = _parameters(known, answer, assigns, schema)
    unchanged = isinstance(old, Taken) and not assigns.needed
    old_parameters = _parameters(known, old, assigns, schema) if isinstance(old, Taken) else None
    return Shift(
        one,
        _cuts(gone),
        parameters,
        _read(known, answer, changes, schema),
        not gone or (isinstance(new_before, Taken) and _types(new_before, schema) == _types(known, schema)),
        unchanged and (not gone or old_parameters == parameters),
    )


def _useless(draft: _Draft, answer: Answer) -> tuple[Cast, ...]:
    """The casts that have no use afterwards, or stand in the way of it."""
    refused = isinstance(answer, Refused)
    found: list[Cast] = []
    for each in draft.casts:
        to, own = family(each.type), draft.resolved.at.get(each.at)
        if own is not None and to == family(own.after):
            found.append(each)
            continue
        facing = [draft.resolved.at.get(_column_at(other)) for other in each.beside]
        bare = [known for known, other in zip(facing, each.beside, strict=True) if not isinstance(other, ast.TypeCast)]
        ours = next((known for known in facing if known is not None), None)
        if own is not None and to == family(own.before):
            # Both sides were cast, as long as they were of two types.
            if any(isinstance(other, ast.TypeCast) and family(_cast_type(other)) == to for other in each.beside):
                found.append(each)
            continue
        faces = ours is not None and to == family(ours.before) != family(ours.after) and (refused or not any(bare))
        change = draft.resolved.assigned.get(each.location)
        if faces or (change is not None and to in (family(change.before), family(change.after))):
            found.append(each)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Assigns:
    """What is assigned to changed columns: parameters with the type that they get, casts that have to go."""

    types: Mapping[int, str]
    needed: frozenset[int]
    doubt: str | None = None


def _assigned(draft: _Draft, gone: Sequence[Cast]) -> _Assigns:
    uncast = {each.location for each in gone}
    uses = Counter(each.number or 0 for each in nodes(draft.tree) if isinstance(each, ast.ParamRef))
    types: defaultdict[int, list[str]] = defaultdict(list)
    needed: set[int] = set()
    for value, change in draft.resolved.values:
        inner = value
        if isinstance(value, ast.TypeCast):
            if family(_cast_type(value)) == family(change.before) != family(change.after):
                needed.add(value.location or 0)
            if value.location in uncast:
                inner = value.arg
        match inner:
            case ast.ParamRef(number=int(number)):
                types[number].append(change.after)
            case ast.A_Const() | ast.SetToDefault() | ast.TypeCast():
                pass
            case ast.ColumnRef() if _family_of(inner, draft) == family(change.after):
                pass
            case _:
                said = "what is assigned to it is more than a value or a column of its type"
                return _Assigns({}, frozenset(), said)
    for number, found in types.items():
        if len(found) != uses[number] or len(set(found)) != 1:
            return _Assigns({}, frozenset(), f"${number} is assigned to it and used for something else, too")
    return _Assigns({number: found[0] for number, found in types.items()}, frozenset(needed))


def _family_of(node: ast.ColumnRef, draft: _Draft) -> str | None:
    """The family of a column's type as it will be."""
    change = draft.resolved.at.get(node.location or 0)
    if change is not None:
        return family(change.after)
    relation, name = draft.resolved.plain.get(node.location or 0, (None, ""))
    schema = draft.one.schema
    return None if relation is None else family(schema.type_name(relation.columns[name]))


def _parameters(known: Taken, answer: Taken, assigns: _Assigns, schema: Schema) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for number, (before, after) in enumerate(zip(known.parameters, answer.parameters, strict=False), start=1):
        was, will = schema.type_name(before), assigns.types.get(number) or schema.type_name(after)
        if was != will:
            found[number] = was, will
    return found


def _read(known: Taken, answer: Taken, changes: Sequence[TypeChange], schema: Schema) -> dict[int, tuple[str, str]]:
    """The results whose types change."""
    by_column = {(each.table, each.number): each for each in changes}
    found: dict[int, tuple[str, str]] = {}
    for number, (_, before) in enumerate(known.results):
        change = by_column.get(known.origins[number]) if number < len(known.origins) else None
        if change is not None:
            found[number] = change.before, change.after
        elif number < len(answer.results) and answer.results[number][1] != before:
            found[number] = schema.type_name(before), schema.type_name(answer.results[number][1])
    return found


def _same_results(draft: _Draft, known: Taken, new: Taken, schema: Schema) -> bool:
    """Whether rows have the same names and types as before, but for the columns that change themselves."""
    if len(known.results) != len(new.results):
        return False
    ours = {family(each.after) for each in draft.resolved.at.values()}
    for (name, before), (called, after) in zip(known.results, new.results, strict=True):
        other = before != after and family(schema.type_name(after)) not in ours
        if name != called or other:
            return False
    return True


def _types(answer: Taken, schema: Schema) -> list[str]:
    return [family(schema.type_name(each)) for each in answer.parameters]


def _cuts(gone: Iterable[Cast]) -> tuple[Cut, ...]:
    return tuple(sorted(each for one in gone for each in one.cuts))


def _column_at(node: Any) -> int:
    """Where the column stands that an operand is, cast or not."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node.location or 0 if isinstance(node, ast.ColumnRef) else -1


def _cast_type(node: ast.TypeCast) -> str:
    named = cast("Any", node.typeName)
    return named.names[-1].sval if named is not None and named.names else ""


def _names(one: Examined, changes: Sequence[TypeChange]) -> bool:
    """Whether the server takes the statement, and it may be about one of the columns."""
    if one.described is None:
        return False
    said = one.sql.lower()
    return any(each.relation.replace('"', '""').lower() in said for each in changes)


def _edited(sql: str, edits: Sequence[tuple[Cut, str]]) -> str:
    for (start, end), text in sorted(edits, key=lambda each: each[0], reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql
