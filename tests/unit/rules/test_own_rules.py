"""Own rules are found in packages and in a folder; what cannot be loaded is told, and the rest judges."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pgmend.listener.errors import InvalidRequest, SettingsError
from pgmend.listener.issue import Severity
from pgmend.listener.judging.judge import OWN_RULES, Judge, Judgement
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.judging.roster import Roster
from pgmend.listener.settings import load_settings

from tests.support.snapshots import scene, snapshot

OF = snapshot("items: id int pk, price money\norders: id int pk, price money")
RULE = '''
from pgmend.rules import Finding, Reads, Severity, rule

@rule("{name}", severity="low", reads=Reads.COLUMNS)
def judge(table, scene):
    """Tables with a price."""
    if table.column_named("price"):
        yield Finding(table.oid, "It has a price.", "It has none.")
'''
BUILT_IN = [rule.issue_type for rule in builtin_rules()]


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is written to the log; there is no setting but the test's."""
    monkeypatch.delenv("PGMEND_RULES", raising=False)
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of own rules that `pgmend.toml` names."""
    (tmp_path / "own").mkdir()
    (tmp_path / "pgmend.toml").write_text(f'rules = "{tmp_path / "own"}"\n')
    return tmp_path / "own"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages are installed."""
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(path)
    before = set(sys.modules)
    yield path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(packages: Path, name: str, source: str, *entries: str) -> None:
    """Put a package there, as pip does."""
    (packages / f"{name}.py").write_text(source)
    metadata = packages / f"{name}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[pgmend.rules]\n" + "\n".join(entries or [f"{name} = {name}"]))


def mustered(folder: Path, *, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Roster:
    return Roster.muster(load_settings(folder=folder)[0], select, ignore)


def judged(roster: Roster) -> Judgement:
    return Judge(roster, ("*",)).judge(scene(OF), OF.tables)


def own_issues(roster: Roster) -> set[tuple[str, str]]:
    return {(each.issue_type, each.table) for each in judged(roster).issues if each.issue_type not in BUILT_IN}


def reasons(roster: Roster) -> dict[str, str | None]:
    return {check.stem: check.reason for check in judged(roster).checks if check.status == "could_not_run"}


def test_rules_of_a_folder_judge(folder: Path) -> None:
    (folder / "prices.py").write_text(RULE.format(name="ACME_PRICE"))
    roster = mustered(folder.parent)
    assert own_issues(roster) == {("ACME_PRICE", "items"), ("ACME_PRICE", "orders")}
    place = roster.find("acme_price")
    assert (place.rule.source, place.rule.summary) == (str(folder / "prices.py"), "Tables with a price.")
    assert reasons(roster) == {}


def test_files_of_a_folder_import_each_other_and_a_rule_counts_once(folder: Path) -> None:
    (folder / "_names.py").write_text('NAME = "ACME_PRICE"')
    (folder / "prices.py").write_text("from ._names import NAME\n" + RULE.format(name="ACME_PRICE"))
    (folder / "zoo.py").write_text("from .prices import judge\n" + RULE.format(name="ACME_ZOO"))
    roster = mustered(folder.parent)
    assert {name for name, _ in own_issues(roster)} == {"ACME_PRICE", "ACME_ZOO"}
    assert reasons(roster) == {}


def test_a_changed_folder_is_read_again(folder: Path) -> None:
    for name in ("ACME_ONE", "ACME_OTHER"):
        (folder / "prices.py").write_text(RULE.format(name=name) + "#" * len(name))
        assert {name for name, _ in own_issues(mustered(folder.parent))} == {name}


def test_rules_of_a_package_judge(packages: Path, tmp_path: Path) -> None:
    install(packages, "acme_checks", RULE.format(name="ACME_PRICE"))
    roster = mustered(tmp_path)
    assert own_issues(roster) == {("ACME_PRICE", "items"), ("ACME_PRICE", "orders")}
    assert roster.find("ACME_PRICE").rule.source == "acme_checks 1.2 (acme_checks)"


@pytest.mark.parametrize("entry", ["x = acme_one:judge", "x = acme_one:ALL"])
def test_an_entry_point_may_name_a_rule_or_a_list(packages: Path, tmp_path: Path, entry: str) -> None:
    install(packages, "acme_one", RULE.format(name="ACME_PRICE") + "ALL = [judge]\n", entry)
    assert own_issues(mustered(tmp_path)) == {("ACME_PRICE", "items"), ("ACME_PRICE", "orders")}


BROKEN = {
    "imports what is not there": ("import nowhere_to_be_found", "ModuleNotFoundError: No module named"),
    "does not parse": ("def judge(:", "SyntaxError"),
    "exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "has no rule": ("x = 1", "there is no rule in it"),
    "name of ours": (RULE.format(name="MISSING_PRICE"), "names that begin with MISSING_ are pgmend's own"),
    "no name": (RULE.format(name="price"), "such as ACME_MONEY"),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_loaded_is_told_and_the_others_judge(folder: Path, source: str, said: str) -> None:
    (folder / "bad.py").write_text(source)
    (folder / "good.py").write_text(RULE.format(name="ACME_PRICE"))
    roster = mustered(folder.parent)
    assert {name for name, _ in own_issues(roster)} == {"ACME_PRICE"}
    ((stem, reason),) = reasons(roster).items()
    assert stem == str(folder / "bad.py")
    assert said in (reason or "")
    assert {check.issue_type for check in judged(roster).checks} == {*BUILT_IN, "ACME_PRICE", OWN_RULES}


def test_a_package_that_cannot_be_loaded_names_itself(packages: Path, tmp_path: Path, logged: list[Any]) -> None:
    install(packages, "acme_checks", "1 / 0", "x = acme_checks", "y = acme_checks:nothing", "z = sys:path")
    said = reasons(mustered(tmp_path))
    assert "ZeroDivisionError" in (said["acme_checks 1.2 (acme_checks)"] or "")
    assert "neither a module, nor a rule, nor a list" in (said["acme_checks 1.2 (sys:path)"] or "")
    assert [each["source"] for each in logged][:1] == ["acme_checks 1.2 (acme_checks)"]


def test_of_two_rules_with_one_name_neither_judges(folder: Path, packages: Path) -> None:
    install(packages, "acme_checks", RULE.format(name="ACME_PRICE"))
    (folder / "prices.py").write_text(RULE.format(name="ACME_PRICE"))
    roster = mustered(folder.parent)
    assert own_issues(roster) == set()
    for reason in reasons(roster).values():
        assert f"{folder / 'prices.py'} and acme_checks 1.2 (acme_checks)" in (reason or "")
    assert len(reasons(roster)) == 2
    assert not roster.judges("ACME_PRICE")


def test_a_folder_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "pgmend.toml").write_text('rules = "nowhere/at/all"\n')
    with pytest.raises(SettingsError) as refused:
        mustered(tmp_path)
    assert "rules = 'nowhere/at/all'" in str(refused.value)
    assert str(tmp_path / "pgmend.toml") in str(refused.value)


def settled(folder: Path, text: str) -> Roster:
    """The roster with an own rule, and with those settings."""
    (folder / "prices.py").write_text(RULE.format(name="ACME_PRICE"))
    with (folder.parent / "pgmend.toml").open("a") as file:
        file.write(text)
    return mustered(folder.parent)


def test_a_rule_that_is_switched_off_is_skipped_and_closes_its_issues(folder: Path) -> None:
    roster = settled(folder, "[rule.ACME_PRICE]\nenabled = false\n")
    (check,) = [check for check in judged(roster).checks if check.issue_type == "ACME_PRICE"]
    assert check.status == "skipped"
    assert f"rule.ACME_PRICE.enabled = false (from {folder.parent / 'pgmend.toml'})" in (check.reason or "")
    assert "switched off" in (roster.why_closed("ACME_PRICE", "public", "items") or "")


def test_severity_and_exclude_hold_for_built_in_and_own_rules(folder: Path) -> None:
    roster = settled(
        folder,
        "[rule.ACME_PRICE]\nseverity = 'critical'\nexclude = ['public.ord*']\n"
        "[rule.missing_primary_key]\nseverity = 'low'\nexclude = 'logs'\n",
    )
    of = snapshot("items: id int pk, price money\norders: id int pk, price money\nlogs: line text\nraw: line text")
    issues = Judge(roster, ("*",)).judge(scene(of), of.tables).issues
    set_here = [each for each in issues if each.issue_type in ("ACME_PRICE", "MISSING_PRIMARY_KEY")]
    assert [(each.issue_type, each.table, each.severity) for each in set_here] == [
        ("ACME_PRICE", "items", Severity.CRITICAL),
        ("MISSING_PRIMARY_KEY", "raw", Severity.LOW),
    ]
    assert roster.why_closed("ACME_PRICE", "public", "items") is None
    assert "rule.ACME_PRICE.exclude covers" in (roster.why_closed("ACME_PRICE", "public", "orders") or "")


def test_an_own_rule_is_automatic_only_by_its_setting(folder: Path) -> None:
    assert "only with rule.ACME_PRICE.automatic" in (settled(folder, "").why_not_automatic("ACME_PRICE") or "")
    roster = settled(folder, "[rule.ACME_PRICE]\nautomatic = true\n")
    assert roster.why_not_automatic("ACME_PRICE") is None
    assert roster.why_not_automatic("MISSING_INDEX") is None
    assert "no rule ACME_GONE is here" in (roster.why_not_automatic("ACME_GONE") or "")
    assert roster.why_closed("ACME_GONE", "public", "items") is None
    assert not roster.judges("ACME_GONE")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rule.ACME_PRIZE]\nenabled = false", "rule.ACME_PRIZE (from {file}): There is no rule 'ACME_PRIZE'; did you"),
        ("[rule.ELSEWHERE]\nenabled = false", "There is no rule 'ELSEWHERE'; there are ACME_PRICE, "),
        ("[rule.ACME_PRICE]\nenabled = 'perhaps'", "rule.ACME_PRICE.enabled = 'perhaps' (from {file}): "),
        ("[rule.ACME_PRICE]\nseverity = 'urgent'", "rule.ACME_PRICE.severity = 'urgent' (from {file}): "),
        ("[rule.ACME_PRICE]\nexclude = 7", "rule.ACME_PRICE.exclude = 7 (from {file}): "),
        ("[rule.ACME_PRICE]\nenabeld = false", "no setting 'rule.ACME_PRICE.enabeld'; there are enabled, severity"),
        ("[rule]\nACME_PRICE = false", "rule.ACME_PRICE = False (from {file}): "),
        ("[rule.MISSING_INDEX]\nautomatic = true", "rule.MISSING_INDEX.automatic (from {file}): only own rules"),
        ("[rule.ACME_PRICE]\n[rule.acme_price]\n", "ACME_PRICE is set twice"),
    ],
)
def test_a_wrong_setting_of_a_rule_names_itself_its_source_and_the_cure(folder: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settled(folder, text)
    assert said.format(file=folder.parent / "pgmend.toml") in str(refused.value)


def test_settings_of_rules_that_could_not_be_loaded_are_no_error(folder: Path) -> None:
    (folder / "bad.py").write_text("1 / 0")
    roster = settled(folder, "[rule.BAD_THING]\nenabled = false\n")
    assert {name for name, _ in own_issues(roster)} == {"ACME_PRICE"}


def test_a_variable_cannot_hold_settings_of_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGMEND_RULE", '{"MISSING_INDEX": {"enabled": false}}')
    with pytest.raises(SettingsError, match=r"write \[rule.NAME\] in pgmend.toml"):
        load_settings(folder=tmp_path)


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        (("ACME_PRICE",), (), {"ACME_PRICE"}),
        (("acme_price, missing_index", "ORPHANED_ROWS"), (), {"ACME_PRICE", "MISSING_INDEX", "ORPHANED_ROWS"}),
        (("acme_price,missing_index",), ("MISSING_INDEX",), {"ACME_PRICE"}),
        ((), ("acme_price",), set(BUILT_IN)),
    ],
)
def test_flags_choose_the_rules_and_the_others_are_skipped(
    folder: Path, select: tuple[str, ...], ignore: tuple[str, ...], left: set[str]
) -> None:
    (folder / "prices.py").write_text(RULE.format(name="ACME_PRICE"))
    roster = mustered(folder.parent, select=select, ignore=ignore)
    checks = judged(roster).checks
    assert {check.issue_type for check in checks if check.status != "skipped"} == left
    assert {check.issue_type for check in checks} == {*BUILT_IN, "ACME_PRICE"}
    assert all((check.reason or "").startswith("left out by --") for check in checks if check.status == "skipped")
    assert all(roster.why_closed(each, "public", "items") is None for each in BUILT_IN)


def test_a_flag_selects_what_the_settings_switch_off(folder: Path) -> None:
    settled(folder, "[rule.ACME_PRICE]\nenabled = false\n")
    assert {name for name, _ in own_issues(mustered(folder.parent, select=("ACME_PRICE",)))} == {"ACME_PRICE"}


@pytest.mark.parametrize("flag", ["select", "ignore"])
def test_a_flag_with_an_unknown_rule_names_it(tmp_path: Path, flag: str) -> None:
    with pytest.raises(InvalidRequest, match=f"--{flag} MISING_INDEX: .*did you mean MISSING_INDEX"):
        mustered(tmp_path, **{flag: ("MISING_INDEX",)})  # type: ignore[arg-type]
