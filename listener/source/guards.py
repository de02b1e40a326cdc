"""Conditions that tell which engine code is for, or that ask the catalog what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
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
# Not `if self.postgresql.is_running()`, whose other branch is not for another engine.
_ASKS_FOR_OURS: Final = re.compile(
    r"[\"'][^\"']*(?:postgres|pgsql)|\b(?:is|use|uses|using|on)_?(?:pg|postgres\w*)\b", re.IGNORECASE
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


def engines(test: ast.expr, said: Callable[[ast.expr], str]) -> Sides:
    """What the condition tells of engines, by the words in it."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = engines(test.operand, said)
        return Sides(inner.otherwise, inner.body)
    text = said(test)
    theirs, ours = _ENGINE.search(text), _ASKS_FOR_OURS.search(text)
    negated = isinstance(test, ast.Compare) and any(isinstance(each, ast.NotEq | ast.NotIn) for each in test.ops)
    if ours and not theirs:
        return Sides(OTHER, None) if negated else Sides(None, OTHER)
    if theirs and not ours:
        engine = _ENGINES[theirs[0].lower()]
        return Sides(None, engine) if negated else Sides(engine, None)
    return Sides()


def guarded(outer: Guard | None, engine: str | None, condition: str | None) -> Guard | None:
    """The guard within another one."""
    if engine is None and condition is None:
        return outer
    if outer is None:
        return Guard(engine, condition)
    return Guard(engine or outer.engine, condition or outer.condition)
