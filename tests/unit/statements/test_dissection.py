"""Text of anybody's is taken apart into queries, or it is said why not."""

from __future__ import annotations

import pytest
from pgmend.listener.statements.dissection import MOST_CHARACTERS, NotTakenApart, dissect, named_in_function
from pgmend.listener.statements.touched import Relation, Touched

TOUCHED = Touched((Relation(1, "App", "Bestellungen, alt", "r"), Relation(2, "app", "t", "r")), frozenset({"rows_of"}))


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("select 'ö'; select * from t where a = $1;", ["select 'ö'", "select * from t where a = $1"]),
        ("select 1; drop table t", ["select 1"]),
        ('copy t (a, "B c") from stdin', ['SELECT a, "B c" FROM t']),
        ("copy t to stdout", ["SELECT * FROM t"]),
        ("copy (select a from t) to stdout", ["SELECT a FROM t"]),
        ("explain (analyze) update t set a = $1", ["UPDATE t SET a = $1"]),
        ("declare c cursor for select a from t", ["SELECT a FROM t"]),
        ("prepare p (int) as delete from t where a = $1", ["DELETE FROM t WHERE a = $1"]),
        ("create temp table x as select a from t", ["SELECT a FROM t"]),
        ("create materialized view x as select a from t", ["SELECT a FROM t"]),
        ("select a into temp x from t; select 1", ["SELECT a FROM t", "select 1"]),
        ("select a into x from t union select b from u", ["SELECT a FROM t UNION SELECT b FROM u"]),
        ("with q as (select a from t) select * into x from q", ["WITH q AS (SELECT a FROM t) SELECT * FROM q"]),
        ("begin; lock table t; truncate t; alter table t add b int; vacuum t; set x.y = '1'", []),
    ],
)
def test_queries_are_found_wherever_they_stand(text: str, queries: list[str]) -> None:
    assert [query.text for query in dissect(text)] == queries


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("select extract($1 from)", "does not parse"),
        ("do $$ begin delete from t; end $$", "DO block"),
        ("select '\0'", "NUL"),
        ("select " + "1," * MOST_CHARACTERS + "1", "characters"),
        ("select " + "(" * 6000 + "1" + ")" * 6000, "nested too deeply"),
        ("select " + "1+" * 49_000 + "1 from t", "nested too deeply"),
        ("select " + "not " * 49_000 + "true from t", "nested too deeply"),
    ],
)
def test_what_cannot_be_taken_apart_says_why(text: str, why: str) -> None:
    with pytest.raises(NotTakenApart, match=why):
        dissect(text)


def test_a_long_list_is_no_nesting() -> None:
    values = ", ".join(f"(${n}, ${n + 1})" for n in range(1, 12_000, 2))
    assert len(dissect(f"insert into t values {values}")) == 1


@pytest.mark.parametrize(
    ("text", "touches"),
    [
        ("select * from t", True),
        ("select * from app.t", True),
        ("select * from other.t", False),
        ('insert into "App"."Bestellungen, alt" values ($1)', True),
        ("with x as (select a from t) select from x", True),
        ("select (null::app.t).a", True),
        ("select * from rows_of($1)", True),
        ("select t, 't' as t from u", False),
        ("merge into u using t on true when matched then delete", True),
    ],
)
def test_a_query_touches_what_it_names(text: str, touches: bool) -> None:
    (query,) = dissect(text)
    assert query.touches(TOUCHED) is touches


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("select * from T", True),
        ("select 'not'", False),
        ('delete from "Bestellungen, alt"', True),
        ("select BESTELLUNGEN", False),
        ('select U&"\\0074"', True),
        ("select tt, t_id, $t$ $t$", False),
    ],
)
def test_a_name_is_looked_for_as_a_word(text: str, mentioned: bool) -> None:
    assert TOUCHED.mentioned_in(text) is mentioned


def test_a_sql_function_names_what_its_body_does() -> None:
    quoted = "create function f() returns int language sql as 'select a from app.t join u on true'"
    parsed = "create function f() returns int language sql begin atomic select a from app.t; select 1 from u; end"
    assert named_in_function(quoted) == named_in_function(parsed) == {("app", "t"), (None, "u")}
