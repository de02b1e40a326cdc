"""Changes of type that lose nothing, and ways to know a statement that one of them breaks.

In a text `{x}` is the column that changes or, in the harmless twin, another one, `{w}` a value of it and `{its}` its
type; `{t}` is the table, `{u}` its plain name, `{i}` its key, `{s}` the schema, `{d}` the database, and `{mark}` a word
by which the statement is known again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pair:
    """A change of type. `strange` says that neither type compares with the other."""

    old: str
    new: str
    values: tuple[str, str]
    strange: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement; `before` is what it needs. Only a `strange` change breaks it where other types would give way."""

    name: str
    text: str
    before: str = ""
    strange: bool = False


PAIRS: Final = (
    Pair("text", "integer", ("1", "20")),
    Pair("text", "bigint", ("1", "30000000000")),
    Pair("text", "uuid", ("b57c8dbf-1e6f-4a45-8d0a-5f1d8a0b7c11", "0b54ad0a-94e6-4e5f-8f0d-3f0e8a7f1a22")),
    Pair("integer", "text", ("7", "-12")),
    Pair("bigint", "text", ("7", "12000000000")),
    Pair("integer", "bigint", ("7", "12"), strange=False),
    Pair("smallint", "integer", ("7", "12"), strange=False),
    Pair("integer", "numeric", ("7", "12"), strange=False),
)

SHAPES: Final = (
    Shape("a parameter", "select /*{mark}*/ {i} from {t} where {x} = {w}"),
    Shape("a result", "select /*{mark}*/ {x} from {t}"),
    Shape("all columns", "select /*{mark}*/ * from {s}.some", "create view {s}.some as select {x} from {t}"),
    Shape("an insert", "insert /*{mark}*/ into {t} ({i}, {x}) values (5, {w})"),
    Shape("an update", "update /*{mark}*/ {t} set {x} = {w} where {i} = 1"),
    Shape("returning", "delete /*{mark}*/ from {t} where {i} = 99 returning {x}"),
    Shape("a query with a name", "with q as (select {x} as k from {t}) select /*{mark}*/ k from q"),
    Shape("an aggregate", "select /*{mark}*/ array_agg({x}) from {t}"),
    Shape("coalesce", "select /*{mark}*/ coalesce({x}, {w}) from {t}"),
    Shape("a join", "select /*{mark}*/ a.{x} from {t} a join {t} b using ({i})"),
    Shape("a comparison", "select /*{mark}*/ 1 from {t} where {x} = {w}::{its}", strange=True),
    Shape("explain", "explain select {i} as {mark} from {t} where {x} = {w}"),
    Shape("a cursor", "declare k cursor with hold for select {x} as {mark} from {t}"),
    Shape("prepare", "prepare p as select {x} as {mark} from {t}; execute p"),
    Shape("copy", "copy (select {x} as {mark} from {t}) to stdout"),
    Shape("create table as", "create temp table x as select {x} as {mark} from {t}"),
    Shape(
        "on conflict",
        "insert /*{mark}*/ into {t} ({i}, {x}) values (1, {w}) on conflict ({i}) do update set {x} = excluded.{x}",
    ),
    Shape(
        "a search path",
        "set search_path = {s}; select /*{mark}*/ {x} from {u}",
        "alter database {d} set search_path = {s}",
    ),
    Shape(
        "a SQL function",
        "create function {s}.{mark}(p {its}) returns bigint language sql as"
        " $$ select count(*) from {t} where {x} = p $$",
        strange=True,
    ),
    Shape(
        "a PL/pgSQL function",
        "create function {s}.{mark}(p int) returns text language plpgsql as"
        " $$ declare r text; begin select {x} into r from {t} where {i} = p; return r; end $$",
    ),
    Shape(
        "a trigger",
        "create function {s}.{mark}() returns trigger language plpgsql as"
        " $$ begin if new.{x} = {w}::{its} then new.{i} := 7; end if; return new; end $$;"
        " create trigger t before insert on {t} for each row execute function {s}.{mark}()",
        strange=True,
    ),
)
