"""pgmend-ignore.toml: what an entry covers, and what is said of one that is of no use."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.errors import SettingsError
from pgmend.listener.ignore_file import FILE_NAME, IgnoreFile, entry_text
from pgmend.listener.issue import Issue, Severity

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def issue(**fields: Any) -> Issue:
    known: dict[str, Any] = {
        "issue_id": "0123456789abcdef",
        "issue_type": "MISSING_INDEX",
        "severity": Severity.MEDIUM,
        "schema": "public",
        "table": "orders",
        "column": "user_id",
        "object_name": "orders_fkey",
        "table_oid": 20_000,
        "current_state": "is",
        "expected_state": "should be",
        "definition_hash": "beef",
    }
    return Issue(**{**known, **fields})


def read(folder: Path, text: str) -> IgnoreFile:
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    file = IgnoreFile.read(folder)
    assert file is not None
    return file


def entry(*lines: str) -> str:
    return "\n".join(["[[ignore]]", 'reason = "by design"', 'owner = "ada"', *lines, ""])


def test_no_file_is_no_file(tmp_path: Path) -> None:
    assert IgnoreFile.read(tmp_path) is None


@pytest.mark.parametrize(
    ("lines", "covered"),
    [
        (['issue_id = "0123456789abcdef"'], True),
        (['issue_id = "0123456789abcdee"'], False),
        (['type = "MISSING_INDEX"', 'table = "orders"'], True),
        (['type = "MISSING_INDEX"', 'table = "public.orders"'], True),
        (['type = "MISSING_*"', 'table = "public.*"', 'column = "*_id"', 'object = "orders_fke?"'], True),
        (['type = "*"', 'table = "*"'], True),
        (['type = "missing_index"', 'table = "orders"'], False),
        (['type = "MISSING_INDEX"', 'table = "Orders"'], False),
        (['type = "MISSING_INDEX"', 'table = "shop.orders"'], False),
        (['type = "MISSING_INDEX"', 'table = "orders"', 'column = "id"'], False),
        (['type = "MISSING_INDEX"', 'table = "orders"', 'object = "x"'], False),
        (['issue_id = "0123456789abcdef"', 'definition = "beef"'], True),
        (['issue_id = "0123456789abcdef"', 'definition = "dead"'], False),
        (['issue_id = "0123456789abcdef"', "until = 2026-05-05"], True),
        (['issue_id = "0123456789abcdef"', "until = 2026-05-04"], False),
        (['issue_id = "0123456789abcdef"', "until = 2026-05-04T12:00:00Z"], False),
        (['issue_id = "0123456789abcdef"', "until = 2026-05-04T12:00:01"], True),
        (['issue_id = "0123456789abcdef"', "until = 2026-05-04T13:00:01+01:00"], True),
    ],
)
def test_an_entry_covers_what_it_names_while_it_lasts(tmp_path: Path, lines: list[str], covered: bool) -> None:
    file = read(tmp_path, entry(*lines))
    assert file.complaints == ()
    found = file.why_ignored(issue(), NOON)
    assert (found is not None) is covered
    if found is not None:
        assert (found.reason, found.owner) == ("by design", "ada")


UNUSABLE = {
    "no reason": ('[[ignore]]\nissue_id = "a"\nowner = "ada"', "entry 1 is not used: it has no reason"),
    "no owner": ('[[ignore]]\nissue_id = "a"\nreason = "x"', "it has no owner; say who answers for it"),
    "empty reason": ('[[ignore]]\nissue_id = "a"\nowner = "ada"\nreason = " "', "reason = ' ' is no text"),
    "a number": (entry("issue_id = 7"), "issue_id = 7 is no text"),
    "names nothing": (entry(), "it names no issue; write issue_id, or type and table"),
    "a type alone": (entry('type = "MISSING_INDEX"'), "it names no issue"),
    "both": (entry('issue_id = "a"', 'type = "X"', 'table = "y"'), "it has issue_id and type, table"),
    "unknown key": (entry('issue_id = "a"', 'untill = "x"'), "there is no key 'untill'; there are issue_id, type"),
    "a quoted date": (entry('issue_id = "a"', 'until = "2027-01-01"'), "is no date; write until = 2027-01-01, without"),
    "a NUL": (entry('type = "X"', 'table = "a\\u0000b"'), "holds a NUL character"),
    "no table": ("ignore = [7]", "entry 1 is not used: it is no table"),
    "one bracket": ('[ignore]\nissue_id = "a"', "write [[ignore]], with two brackets"),
    "another name": ('[[ignored]]\nissue_id = "a"', "there is no key 'ignored'; write [[ignore]]"),
}


@pytest.mark.parametrize(("text", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_told_and_ignores_nothing(tmp_path: Path, text: str, said: str) -> None:
    file = read(tmp_path, text)
    (complaint,) = file.complaints
    assert said in complaint
    assert file.entries == ()


def test_one_unusable_entry_leaves_the_others(tmp_path: Path) -> None:
    file = read(tmp_path, entry() + entry('issue_id = "0123456789abcdef"'))
    assert len(file.complaints) == 1
    assert str(file.why_ignored(issue(), NOON)) == "entry 2 (0123456789abcdef)"


@pytest.mark.parametrize("text", ["[[ignore", "ignore = ", "\udcff", "ignore = " + "[" * 100_000])
def test_what_is_no_toml_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=FILE_NAME):
        IgnoreFile.read(tmp_path)


def test_entries_that_are_over_or_cover_nothing_are_stale(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        entry('type = "MISSING_INDEX"', 'table = "orders"')
        + entry('type = "MISSING_INDEX"', 'table = "gone"')
        + entry('issue_id = "0123456789abcdef"', "until = 2026-01-01")
        + entry('issue_id = "0123456789abcdef"', 'definition = "dead"'),
    )
    said = list(file.stale([issue()], NOON))
    assert [each.partition(" (")[0] for each in said] == ["entry 2", "entry 3", "entry 4"]
    assert "it covers no issue" in said[0]
    assert "over since 2026-01-01 00:00 UTC" in said[1]
    assert "says something else by now" in said[2]
    assert len(list(file.stale([issue()], NOON, unseen=["MISSING_PRIMARY_KEY", "MISSING_INDEX"]))) == 1


@pytest.mark.parametrize("name", ["orders", "Größe, 1", 'q"uote\\', "sta*r[s]?", "line\nend\x7f\t", "x" * 63])
def test_a_written_entry_covers_that_issue_and_no_other(tmp_path: Path, name: str) -> None:
    meant = issue(schema=name, table=name, column=name, object_name=name)
    text = entry_text(meant, 'why "so"\n', name, NOON.replace(year=2027))
    file = read(tmp_path, text + "\n" + text)
    assert (file.complaints, len(file.entries)) == ((), 2)
    found = file.why_ignored(meant, NOON)
    assert found is not None
    assert (found.reason, found.owner, found.until) == ('why "so"\n', name, NOON.replace(year=2027))
    assert file.why_ignored(meant, NOON.replace(year=2028)) is None
    for other in ("table", "column", "object_name", "definition_hash", "issue_type"):
        assert file.why_ignored(replace(meant, **{other: "starss"}), NOON) is None, other
    assert set(tomllib.loads(text)["ignore"][0]) >= {"type", "table", "definition"}


def test_a_written_entry_names_only_what_the_issue_has(tmp_path: Path) -> None:
    bare = issue(column="", object_name="")
    assert read(tmp_path, entry_text(bare, "x", "ada", None)).why_ignored(bare, NOON) is not None
