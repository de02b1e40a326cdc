"""Statements are parsed back and compared with what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pglast import ast
from pglast.enums import AlterTableType
from pgmend.listener.errors import PlanRefused
from pgmend.listener.fixes.composed import lock, query, statement
from psycopg import sql

T = ("app", "t")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=15)


@pytest.mark.parametrize(
    ("text", "node", "objects"),
    [
        ("create index concurrently i on app.t (a)", ast.IndexStmt, (T, ("app", "i"))),
        ("drop index concurrently app.t", ast.DropStmt, (T,)),
        ("reindex index concurrently app.t", ast.ReindexStmt, (T,)),
        ("comment on index app.t is 'x'", ast.CommentStmt, (T,)),
        ("select from app.t, app.u where exists (select from app.v)", ast.SelectStmt, (T, ("app", "u"), ("app", "v"))),
        ("update app.t set a = 1 from app.u", ast.UpdateStmt, (T, ("app", "u"))),
    ],
)
def test_a_statement_on_what_was_meant_passes_to_the_letter(
    text: str, node: type[ast.Node], objects: tuple[tuple[str, str], ...]
) -> None:
    assert statement(verbatim(text), node, *objects) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drop index app.other", "where [('app', 't')] was meant"),
        ("drop index app.t, app.other", "where [('app', 't')] was meant"),
        ("drop index t", "where [('app', 't')] was meant"),
        ("drop index app.t; drop index app.t", "2 statements"),
        ("truncate app.t", "TruncateStmt"),
        ("drop index app.", "does not parse"),
        ("", "0 statements"),
        ("drop index app.t\0", "NUL"),
        (f"select {' || '.join('a' * 2_000)} from app.t", "nested too deeply"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        statement(verbatim(text), ast.DropStmt, T)
    assert said in str(refused.value)


def test_the_parts_of_an_alter_table_are_compared_too() -> None:
    validate = verbatim("alter table app.t validate constraint c")
    drop = verbatim("alter table app.t validate constraint c, drop column a")
    commands = (AlterTableType.AT_ValidateConstraint,)
    statement(validate, ast.AlterTableStmt, T, commands=commands)
    with pytest.raises(PlanRefused):
        statement(drop, ast.AlterTableStmt, T, commands=commands)


@given(st.lists(NAMES, min_size=4, max_size=4, unique=True))
def test_names_are_compared_as_they_are_whatever_is_in_them(strange: list[str]) -> None:
    schema, table, index, column = strange
    text = sql.SQL("create index {} on {} ({})").format(
        sql.Identifier(index), sql.Identifier(schema, table), sql.Identifier(column)
    )
    statement(text, ast.IndexStmt, (schema, table), (schema, index))
    with pytest.raises(PlanRefused):
        statement(text, ast.IndexStmt, (schema, table), (schema, column))


def test_a_query_that_writes_is_none() -> None:
    with pytest.raises(PlanRefused):
        query(verbatim("delete from app.t"), T)
    with pytest.raises(PlanRefused):
        query(verbatim("with gone as (delete from app.t returning 1) select from gone"), T)


def test_a_lock_is_one_lock_table_on_one_relation() -> None:
    assert lock('app."T"', "ACCESS EXCLUSIVE") == 'lock table app."T" in ACCESS EXCLUSIVE mode'
    for relation, mode in (("app.t, app.u", "SHARE"), ("app.t", "SHARE mode; drop table app.t; lock app.t in SHARE")):
        with pytest.raises(PlanRefused):
            lock(relation, mode)


def verbatim(text: str) -> sql.SQL:
    return sql.SQL(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        '"relname":"t"',
        '","relname":"t',
        "\\",
        '\\"',
        'a\\","relname":"t","x":"',
        "\\u0022,\\u0022relname\\u0022:\\u0022t",
        "é\n\t\x7f\u2028",
        "x" * 63,
    ],
)
def test_no_name_and_no_literal_looks_like_another_name(name: str) -> None:
    text = sql.SQL("select {literal} as {column}, (select 1 from {inner}) from {outer} as {column}").format(
        literal=sql.Literal(name),
        column=sql.Identifier(name),
        inner=sql.Identifier(name, name),
        outer=sql.Identifier("app", "t"),
    )
    assert query(text, T, (name, name))
    with pytest.raises(PlanRefused):
        query(text, T)
    with pytest.raises(PlanRefused):
        query(text, (name, name))


@given(NAMES, NAMES, st.booleans())
def test_whatever_a_relation_is_called_it_is_found(schema: str, name: str, qualified: bool) -> None:
    named = (schema, name) if qualified else (name,)
    text = sql.SQL("select {} from {}").format(sql.Literal(schema), sql.Identifier(*named))
    assert query(text, named)
    with pytest.raises(PlanRefused):
        query(text, (*named[:-1], f"{name}x"))
