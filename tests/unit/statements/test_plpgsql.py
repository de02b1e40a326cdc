"""The queries of a PL/pgSQL body as the server can describe them: a typed NULL for each variable."""

from __future__ import annotations

import pytest
from pgmend.listener.statements.dissection import NotTakenApart
from pgmend.listener.statements.plpgsql import Argument, Body, Piece, Place, Routine, body_of


def body(source: str, *arguments: Argument, gives: str = "value", row_type: str | None = None) -> Body:
    return body_of(Routine("f", arguments, gives, source), row_type)


def texts(told: Body) -> list[str]:
    return [piece.text for piece in told.pieces]


P = Argument("i", "p", "app.mood[]")
WORD = Argument("i", "Wörd", "text")


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("begin perform a from t where b = p; end", ["SELECT a from t where b = (null::app.mood[])"]),
        ("begin perform a from t where 'ö' = \"Wörd\"; end", ["SELECT a from t where 'ö' = (null::text)"]),
        ("begin perform a from t where b = f.p; end", ["SELECT a from t where b = (null::app.mood[])"]),
        ("begin perform a from t where b = $2; end", ["SELECT a from t where b = (null::text)"]),
        ('begin perform "x$1" from "t$2" where b = $2; end', ['SELECT "x$1" from "t$2" where b = (null::text)']),
        ("begin perform p.a from t p where p.b = 1; end", ["SELECT p.a from t p where p.b = 1"]),
        (
            "declare v app.t.a%type; w t%rowtype; begin select a into v from t where b = v and c = w.c; end",
            [
                'select a        from t where b = (select of_type."a" from "app"."t" as of_type) and c = (null::"t").c',
            ],
        ),
        ("declare n int := 1; begin n := n + 1; end", ["select 1", "select  (null::int4) + 1"]),
        (
            "begin insert into t (p) values (p) on conflict (p) do update set p = excluded.p; end",
            ["insert into t (p) values ((null::app.mood[])) on conflict (p) do update set p = excluded.p"],
        ),
        ("<<b>> declare n int; begin perform b.n; end", ["SELECT (null::int4)"]),
        ("begin execute 'delete from t'; end", ["select 'delete from t'", "delete from t"]),
    ],
)
def test_variables_become_values_of_their_types(source: str, pieces: list[str]) -> None:
    told = body(source, P, WORD, gives="void")
    assert (texts(told), told.composes, told.untold) == (pieces, False, ())


def test_new_and_old_are_rows_of_the_triggers_table() -> None:
    source = "begin if new.a = old.a then new.b := now(); end if; return new; end"
    told = body(source, gives="trigger", row_type='"App".t')
    assert texts(told) == ['select (null::"App".t).a = (null::"App".t).a', "select  now()"]


def test_a_record_has_no_type_before_it_runs() -> None:
    told = body("declare r record; begin for r in select * from t loop perform a from t where b = r.b; end loop; end")
    assert Piece("SELECT a from t where b = r.b", "r") in told.pieces


def test_a_name_with_two_types_has_none() -> None:
    source = "declare n int; begin declare n text; begin perform n; end; end"
    assert body(source).pieces == (Piece("SELECT n", "n"),)


@pytest.mark.parametrize(
    ("gives", "arguments"),
    [
        ("set", (Argument("t", "a", "int"), Argument("t", "b", "app.mood"))),
        ("set", (Argument("i", "x", "int"),)),
        ("value", (Argument("o", "a", "app.mood"),)),
        ("set", (Argument("v", "a", "int[]"), Argument("b", "c", "int"))),
    ],
)
def test_functions_of_every_shape_are_read(gives: str, arguments: tuple[Argument, ...]) -> None:
    source = "begin perform 1 from t; return query select 1; end" if gives == "set" else "begin perform 1 from t; end"
    assert "SELECT 1 from t" in texts(body(source, *arguments, gives=gives))


@pytest.mark.parametrize(
    "command", ["execute 'delete from ' || p", "for r in execute p loop end loop", "open c for execute p"]
)
def test_text_that_is_put_together_is_told(command: str) -> None:
    assert body(f"declare r record; c refcursor; begin {command}; end", WORD, P, gives="void").composes


@pytest.mark.parametrize("source", ["begin perform 1 fro t; end", "#variable_conflict use_column\nbegin end", "begin"])
def test_a_body_that_cannot_be_read_is_refused(source: str) -> None:
    with pytest.raises(NotTakenApart):
        body(source)


def test_what_is_assigned_to_has_a_type_that_is_asked_for() -> None:
    source = """declare v app.t."A b"%type := 5; r record; k constant record := row(1); begin
      new.c := 5; select 1, 2 into v, old."D e"; insert into app.t values (1) returning f into new.f; return new; end"""
    told = body(source, gives="trigger", row_type='"App".t')
    assert told.places == (
        Place("variable v", 'select (select of_type."A b" from "app"."t" as of_type)'),
        Place('new."c"', 'select (null::"App".t)."c"'),
        Place('old."D e"', 'select (null::"App".t)."D e"'),
        Place('new."f"', 'select (null::"App".t)."f"'),
    )
    assert told.untold == ()


def test_arguments_and_what_is_returned_are_places() -> None:
    told = body_of(Routine("f", (P, Argument("o", "", "app.t")), "value", "begin end", "app.t"), None)
    assert told.places == (
        Place("argument p", "select (null::app.mood[])"),
        Place("argument 2", "select (null::app.t)"),
        Place("what it returns", "select (null::app.t)"),
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("declare w t; begin declare w u; begin null; end; end", "the type of variable w is not known here"),
        ('declare "W.x" "T.t"."a.b"%type; begin end', "the type of variable W.x is not known here"),
        ("declare r record; begin r.z := 4; end", "it assigns to field z of a record"),
    ],
)
def test_a_place_whose_type_nobody_tells_is_told(source: str, why: str) -> None:
    told = body(source, gives="void").untold
    assert why in told[0]


def test_a_variable_of_a_type_of_the_databases_own_is_read_from_the_source() -> None:
    told = body('declare "W x" constant "T" := null; w mood; n record; begin perform w from t; end', gives="void")
    assert told.places == (Place("variable W x", 'select (null::"T")'), Place("variable w", "select (null::mood)"))
    assert "SELECT (null::mood) from t" in texts(told)
    assert told.untold == ()


def test_what_stands_in_brackets_of_a_target_is_a_query_too() -> None:
    assert 'select (null::_int4)[(select of_type."c" from "app"."t" as of_type)] ' in texts(
        body("declare a int4[]; v app.t.c%type; begin a[v] := 1; end", gives="void")
    )
