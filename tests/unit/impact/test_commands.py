"""What is read out of a statement's text."""

from __future__ import annotations

import pytest
from pgmend.listener.impact.commands import Command, Sort, check_proves, columns_in, commands_of
from pgmend.listener.impact.impact import Lock

AE, SRE, SHARE, SUE = Lock.ACCESS_EXCLUSIVE, Lock.SHARE_ROW_EXCLUSIVE, Lock.SHARE, Lock.SHARE_UPDATE_EXCLUSIVE
TEXTS: dict[str, list[Command]] = {
    "create table t (id int)": [],
    "create index i on t (a)": [Command(Sort.INDEX, SHARE, name="i")],
    "create index concurrently i on t (a)": [],
    "create index i on only t (a)": [],
    "drop index i, j": [Command(Sort.DROP_INDEX, AE)],
    "drop index concurrently i": [],
    "drop table t": [],
    "reindex table t": [Command(Sort.REINDEX, SHARE)],
    "reindex index concurrently i": [],
    "reindex (verbose, concurrently) table t": [],
    "reindex (concurrently off) table t": [Command(Sort.REINDEX, SHARE)],
    "reindex (concurrently true) table t": [],
    "alter table t rename to u": [Command(Sort.OTHER, AE)],
    "alter table t rename a to b": [Command(Sort.OTHER, AE)],
    "alter index i rename to j": [],
    "alter table t set schema s": [Command(Sort.OTHER, AE)],
    "create trigger x before update on t for each row execute function f()": [Command(Sort.OTHER, SRE)],
    "alter table t validate constraint c": [Command(Sort.OTHER, SUE)],
    "alter table t alter a set statistics 5, cluster on i, set (fillfactor = 9)": [Command(Sort.OTHER, SUE)] * 3,
    "alter table t disable trigger all": [Command(Sort.OTHER, SRE)],
    "alter table t detach partition p concurrently": [Command(Sort.OTHER, SUE)],
    "alter table t detach partition p": [Command(Sort.OTHER, AE)],
    "alter table t attach partition s.p default": [Command(Sort.ATTACH, AE, name="p")],
    'alter table t alter "A b" type bigint': [Command(Sort.TYPE, AE, ("A b",))],
    "alter table t alter a set not null": [Command(Sort.NOT_NULL, AE, ("a",))],
    "alter table t set unlogged": [Command(Sort.STORAGE, AE, name="UNLOGGED")],
    "alter table t add column a int": [Command(Sort.ADD_COLUMN, AE, ("a",))],
    "alter table t add column a bigserial unique": [
        Command(Sort.ADD_COLUMN, AE, ("a",), surely=True), Command(Sort.KEY, AE, ("a",)),
    ],
    "alter table t add column a int generated always as identity": [Command(Sort.ADD_COLUMN, AE, ("a",), surely=True)],
    "alter table t add column a int references p": [Command(Sort.ADD_COLUMN, AE, ("a",))],
    "alter table t add column a int default 1 references p": [
        Command(Sort.ADD_COLUMN, AE, ("a",)), Command(Sort.FOREIGN_KEY, AE, ("a",)),
    ],
    "alter table t add constraint c check (a > 0) not valid": [Command(Sort.CHECK, AE, name="c", harmless=True)],
    "alter table t add check (a is not null and (b > 0 and b is not null))": [
        Command(Sort.CHECK, AE, proves=frozenset({"a", "b"})),
    ],
    "alter table t add constraint f foreign key (a, b) references p": [
        Command(Sort.FOREIGN_KEY, SRE, ("a", "b"), "f"),
    ],
    "alter table t add foreign key (a) references p not enforced": [
        Command(Sort.FOREIGN_KEY, SRE, ("a",), harmless=True),
    ],
    "alter table t add constraint n not null a not valid": [Command(Sort.NOT_NULL, AE, ("a",), harmless=True)],
    "alter table t add primary key (a)": [Command(Sort.KEY, AE, ("a",))],
    "alter table t add constraint k unique using index i": [Command(Sort.KEY, AE, name="k", harmless=True)],
    "alter table t add exclude using gist (a with &&)": [Command(Sort.EXCLUSION, AE)],
    "alter view v rename to w": [],
    "alter table t alter a set default '...'": [Command(Sort.OTHER, AE)],
    "comment on table t is '...'": [],
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_commands(text: str) -> None:
    assert list(commands_of(text) or ()) == TEXTS[text]


@pytest.mark.parametrize("text", [None, "alter table t alter a type varchar('...')", "create index; create index", ""])
def test_text_that_says_nothing(text: str | None) -> None:
    assert commands_of(text) is None


@pytest.mark.parametrize(
    ("definition", "columns"),
    [
        ("CHECK ((a IS NOT NULL))", {"a"}),
        ("CHECK (((a IS NOT NULL) AND (b > 0)))", {"a"}),
        ("CHECK (((a IS NOT NULL) OR (b IS NOT NULL)))", set[str]()),
        ("CHECK ((a > 0))", set[str]()),
        ("CHECK (NOT (a IS NULL))", set[str]()),
    ],
)
def test_what_a_check_proves(definition: str, columns: set[str]) -> None:
    assert check_proves(definition) == columns


def test_columns_of_an_expression() -> None:
    assert columns_in('((n IS NOT NULL) AND ("Größe" >= 1))') == {"n", "Größe"}
    assert columns_in("") == frozenset()
