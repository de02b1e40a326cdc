"""Conditions that tell which engine code is for, or that ask the catalog what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from .facts import Guard

_ENGINES: Final = {
    "sqlite": "SQLite",
    "mysql": "MySQL",
    "mariadb": "MySQL",
    "oracle": "Oracle",
    "mssql": "SQL Server",
    "sqlserver": "SQL Server",
    "duckdb": "DuckDB",
    "clickhouse": "ClickHouse",
    "cockroach": "CockroachDB",
    "redshift": "Redshift",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
}
_ENGINE: Final = re.compile("|".join(_ENGINES), re.IGNORECASE)
_OURS: Final = re.compile(r"postgres|psycopg|asyncpg|\bis_pg\b|\bpgsql\b", re.IGNORECASE)
_WORD: Final = "((?:" + "|".join((*_ENGINES, "spatialite")) + r")\d?)"
_ENGINES_WORD: Final = re.compile(rf"(?<![a-z]){_WORD}(?![a-z])", re.IGNORECASE)
_FLAG: Final = re.compile(
    rf"_*(?:(?:is|use|uses|using|on)_?)?{_WORD}(?:_(?:db|mode|backend|dialect|engine))?", re.IGNORECASE
)
# Not those of drivers: another one is no other engine.
_OUR_NAME: Final = re.compile(r"postgres|pgsql", re.IGNORECASE)
# Not `if self.postgresql.is_running()`, whose other branch is not for another engine.
_OUR_FLAG: Final = re.compile(r"_*(?:is|use|uses|using|on)_?(?:pg|pgsql|postgres\w*)", re.IGNORECASE)
# Not those of connections and addresses: of what is none of these nothing is told.
_CLASS_OF_ENGINE: Final = re.compile(
    rf"_?(?:(?P<ours>postgres(?:ql)?|pgsql)|(?P<theirs>{_WORD}))_?(?:database)?_?(?:engine|dialect|backend)",
    re.IGNORECASE,
)
_ENGINES_NAME: Final = re.compile("(?:" + "|".join((*_ENGINES, "spatialite")) + r")\d?", re.IGNORECASE)
VERSION: Final = re.compile(r"server_version|pg_version|version_num|_version\b.*\d{5}", re.IGNORECASE)
"""Stands in conditions on the server's version: what they guard is for some servers only."""
CATALOG: Final = re.compile(
    r"information_schema|pg_catalog|\bto_reg\w+|\bpg_(?:class|attribute|extension|proc|tables|namespace|type|indexes)\b",
    re.IGNORECASE,
)
OTHER: Final = "another engine"


class Sides(NamedTuple):
    """The engine that the body is for, and the one that everything else is for; None: ours, or not told."""

    body: str | None = None
    otherwise: str | None = None


def engine_named(text: str) -> str | None:
    """The other engine whose name is in the text, where ours is not."""
    theirs = _ENGINE.search(text)
    return None if theirs is None or _OURS.search(text) else _ENGINES[theirs[0].lower()]


def engine_of_folder(path: str) -> str | None:
    """The other engine that a folder on the path is called after."""
    for each in path.split("/")[:-1]:
        if _ENGINES_NAME.fullmatch(each):
            name = each.lower().rstrip("0123456789")
            return _ENGINES.get(name, "SQLite")
    return None


def engines(test: ast.expr) -> Sides:
    """What the condition tells of engines: by a constant that something is compared with, or by a flag's name."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = engines(operand)
            return Sides(inner.otherwise, inner.body)
        case ast.BoolOp(op=operator, values=values):
            return _together([engines(each) for each in values], all_of_them=isinstance(operator, ast.And))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            sides = _compared(left, right)
            negated = isinstance(operator, ast.NotEq | ast.NotIn | ast.IsNot)
            return Sides(sides.otherwise, sides.body) if negated else sides
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith"), args=[given]):
            return _of_constants(given)
        case ast.Call(func=ast.Name() | ast.Attribute() as function, args=arguments):
            is_of_class = isinstance(function, ast.Name) and function.id == "isinstance" and len(arguments) == 2
            return _of_class(arguments[1]) if is_of_class else _of_flag(function)
        case _:
            return _of_flag(test)


def _together(sides: Sequence[Sides], *, all_of_them: bool) -> Sides:
    """The sides of conditions of which all or any hold."""
    bodies, others = [each.body for each in sides], [each.otherwise for each in sides]
    one = next((each for each in (bodies if all_of_them else others) if each is not None), None)
    each_one = (others if all_of_them else bodies)[0] if None not in (others if all_of_them else bodies) else None
    return Sides(one, each_one) if all_of_them else Sides(each_one, one)


def _compared(left: ast.expr, right: ast.expr) -> Sides:
    found = [each for each in (_of_constants(left), _of_constants(right)) if each != Sides()]
    return found[0] if len(found) == 1 else Sides()


def _of_constants(node: ast.expr) -> Sides:
    """What it tells that something is that constant, or one of those."""
    match node:
        case ast.Constant(value=str(text)):
            if _OUR_NAME.search(text):
                return Sides(None, OTHER)
            theirs = _ENGINES_WORD.search(text)
            return Sides() if theirs is None else Sides(_engine(theirs[1]), None)
        case ast.Tuple(elts=[_, *_] as each) | ast.List(elts=[_, *_] as each) | ast.Set(elts=[_, *_] as each):
            return _together([_of_constants(one) for one in each], all_of_them=False)
        case ast.Attribute(attr=name) if name.isupper() and (theirs := _ENGINES_NAME.fullmatch(name)):
            return Sides(_engine(theirs[0]), None)
        case ast.Attribute(attr=name) if name.isupper() and _OUR_NAME.match(name):
            return Sides(None, OTHER)
        case _:
            return Sides()


def _of_class(node: ast.expr) -> Sides:
    """What it tells that something is an object of that class, or of one of those."""
    match node:
        case ast.Tuple(elts=[_, *_] as each):
            return _together([_of_class(one) for one in each], all_of_them=False)
        case ast.Name(id=name) | ast.Attribute(attr=name) if match := _CLASS_OF_ENGINE.fullmatch(name):
            return Sides(None, OTHER) if match["ours"] else Sides(_engine(match["theirs"]), None)
        case _:
            return Sides()


def _of_flag(node: ast.expr) -> Sides:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if theirs := _FLAG.fullmatch(name):
                return Sides(_engine(theirs[1]), None)
            return Sides(None, OTHER) if _OUR_FLAG.fullmatch(name) else Sides()
        case _:
            return Sides()


def _engine(name: str) -> str:
    return _ENGINES.get(name.lower().rstrip("0123456789"), "SQLite")


def guarded(outer: Guard | None, engine: str | None, condition: str | None) -> Guard | None:
    """The guard within another one."""
    if engine is None and condition is None:
        return outer
    if outer is None:
        return Guard(engine, condition)
    return Guard(engine or outer.engine, condition or outer.condition)
