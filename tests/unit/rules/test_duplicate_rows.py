from __future__ import annotations

from dataclasses import replace

import pytest
from pgmend.listener.catalog.snapshot import Snapshot
from pgmend.listener.expected.difference import Difference
from pgmend.listener.expected.portrait import ObjectKind, ObjectName, Portrayed
from pgmend.listener.expected.state import Expected
from pgmend.listener.issue import Issue, Severity
from pgmend.listener.judging.docket import Docket
from pgmend.listener.judging.judge import CheckStatus, Judge, Judgement
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.judging.roster import Roster
from pgmend.listener.judging.scene import Scene
from pgmend.listener.judging.wanted_keys import suspected_of_repetition, wanted_keys
from pgmend.listener.relations.measurement import Duplicates, Measurements, Unmeasured
from pgmend.listener.relations.uniqueness import Uniqueness
from pgmend.listener.settings import Settings

from tests.support.snapshots import NOON, altered, scene, snapshot, table

USERS = snapshot('users: id int pk, email text, "Größe, 1" int, "Key 1"=unique index(email) not valid')
EMAIL = Uniqueness(table(USERS, "users").oid, (2,))
TWICE = Duplicates(1204, 2, 5, exact=True, taken_at=NOON, examples=("'a'", "'b'"))
CLEAN = Duplicates(1204, 0, 0, exact=True, taken_at=NOON)
Counts = dict[Uniqueness, Duplicates | Unmeasured]


class Everywhere(dict[Uniqueness, Duplicates | Unmeasured]):
    """Whatever is asked for is there more than once."""

    def get(self, key: Uniqueness, default: object = None) -> Duplicates:  # type: ignore[override]
        return TWICE


def judgement(of: Scene | Snapshot, counts: Counts) -> Judgement:
    seen = of if isinstance(of, Scene) else scene(of)
    (rule,) = [rule for rule in builtin_rules() if rule.stem == "duplicate_rows"]
    judge = Judge([rule], critical_tables=("*",))
    return judge.judge(replace(seen, measurements=Measurements({}, counts)), seen.snapshot.tables)


def found(of: Scene | Snapshot, counts: Counts | None = None) -> list[Issue]:
    return list(judgement(of, Everywhere() if counts is None else counts).issues)


def expecting(of: Snapshot, name: str, definition: str, kind: ObjectKind = ObjectKind.CONSTRAINT) -> Scene:
    """What rules see where that is expected of `users` and is not there."""
    oid = table(of, "users").oid
    object_name = ObjectName(kind, "public", "users", name)
    difference = Difference(
        object_name, "existence", definition, "", Portrayed(object_name, definition), None, table=oid
    )
    return replace(scene(of), expected=Expected(differences={oid: (difference,)}))


def test_rows_that_fail_a_unique_index() -> None:
    (issue,) = found(USERS, {EMAIL: TWICE})
    assert (issue.severity, issue.column, issue.object_name) == (Severity.MEDIUM, "email", "Key 1")
    assert issue.current_state == "5 of 1,204 rows of public.users repeat others in email."
    assert issue.expected_state == (
        "No row of public.users repeats another in email, and the unique key Key 1 can be made."
    )
    assert (issue.remedy, issue.doubt) == (None, None)
    assert [each.seen for each in issue.evidence] == [
        "The unique index Key 1 is invalid: its build failed, and duplicates are what fails it.",
        "2 different values are there more than once.",
        "More than once: 'a' and 'b'.",
    ]


def test_no_duplicates_no_issue() -> None:
    outcome = judgement(USERS, {EMAIL: CLEAN})
    assert outcome.issues == ()
    assert outcome.checks[0].status is CheckStatus.PASSED


def test_sample_tells_at_least_and_a_clean_sample_nothing() -> None:
    (issue,) = found(USERS, {EMAIL: replace(TWICE, exact=False)})
    assert issue.current_state.startswith("At least 5 of the 1,204 rows sampled of public.users")
    outcome = judgement(USERS, {EMAIL: replace(CLEAN, exact=False)})
    assert (outcome.issues, outcome.checks[0].status) == ((), CheckStatus.SKIPPED)
    assert outcome.checks[0].reason == (
        "Of public.users(email) a sample was looked at, in which no row repeats another."
    )


@pytest.mark.parametrize(
    ("of", "count", "status"),
    [
        (USERS, None, CheckStatus.SKIPPED),
        (USERS, Unmeasured("why"), CheckStatus.COULD_NOT_RUN),
        (snapshot("log: at int"), None, CheckStatus.SKIPPED),
        (snapshot("log: at int"), Unmeasured("why"), CheckStatus.SKIPPED),
    ],
    ids=["begun, not counted", "begun, unmeasured", "keyless, not counted", "keyless, unmeasured"],
)
def test_what_was_not_counted_is_not_called_clean(of: Snapshot, count: Unmeasured | None, status: CheckStatus) -> None:
    (each,) = of.tables.values()
    counts: Counts = {} if count is None else dict.fromkeys(wanted_keys(each, scene(of)).keys, count)
    outcome = judgement(of, counts)
    assert (outcome.checks[0].status, outcome.issues) == (status, ())
    assert ("DUPLICATE_ROWS", each.oid) in outcome.undecided


def test_nulls_are_equal_only_where_the_key_says_so() -> None:
    assert list(wanted_keys(table(USERS, "users"), scene(USERS)).keys) == [EMAIL]
    one_null = altered(USERS, "users", "Key 1", nulls_not_distinct=True)
    assert list(wanted_keys(table(one_null, "users"), scene(one_null)).keys) == [EMAIL._replace(one_null=True)]


def test_index_under_way_is_waited_for() -> None:
    of = altered(USERS, "users", "Key 1", being_built=True)
    outcome = judgement(of, Everywhere())
    assert (outcome.issues, outcome.checks[0].status) == ((), CheckStatus.SKIPPED)


@pytest.mark.parametrize("fields", [{"shape": "|{OPEXPR}"}, {"columns": (0,)}, {"collations": (12_345,)}])
def test_index_on_more_than_columns_is_not_counted_and_says_so(fields: dict[str, object]) -> None:
    outcome = judgement(altered(USERS, "users", "Key 1", **fields), Everywhere())
    assert (outcome.issues, outcome.checks[0].status) == ((), CheckStatus.SKIPPED)
    assert outcome.checks[0].reason == "What Key 1 keeps apart is more than columns; it is not counted."


SILENT = {
    "an invalid index that is not unique": "users: id int pk, email text, i=index(email) not valid",
    "a valid unique index on the same columns": (
        "users: id int pk, email text, i=unique index(email) not valid, j=unique index(email)"
    ),
    "a valid unique index on fewer columns": "users: id int pk, n int, i=unique index(id, n) not valid",
    "what a failed REINDEX left beside its valid index": (
        "users: id int pk, email text, i=unique index(email), i_ccnew=unique index(email) not valid"
    ),
    "any table with a key": "users: id int pk, email text\nlog: at int, nr text unique",
    "a foreign table": "users [foreign]: id int",
    "a partition": "p [partitioned]: id int pk\nusers [partition of=p]: id int inherited",
    "a table of an extension": "users [extension]: id int",
    "a keyless table with a type that is not compared": "users: id int, doc json",
    "foreign keys beside another column": (
        "a: id int pk\nb: id int pk\nusers: id int pk, a_id int -> a, b_id int -> b, at timestamptz default"
    ),
    "three foreign keys": ("a: id int pk\nb: id int pk\nusers: id int pk, a_id int -> a, b_id int -> b, c_id int -> b"),
    "foreign keys with a key of their own": (
        "a: id int pk\nb: id int pk\nusers: a_id int -> a, b_id int -> b, pk(b_id, a_id)"
    ),
    "a foreign key within another": (
        "a: id int, n int, pk(id), unique(id, n)\nusers: x int -> a, y int, fk(x, y) -> a(id, n), unique(y)"
    ),
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_silent_on(text: str) -> None:
    outcome = judgement(snapshot(text), Everywhere())
    assert outcome.issues == ()
    assert outcome.undecided == frozenset()


def test_deferrable_key_keeps_rows_apart_too() -> None:
    of = snapshot("users: id int pk, email text, i=unique index(email) not valid, j=unique index(email)")
    assert found(altered(of, "users", "j", immediate=False)) == []


def test_whole_rows_of_a_table_without_a_key() -> None:
    of = snapshot('log: at int, nr text, "twice, 2" int generated')
    oid = table(of, "log").oid
    assert list(wanted_keys(table(of, "log"), scene(of)).keys) == [Uniqueness(oid, (1, 2), one_null=True, whole=True)]
    (issue,) = found(of)
    assert (issue.column, issue.object_name) == ("", "")
    assert issue.current_state == "5 of 1,204 rows of public.log repeat others in all columns."
    assert issue.evidence[0].weight < 3.0
    assert issue.doubt == "nobody has said that such rows may not be there twice"


TIES = "users: id int pk\nroles: id int pk\nmembers: {}user_id int -> users, role_id int -> roles"


def test_table_that_only_ties_two_others() -> None:
    of = snapshot(TIES.format("id int pk, "))
    (issue,) = found(of)
    assert (issue.table, issue.column) == ("members", "user_id, role_id")
    assert issue.evidence[0].kind == "ties"
    assert issue.doubt


def test_keyless_table_that_ties_two_others_is_told_once() -> None:
    (issue,) = found(snapshot(TIES.format("")))
    assert [each.kind for each in issue.evidence][:2] == ["ties", "keyless"]


@pytest.mark.parametrize("definition", ["UNIQUE (email)", "PRIMARY KEY (email)"])
def test_key_that_the_expected_schema_has(definition: str) -> None:
    of = snapshot("users: id int pk, email text")
    (issue,) = found(expecting(of, "Users, key", definition), {EMAIL: TWICE})
    assert (issue.column, issue.object_name, issue.doubt) == ("email", "Users, key", None)
    assert issue.evidence[0].kind == "expected"


def test_unique_index_that_the_expected_schema_has() -> None:
    of = snapshot("users: id int pk, email text")
    text = "CREATE UNIQUE INDEX i ON public.users USING btree (email) NULLS NOT DISTINCT"
    (issue,) = found(expecting(of, "i", text, ObjectKind.INDEX), {EMAIL._replace(one_null=True): TWICE})
    assert issue.object_name == "i"


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ("CHECK (email <> '')", ObjectKind.CONSTRAINT),
        ("UNIQUE (gone)", ObjectKind.CONSTRAINT),
        ("FOREIGN KEY (id) REFERENCES public.users(id)", ObjectKind.CONSTRAINT),
        ("CREATE INDEX i ON public.users USING btree (email)", ObjectKind.INDEX),
        ("CREATE UNIQUE INDEX i ON public.users USING btree (email) WHERE (id > 7)", ObjectKind.INDEX),
        ("CREATE UNIQUE INDEX i ON public.users USING btree (lower(email))", ObjectKind.INDEX),
        ("int", ObjectKind.COLUMN),
    ],
)
def test_silent_on_what_else_is_expected(definition: str, kind: ObjectKind) -> None:
    assert found(expecting(snapshot("users: id int pk, email text"), "x", definition, kind)) == []


def test_one_null_is_not_kept_apart_by_a_key_that_lets_many_in() -> None:
    of = snapshot("users: id int pk, email text unique")
    assert len(found(expecting(of, "k", "UNIQUE NULLS NOT DISTINCT (email)"))) == 1
    of = snapshot("users: id int pk, email text unique not null")
    assert found(expecting(of, "k", "UNIQUE NULLS NOT DISTINCT (email)")) == []


def test_invalid_index_and_expected_key_are_told_once() -> None:
    (issue,) = found(expecting(USERS, "k", "UNIQUE (email)"))
    assert [each.kind for each in issue.evidence][:2] == ["catalog", "expected"]


def test_while_nobody_can_compare_nothing_is_called_gone() -> None:
    of = snapshot("users: id int pk, email text")
    outcome = judgement(replace(scene(of), expected=Expected(unseen="it is locked")), {})
    assert (outcome.checks[0].status, outcome.checks[0].undecided) == (CheckStatus.SKIPPED, 1)


def test_tables_with_keys_are_not_even_looked_at() -> None:
    of = snapshot("users: id int pk, email text\nposts: id int pk, user_id int -> users, n int unique")
    assert list(suspected_of_repetition(Docket(list(of.tables.values()), scene(of)))) == []


def test_rows_are_not_counted_for_a_rule_that_does_not_judge() -> None:
    of = snapshot("log: at int\nother: at int")
    settings = {"DUPLICATE_ROWS": {"exclude": ["log"]}}
    some = Judge(Roster.muster(Settings.model_validate({"rule": settings})))
    assert {key.table for key in some.needed_measurements(Judge.docket(scene(of), of.tables))} == {
        table(of, "other").oid
    }
    none = Judge(Roster.muster(Settings.model_validate({"rule": {"DUPLICATE_ROWS": {"enabled": False}}})))
    assert none.needed_measurements(Judge.docket(scene(of), of.tables)) == frozenset()
