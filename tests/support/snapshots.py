"""Small snapshots written as text, for rules and relations.

    shop = snapshot('''
        users: id int pk, email text unique
        sessions: id int pk, session_id text unique, user_id int -> users
        "Weird, name" [partitioned]: "Größe" numeric not null
        orders: id int pk, tenant_id int, user_id int, fk(tenant_id, user_id) -> members(tenant_id, id), index(user_id)
    ''')

A column is `name type` and then any of `pk`, `unique`, `not null`, `default`, `identity`, `generated`, `inherited`,
`serial`, `nextval(n)` (a sequence that others may call, too) and `-> [schema.]table[(column)]`. Other items: `pk(…)`,
`unique(…)`, `fk(…) -> table(…)`, `index(…)`, `unique index(…)`, `check(…)`, each with an optional `name=` in front. A
foreign key, a check or an index may end with `not valid`.
OIDs count up from the table's, which is FIRST_TABLE, FIRST_TABLE + STEP, …; `altered` changes any field of a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.catalog.snapshot import DATABASE, Column, Constraint, Index, Numbering, Oid, Snapshot, Table
from pgmend.listener.counters.counters import Counters
from pgmend.listener.counters.idle import Idleness
from pgmend.listener.counters.sequence import SequenceState
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.judging.scene import Scene
from pgmend.listener.relations.atlas import Atlas
from pgmend.listener.relations.measurement import Containment, Measurements, Unmeasured
from pgmend.listener.relations.relation import Key, Link

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIRST_TABLE = 20_000
STEP = 1000

TYPES: Mapping[str, tuple[Oid, str]] = {
    "int": (23, "integer"),
    "smallint": (21, "smallint"),
    "bigint": (20, "bigint"),
    "text": (25, "text"),
    "varchar": (1043, "character varying"),
    "char": (1042, "character"),
    "uuid": (2950, "uuid"),
    "numeric": (1700, "numeric"),
    "bool": (16, "boolean"),
    "date": (1082, "date"),
    "timestamptz": (1184, "timestamp with time zone"),
    "timestamp": (1114, "timestamp without time zone"),
    "timestamps": (1115, "timestamp without time zone[]"),
    "jsonb": (3802, "jsonb"),
    "json": (114, "json"),
    "money": (790, "money"),
    "mood": (16_500, "mood"),
    "email": (16_501, "email"),
}
_WORD = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_PATH = rf"{_WORD}(?:\.{_WORD})?"
_LINE = re.compile(rf"\s*(?P<path>{_PATH})\s*(?:\[(?P<flags>[^\]]*)\])?\s*:\s*(?P<items>.*)")
_COLUMN = re.compile(rf"(?P<name>{_WORD})\s+(?P<type>\w+)(?P<rest>.*)")
_PART = re.compile(
    rf"(?:(?P<name>{_WORD})=)?(?P<kind>pk|unique index|unique|fk|index|check)\((?P<columns>[^)]*)\)"
    rf"(?:\s*->\s*(?P<target>{_PATH}(?:\([^)]*\))?))?(?P<rest>.*)"
)
_TARGET = re.compile(rf"(?P<path>{_PATH})(?:\((?P<columns>[^)]*)\))?")


def snapshot(text: str) -> Snapshot:
    """The tables that the text describes, one per line; a line that ends with a comma goes on in the next."""
    lines = [line for line in re.sub(r",\s*\n", ", ", text).splitlines() if line.strip()]
    builders = [_TableBuilder(line, FIRST_TABLE + place * STEP) for place, line in enumerate(lines)]
    tables = {(builder.schema, builder.name): builder for builder in builders}
    for builder in builders:
        builder.tie(tables)
    return Snapshot({builder.oid: builder.table for builder in builders}, NOON, 180_004, complete=True)


def table(of: Snapshot, name: str) -> Table:
    """The table called `name` or `schema.name`."""
    schema, _, rest = name.rpartition(".")
    return of.by_name[schema or "public", rest]


def put(of: Snapshot, *tables: Table) -> Snapshot:
    """The snapshot with those tables in place of the ones with their OIDs."""
    return replace(of, tables={**of.tables, **{each.oid: each for each in tables}})


def altered(of: Snapshot, name: str, part: str | None = None, /, **fields: Any) -> Snapshot:
    """The snapshot with fields of a table changed, or of its column, constraint or index called `part`.

    An index that backs a constraint bears the same name: a field goes to the part that has it.
    """
    old = table(of, name)
    if part is None:
        return put(of, replace(old, **fields))

    def each(parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            one._replace(**fields) if one.name == part and fields.keys() <= set(one._fields) else one for one in parts
        )

    new = replace(old, columns=each(old.columns), constraints=each(old.constraints), indexes=each(old.indexes))
    assert new != old, f"{name} has no {part} to change"
    return put(of, new)


def without(of: Snapshot, name: str, *parts: str) -> Snapshot:
    """The snapshot without those columns, constraints and indexes of a table."""
    old = table(of, name)

    def rest(all_parts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one for one in all_parts if one.name not in parts)

    return put(
        of,
        replace(old, columns=rest(old.columns), constraints=rest(old.constraints), indexes=rest(old.indexes)),
    )


def link(of: Snapshot, columns: str, key: str) -> Link:
    """`link(shop, "orders(user_id)", "users(id)")`, several columns with commas between."""
    (ours, numbers), (theirs, keyed) = _numbers(of, columns), _numbers(of, key)
    return Link(ours.oid, numbers, Key(theirs.oid, keyed))


def counted(
    rows: int, outside: int = 0, *, distinct: int | None = None, uncastable: int = 0, exact: bool = True
) -> Containment:
    """What counting came to; all values distinct unless told."""
    examples = tuple(f"'{value}'" for value in range(min(outside + uncastable, 3)))
    seen = rows if distinct is None else distinct
    return Containment(rows, outside, uncastable, exact, NOON, examples, seen)


def scene(
    of: Snapshot,
    counts: Mapping[Link, Containment | Unmeasured] | None = None,
    changes: Iterable[Change] = (),
    sequences: Iterable[SequenceState] = (),
) -> Scene:
    """What rules see of the snapshot; `changes` are newest first. Indexes are watched, and none is idle."""
    measurements = Measurements(counts or {})
    by_table: dict[Oid, tuple[Change, ...]] = {}
    for change in changes:
        by_table[change.table_oid] = (*by_table.get(change.table_oid, ()), change)
    relations = Atlas(of).relations_of(of.tables, measurements, by_table)
    counters = Counters({each.oid: each for each in sequences}, Idleness({}, standbys=False))
    return Scene(of, relations, measurements, by_table, counters)


def counting(of: Snapshot, name: str, column: str, last: int | None, /, **fields: Any) -> SequenceState:
    """The sequence that numbers a column, which has come to `last`; an integer's own unless `fields` say otherwise."""
    owner = table(of, name)
    number = next(each.number for each in owner.columns if each.name == column)
    sequence = next(each.sequence for each in owner.numberings if each.column == number)
    state = SequenceState(
        sequence, owner.schema, f"{name}_{column}_seq", 1, 1, 1, (1 << 31) - 1, cycles=False, last=last
    )
    return state._replace(**fields)


def judged(scene: Scene, stem: str) -> list[Issue]:
    """What one rule finds in all tables and around them; every table counts as critical."""
    rule = next(rule for rule in builtin_rules() if rule.stem == stem)
    return list(Judge([rule], critical_tables=("*",)).judge(scene, (*scene.snapshot.tables, DATABASE)).issues)


def dropped(before: Snapshot, name: str, part: str, fix_id: str | None = None) -> Change:
    """The change that tells of a constraint's or index's drop."""
    old = table(before, name)
    for constraint in old.constraints:
        if constraint.name == part:
            return _change(ChangeKind.CONSTRAINT_DROPPED, old, constraint, fix_id)
    index = next(index for index in old.indexes if index.name == part)
    return _change(ChangeKind.INDEX_DROPPED, old, index, fix_id)


def retyped(before: Snapshot, after: Snapshot, name: str, column: str, fix_id: str | None = None) -> Change:
    """The change that tells of a column's change of type."""
    old, new = table(before, name).column_named(column), table(after, name).column_named(column)
    assert old is not None
    assert new is not None
    change = _change(ChangeKind.COLUMN_TYPE, table(before, name), old, fix_id)
    return replace(change, number=old.number, object_oid=0, after=_as_json(new))


def _change(kind: ChangeKind, of: Table, part: Any, fix_id: str | None) -> Change:
    oid = getattr(part, "oid", 0)
    return Change(kind, of.oid, of.schema, of.name, part.name, oid, before=_as_json(part), fix_id=fix_id)


def _as_json(part: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in part._asdict().items()}


def _numbers(of: Snapshot, text: str) -> tuple[Table, tuple[int, ...]]:
    match = _TARGET.fullmatch(text)
    assert match is not None, text
    found = of.by_name[_path(match["path"])]
    columns = [found.column_named(name) for name in _words(match["columns"])]
    return found, tuple(column.number for column in columns if column is not None)


class _TableBuilder:
    def __init__(self, line: str, oid: Oid) -> None:
        match = _LINE.fullmatch(line)
        assert match is not None, line
        self.oid = oid
        self.schema, self.name = _path(match["path"])
        self.flags = set((match["flags"] or "").split())
        self.columns: list[Column] = []
        self.constraints: list[Constraint] = []
        self.indexes: list[Index] = []
        self.numberings: list[Numbering] = []
        self._next = oid
        self._untied: list[tuple[str | None, list[str], str, str]] = []
        self._parents: tuple[Oid, ...] = ()
        for item in _split(match["items"]):
            self._item(item)

    @property
    def table(self) -> Table:
        return Table(
            oid=self.oid,
            schema=self.schema,
            name=self.name,
            kind="p" if "partitioned" in self.flags else "f" if "foreign" in self.flags else "r",
            persistence="u" if "unlogged" in self.flags else "t" if "temporary" in self.flags else "p",
            owner="owner",
            parents=self._parents,
            is_partition="partition" in self.flags,
            row_security=False,
            force_row_security=False,
            replica_identity="d",
            typed=0,
            left_alone="extension" in self.flags,
            comment=None,
            columns=tuple(self.columns),
            constraints=tuple(self.constraints),
            indexes=tuple(self.indexes),
            numberings=tuple(self.numberings),
        )

    def tie(self, tables: Mapping[tuple[str, str], _TableBuilder]) -> None:
        """Make the foreign keys, now that all tables are known; `[partition of=parent]` too."""
        for flag in self.flags:
            if flag.startswith("of="):
                self._parents = (tables["public", flag.removeprefix("of=")].oid,)
        for name, columns, target, rest in self._untied:
            match = _TARGET.fullmatch(target)
            assert match is not None, target
            schema, table_name = _path(match["path"], self.schema)
            key = tables[schema, table_name]
            index = key.key_on(tuple(key.number(each) for each in _words(match["columns"])))
            self._constraint(
                "f",
                name or f"{self.name}_{'_'.join(columns)}_fkey",
                columns,
                referenced_table=key.oid,
                referenced_columns=index.columns,
                index_oid=index.oid,
                validated="not valid" not in rest,
                match_type="s",
                on_update="a",
                on_delete="a",
            )

    def number(self, name: str) -> int:
        return next(column.number for column in self.columns if column.name == name)

    def key_on(self, columns: tuple[int, ...]) -> Index:
        return next(
            index for index in self.indexes if (set(index.columns) == set(columns) if columns else index.primary)
        )._replace(**({"columns": columns} if columns else {}))

    def _item(self, item: str) -> None:
        part = _PART.fullmatch(item)
        if part is not None:
            name = _unquoted(part["name"]) if part["name"] else None
            self._part(part["kind"], name, _words(part["columns"]), part["target"], part["rest"])
            return
        match = _COLUMN.fullmatch(item)
        assert match is not None, item
        name, (type_oid, type_name), rest = _unquoted(match["name"]), TYPES[match["type"]], match["rest"]
        words, _, target = rest.partition("->")
        primary = bool(re.search(r"\bpk\b", words))
        self.columns.append(
            Column(
                number=len(self.columns) + 1,
                name=name,
                type_oid=type_oid,
                type_modifier=-1,
                type_name=type_name,
                not_null=primary or "not null" in words,
                default=1 if re.search(r"\b(default|serial|nextval)\b", words) else None,
                identity="a" if "identity" in words else "",
                generated="s" if "generated" in words else "",
                collation=100 if type_oid in (25, 1042, 1043) else 0,
                inherited="inherited" in words,
            )
        )
        self._numbering(len(self.columns), words)
        if primary:
            self._part("pk", None, [name], None, "")
        if "unique" in words:
            self._part("unique", None, [name], None, "")
        if target:
            path, _, state = target.strip().partition(" ")
            self._untied.append((None, [name], path, state))

    def _numbering(self, number: int, words: str) -> None:
        """A sequence of its own has the OID of table and column, counted down from the next table's."""
        called = re.search(r"\bnextval\((\d+)\)", words)
        own = self.oid + STEP - number
        if called:
            self.numberings.append(Numbering(number, int(called[1]), owned=False, called=True))
        elif "serial" in words or "identity" in words:
            self.numberings.append(Numbering(number, own, owned=True, called="serial" in words))

    def _part(self, kind: str, name: str | None, columns: list[str], target: str | None, rest: str) -> None:
        joined = "_".join(columns)
        match kind:
            case "pk" | "unique":
                name = name or (f"{self.name}_pkey" if kind == "pk" else f"{self.name}_{joined}_key")
                index = self._index(name, columns, unique=True, primary=kind == "pk")
                made = self._constraint("p" if kind == "pk" else "u", name, columns, index_oid=index.oid)
                self.indexes[-1] = index._replace(constraint=made.oid)
            case "fk":
                assert target is not None
                self._untied.append((name, columns, target, rest))
            case "check":
                self._constraint("c", name or f"{self.name}_{joined}_check", columns, validated="not valid" not in rest)
            case _:
                self._index(
                    name or f"{self.name}_{joined}_idx",
                    columns,
                    unique=kind == "unique index",
                    valid="not valid" not in rest,
                )

    def _constraint(self, kind: str, name: str, columns: list[str], **fields: Any) -> Constraint:
        made = Constraint(
            oid=self._oid(),
            name=name,
            kind=kind,
            columns=tuple(self.number(each) for each in columns),
            validated=True,
            deferrable=False,
            deferred=False,
            referenced_table=0,
            referenced_columns=(),
            match_type=" ",
            on_update=" ",
            on_delete=" ",
            on_delete_columns=(),
            index_oid=0,
            parent=0,
            expression=1 if kind == "c" else None,
            enforced=True,
            no_inherit=False,
        )._replace(**fields)
        self.constraints.append(made)
        return made

    def _index(
        self, name: str, columns: list[str], *, unique: bool, primary: bool = False, valid: bool = True
    ) -> Index:
        numbers = tuple(self.number(each) for each in columns)
        made = Index(
            oid=self._oid(),
            name=name,
            method="btree",
            columns=numbers,
            included=(),
            operator_classes=tuple(self.columns[number - 1].type_oid for number in numbers),
            collations=tuple(self.columns[number - 1].collation for number in numbers),
            options=(0,) * len(numbers),
            unique=unique,
            nulls_not_distinct=False,
            primary=primary,
            exclusion=False,
            immediate=True,
            valid=valid,
            ready=True,
            replica_identity=False,
            clustered=False,
            constraint=0,
            parent=0,
            shape=None,
            definition=None,
            being_built=False,
        )
        self.indexes.append(made)
        return made

    def _oid(self) -> Oid:
        self._next += 1
        return self._next


def _split(items: str) -> Iterator[str]:
    """At the commas outside parentheses and quotes."""
    for match in re.finditer(r'(?:"[^"]*"|\([^)]*\)|[^,"(])+', items):
        if match[0].strip():
            yield match[0].strip()


def _words(text: str | None) -> list[str]:
    return [_unquoted(word) for word in re.findall(_WORD, text or "")]


def _path(text: str, schema: str = "public") -> tuple[str, str]:
    parts = _words(text)
    return (parts[0], parts[1]) if len(parts) > 1 else (schema, parts[0])


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word
