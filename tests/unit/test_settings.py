"""Settings: what wins, where a value comes from, and what a wrong one says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pgmend.listener.errors import SettingsError
from pgmend.listener.settings import DEFAULT_CRITICAL_TABLES, AutoFix, load_settings, matches


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTO_FIX", "LOCK_TIMEOUT", "CRITICAL_TABLES", "OPERATOR_TOKEN", "SETTLE_TIME"):
        monkeypatch.delenv(f"PGMEND_{name}", raising=False)


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    settings, sources = load_settings(folder=tmp_path)
    assert settings.auto_fix is AutoFix.CRITICAL
    assert settings.critical_tables == DEFAULT_CRITICAL_TABLES
    assert settings.scan_interval == timedelta(seconds=300)
    assert settings.settle_time == timedelta(seconds=60)
    assert settings.retry_after == timedelta(hours=1)
    assert settings.lock_timeout == timedelta(milliseconds=50)
    assert settings.rollback_window == timedelta(days=7)
    assert settings.backup_retention == timedelta(days=30)
    assert settings.backup_max_size == 1 << 30
    assert settings.online_above == timedelta(milliseconds=80)
    assert settings.max_connections == 5
    assert settings.exclude == ()
    assert (settings.rehearsal_dsn, settings.rules) == (None, None)
    assert (settings.log_level, settings.log_format) == ("info", "text")
    assert set(sources.values()) == {"default"}


def test_flag_beats_variable_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pgmend.toml").write_text('auto_fix = "all"\nsettle_time = 5\nlock_timeout = "20ms"\n')
    monkeypatch.setenv("PGMEND_SETTLE_TIME", "2s")
    settings, sources = load_settings({"scan_interval": 30, "lock_timeout": None}, folder=tmp_path)
    assert settings.auto_fix is AutoFix.ALL
    assert settings.scan_interval == timedelta(seconds=30)
    assert settings.settle_time == timedelta(seconds=2)
    assert settings.lock_timeout == timedelta(milliseconds=20)
    assert sources["scan_interval"] == "--scan-interval"
    assert sources["settle_time"] == "PGMEND_SETTLE_TIME"
    assert sources["lock_timeout"] == str(tmp_path / "pgmend.toml")


def test_tool_table_of_pyproject_is_read_where_there_is_no_own_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pgmend]\ncritical_tables = ["public.*"]\n')
    settings, sources = load_settings(folder=tmp_path)
    assert settings.critical_tables == ("public.*",)
    assert sources["critical_tables"].endswith("pyproject.toml [tool.pgmend]")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("300", 300),
        ("0.5", 0.5),
        (" 90 ", 90),
        ("500ms", 0.5),
        ("5 min", 300),
        ("1h", 3600),
        ("7d", 604800),
        ("PT2M", 120),
    ],
)
def test_a_duration_in_a_variable_is_in_seconds_or_says_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, seconds: float
) -> None:
    monkeypatch.setenv("PGMEND_RETRY_AFTER", said)
    assert load_settings(folder=tmp_path)[0].retry_after == timedelta(seconds=seconds)


def test_lists_in_variables_are_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGMEND_CRITICAL_TABLES", "users, billing.invoices  sessions")
    assert load_settings(folder=tmp_path)[0].critical_tables == ("users", "billing.invoices", "sessions")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('auto_fix = "sometimes"', "auto_fix = 'sometimes'"),
        ("lock_timeout = 60", "lock_timeout"),
        ("scan_interval = 0", "scan_interval"),
        ("max_connections = 4", "max_connections = 4"),
        ('backup_max_size = "much"', "backup_max_size = 'much'"),
        ("max_connections = 51", "max_connections = 51"),
        ('auto_fxi = "all"', "no setting 'auto_fxi'"),
        ("auto_fix = ", "not valid TOML"),
        ('exclude = ["a\\u0000b"]', "exclude = ['a\\x00b']"),
        ('critical_tables = ["users", "\\u0000"]', "no name has a NUL in it"),
        ('allowed_hosts = "a\\u0000b"', "no name has a NUL in it"),
        ('[rule.missing_index]\nexclude = ["\\u0000"]', "no name has a NUL in it"),
        (f"exclude = {'[' * 100_000}", "nested too deeply"),
        ("auto_fix = 'all'\nauto_fix = 'none'", "not valid TOML"),
    ],
)
def test_a_wrong_value_names_itself_and_its_source(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "pgmend.toml"
    file.write_text(content)
    with pytest.raises(SettingsError) as refused:
        load_settings(folder=tmp_path)
    assert named in str(refused.value)
    assert str(file) in str(refused.value)


def test_too_few_connections_are_refused_with_what_each_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGMEND_MAX_CONNECTIONS", "4")
    with pytest.raises(SettingsError) as refused:
        load_settings(folder=tmp_path)
    for said in ("max_connections = '4' (from PGMEND_MAX_CONNECTIONS)", "keep the lease", "Give 5 to 50"):
        assert said in str(refused.value)
    monkeypatch.setenv("PGMEND_MAX_CONNECTIONS", "5")
    assert load_settings(folder=tmp_path)[0].max_connections == 5


def test_a_wrong_token_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGMEND_OPERATOR_TOKEN", "hunter2")
    with pytest.raises(SettingsError) as refused:
        load_settings(folder=tmp_path)
    assert "operator_token" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_of_several_words_on_automation_the_strictest_wins() -> None:
    assert AutoFix.strictest(AutoFix.ALL, AutoFix.CRITICAL) is AutoFix.CRITICAL
    assert AutoFix.strictest(AutoFix.CRITICAL, AutoFix.NONE, AutoFix.ALL) is AutoFix.NONE


@pytest.mark.parametrize(
    ("pattern", "schema", "table", "fits"),
    [
        ("users", "public", "users", True),
        ("users", "public", "Users", False),
        ("public.users", "public", "users", True),
        ("billing.*", "billing", "invoices", True),
        ("billing.*", "public", "invoices", False),
        ("*_log", "public", "audit_log", True),
    ],
)
def test_patterns_fit_table_or_schema_and_table(pattern: str, schema: str, table: str, fits: bool) -> None:
    assert matches((pattern,), schema, table) is fits


@pytest.mark.parametrize(("said", "meant"), [("2048", 2048), ('"500 MB"', 500 << 20), ('"2GB"', 2 << 30), ('"0"', 0)])
def test_sizes_are_bytes_or_say_their_unit(tmp_path: Path, said: str, meant: int) -> None:
    (tmp_path / "pgmend.toml").write_text(f"backup_max_size = {said}\n")
    assert load_settings(folder=tmp_path)[0].backup_max_size == meant


def test_watching_code_takes_one_connection_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(folder=tmp_path)[0].max_connections == 5
    (tmp_path / "pgmend.toml").write_text('code = "app"\n')
    settings, sources = load_settings(folder=tmp_path)
    assert (settings.code, settings.max_connections, sources["max_connections"]) == (Path("app"), 6, "default")
    assert load_settings({"max_connections": 9}, folder=tmp_path)[0].max_connections == 9
    monkeypatch.setenv("PGMEND_MAX_CONNECTIONS", "5")
    with pytest.raises(SettingsError, match=r"max_connections = '5' \(from PGMEND_MAX_CONNECTIONS\): Where code is"):
        load_settings(folder=tmp_path)
