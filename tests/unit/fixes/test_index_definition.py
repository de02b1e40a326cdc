"""CREATE INDEX read, shaped, and written again with CONCURRENTLY."""

from __future__ import annotations

import pytest
from pgmend.listener.catalog.snapshot import Column, Table
from pgmend.listener.errors import PlanRefused
from pgmend.listener.fixes.indexes.definition import IndexDefinition, IndexShape


def column(number: int, name: str) -> Column:
    return Column(number, name, 23, -1, "integer", False, None, "", "", 0, False)


TABLE = Table(
    1, "app", "new", "r", "p", "owner", (), False, False, False, "d", 0, False, None,
    (column(1, "id"), column(2, "email"), column(4, "Ä\"b")),
)  # fmt: skip

CASES = [
    (
        "CREATE INDEX i ON app.old USING btree (email)",
        'create index concurrently "j" on "app"."new" USING btree (email)',
        IndexShape("btree", False, (2,), 1, False),
    ),
    (
        """CREATE UNIQUE INDEX "where" ON ONLY old USING gist ("Ä""b" COLLATE "C", lower(email)) INCLUDE (id)"""
        " NULLS NOT DISTINCT WITH (fillfactor='60') WHERE (email ~~ 'a (where) USING %{}'::text)",
        """create unique index concurrently "j" on "app"."new" """
        """USING gist ("Ä""b" COLLATE "C", lower(email)) INCLUDE (id)"""
        " NULLS NOT DISTINCT WITH (fillfactor='60') WHERE (email ~~ 'a (where) USING %{}'::text)",
        IndexShape("gist", True, (4, 0, 1), 2, True),
    ),
]


@pytest.mark.parametrize(("text", "written", "shape"), CASES)
def test_all_from_using_on_is_kept_to_the_letter(text: str, written: str, shape: IndexShape) -> None:
    definition = IndexDefinition.read(text)
    assert definition.create(TABLE, "j") == written
    assert definition.shape(TABLE) == shape


@pytest.mark.parametrize(("text", "written", "_"), CASES)
def test_a_tablespace_is_put_where_the_grammar_wants_it(text: str, written: str, _: IndexShape) -> None:
    composed = IndexDefinition.read(text).create(TABLE, "j", tablespace="fast")
    assert composed.replace(' tablespace "fast"', "") == written
    assert 'tablespace "fast"' in composed


@pytest.mark.parametrize("text", ["select 1", "create index i on t (", "create index i on t (a); drop table t"])
def test_what_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(PlanRefused):
        IndexDefinition.read(text)


def test_a_column_that_is_gone_refuses_the_shape() -> None:
    with pytest.raises(PlanRefused, match="'gone'"):
        IndexDefinition.read("CREATE INDEX i ON app.old USING btree (gone)").shape(TABLE)


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        ("CREATE UNIQUE INDEX i ON app.old USING btree (email)", True),
        ("CREATE INDEX i ON app.old USING btree (email)", False),
        ("CREATE UNIQUE INDEX i ON app.old USING btree (lower(email))", True),
        ("CREATE UNIQUE INDEX i ON app.old USING btree (app.lower(email))", False),
        ("CREATE UNIQUE INDEX i ON app.old USING btree (email) WHERE id OPERATOR(app.=) 1", False),
        ("CREATE UNIQUE INDEX i ON app.old USING btree (((email)::app.kind))", False),
    ],
)
def test_duplicates_are_looked_for_by_nobodys_code_but_postgres(text: str, checked: bool) -> None:
    assert (IndexDefinition.read(text).duplicates(TABLE) is not None) is checked
