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
Flags in brackets: `partitioned`, `partition`, `of=parent`, `foreign`, `unlogged`, `temporary`, `extension`.
OIDs count up from the table's, which is FIRST_TABLE, FIRST_TABLE + STEP, …; `altered` changes any field of a part.
A type is one of TYPES. What cannot be read raises ValueError with the words in question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..listener.catalog.snapshot import Column, Constraint, Index, Numbering, Oid, Snapshot, Table

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
    "real": (700, "real"),
    "double": (701, "double precision"),
    "money": (790, "money"),
    "bytea": (17, "bytea"),
    "timestamp": (1114, "timestamp without time zone"),
    "timestamps": (1115, "timestamp without time zone[]"),
    "timestamptz": (1184, "timestamp with time zone"),
    "json": (114, "json"),
    "jsonb": (3802, "jsonb"),
    "inet": (869, "inet"),
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


def named(of: Snapshot, text: str) -> tuple[Table, tuple[int, ...]]:
    """The table and column numbers that `table(column, …)` names."""
    match = _read(_TARGET, text, "table(column, …)")
    found = of.by_name[_path(match["path"])]
    columns = [found.column_named(name) for name in _words(match["columns"])]
    if None in columns:
        raise ValueError(f"{text!r} names a column that {found.qualified_name} has not")
    return found, tuple(column.number for column in columns if column is not None)


class _TableBuilder:
    def __init__(self, line: str, oid: Oid) -> None:
        match = _read(_LINE, line, "table: items")
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
            match = _read(_TARGET, target, "table(column, …)")
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
        match = _read(_COLUMN, item, "name type …")
        if match["type"] not in TYPES:
            raise ValueError(f"{item!r}: there is no type {match['type']!r} here; there are {', '.join(TYPES)}")
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
                if target is None:
                    raise ValueError(f"fk({', '.join(columns)}) of {self.name} lacks its `-> table(…)`")
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


def _read(pattern: re.Pattern[str], text: str, form: str) -> re.Match[str]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} cannot be read as `{form}`")
    return match


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
