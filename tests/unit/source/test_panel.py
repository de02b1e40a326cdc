"""Who judges code, by settings and flags."""

from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.errors import InvalidRequest, SettingsError
from pgmend.listener.issue import Severity
from pgmend.listener.judging.roster import Roster
from pgmend.listener.settings import RuleSettings, Settings
from pgmend.listener.source.code_types import code_types
from pgmend.listener.source.judgements import judgements
from pgmend.listener.source.panel import Panel


def settings(**rules: Any) -> Settings:
    return Settings(rule={name: RuleSettings(**each) for name, each in rules.items()})


def test_the_types_of_code_are_those_that_are_judged() -> None:
    assert code_types() == tuple(each.issue_type for each in judgements())


def test_all_are_judged_unless_somebody_says_otherwise() -> None:
    assert Panel.muster(Settings()).types == set(code_types())


def test_flags_choose_by_either_name_and_beat_the_settings() -> None:
    off = settings(UNKNOWN_COLUMN={"enabled": False}, invalid_sql={"enabled": False})
    assert Panel.muster(off).types == set(code_types()) - {"UNKNOWN_COLUMN", "INVALID_SQL"}
    assert Panel.muster(off, ["unknown_column, INVALID_SQL"]).types == {"UNKNOWN_COLUMN", "INVALID_SQL"}
    assert Panel.muster(off, ["UNKNOWN_COLUMN", "INVALID_SQL"], ["INVALID_SQL"]).types == {"UNKNOWN_COLUMN"}
    assert "TYPE_CAST_IN_QUERY" not in Panel.muster(Settings(), [], ["type_cast_in_query"]).types


@pytest.mark.parametrize(("name", "hint"), [("UNKNOWN_COLUM", "UNKNOWN_COLUMN?"), ("MISSING_INDEX", "there are ")])
def test_a_flag_that_names_no_type_of_code_is_told(name: str, hint: str) -> None:
    with pytest.raises(InvalidRequest, match=name) as refused:
        Panel.muster(Settings(), [name])
    assert hint in str(refused.value)


def test_each_seat_says_what_it_finds_and_why_it_is_off() -> None:
    panel = Panel.muster(settings(INVALID_SQL={"enabled": False, "severity": "low"}))
    seat = panel.find("invalid_sql")
    assert seat is not None
    assert seat.off is not None
    assert "rule.INVALID_SQL.enabled" in seat.off
    assert seat.settings.severity is Severity.LOW
    assert all(each.summary.endswith(".") for each in panel.seats)


def test_what_is_excluded_is_a_table_or_a_file() -> None:
    seat = Panel.muster(settings(UNKNOWN_COLUMN={"exclude": "logs.* scripts/*"})).find("UNKNOWN_COLUMN")
    assert seat is not None
    assert seat.is_excluded("logs", "events", "app.py")
    assert seat.is_excluded("", "", "scripts/old/x.py")
    assert not seat.is_excluded("public", "events", "app.py")


def test_the_rules_of_the_schema_know_those_names() -> None:
    of_code = settings(UNKNOWN_COLUMN={"enabled": False})
    assert Roster.muster(of_code).types(["unknown_column"], []) == ("UNKNOWN_COLUMN",)
    assert "UNKNOWN_COLUMN" in (Roster.muster(of_code).types([], ["MISSING_INDEX"]) or ())
    with pytest.raises(InvalidRequest, match="pgmend analyze"):
        Roster.muster(of_code, ["UNKNOWN_COLUMN"])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"UNKNOWN_COLUMN": {"automatic": True}}, "only own rules"),
        ({"UNKNOWN_COLUMN": {}, "unknown_column": {}}, "set twice"),
        ({"UNKNOWN_COLUM": {}}, "UNKNOWN_COLUM"),
    ],
)
def test_settings_of_code_are_checked_like_others(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Roster.muster(settings(**rules))
    with pytest.raises(SettingsError, match=said):
        Roster.without_own_rules(settings(**rules))
