"""Own rules as users have them: a package that is installed, a folder beside pgmend.toml, settings for each."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.listener import listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

PLUGIN = Path(__file__).parents[2] / "docs" / "example-plugin"
SALES = """
create schema sales;
create table sales.orders (id integer primary key, tenant_id integer, "Größe" money);
create table sales.items (tenant_id integer, id integer, primary key (tenant_id, id));
"""
MONEY = '''
from pgmend.rules import ChangeColumnType, Finding, Reads, rule

print("somebody debugs this")

@rule("HOUSE_NO_MONEY", severity="medium", reads=Reads.COLUMNS)
def no_money(table, scene):
    """Columns of type money.

    Its currency is that of whoever reads it.
    """
    print(table)
    for column in table.columns:
        if column.type_name == "money":
            yield Finding(
                table.oid,
                f"{column.name} is money.",
                f"{column.name} is numeric.",
                columns=(column.number,),
                remedy=ChangeColumnType(table.oid, column.number, "numeric"),
            )
'''
VALID = '''
from pgmend.rules import Finding, Reads, ValidateConstraint, rule

@rule("HOUSE_VALID", severity="medium", reads=Reads.CONSTRAINTS)
def valid(table, scene):
    """Checks that were never validated."""
    for each in table.constraints:
        if each.kind == "c" and not each.validated:
            remedy = ValidateConstraint(table.oid, each.oid)
            yield Finding(table.oid, f"{each.name} is not valid.", "It is.", object_name=each.name, remedy=remedy)
'''
PRICES = """
create table prices (id integer primary key, price numeric);
alter table prices add constraint "Preis, größer" check (price > 0) not valid;
"""
BROKEN = """
from pgmend.rules import Reads, rule

@rule("HOUSE_BROKEN", severity="low", reads=Reads.COLUMNS)
def broken(table, scene):
    return table.no_such_thing
"""


@pytest.fixture
async def plugin(tmp_path: Path) -> Path:
    """A folder into which the example plugin was installed, as pip does it."""
    source = shutil.copytree(PLUGIN, tmp_path / "source")  # setuptools builds where the source is
    pip = Processes((sys.executable, "-m", "pip"))
    target = tmp_path / "site"
    made = await pip.run(
        *("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target, source),
        seconds=100,
    )
    assert made.code == 0, made
    return target


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run; `pgmend.toml` there names the folder `house` of own rules."""
    (tmp_path / "house").mkdir()
    (tmp_path / "pgmend.toml").write_text('rules = "house"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def check(pgmend: Processes, database: Database, *flags: str, **env: str) -> tuple[int, dict[str, Any]]:
    finished = await pgmend.run("check", "--format", "json", "--dsn", database.dsn, *flags, env=env)
    assert finished.stdout, finished
    return finished.code, json.loads(finished.stdout)


def found(document: dict[str, Any]) -> set[tuple[str, str, str | None]]:
    return {(each["issue_type"], each["table"], each["column"]) for each in document["issues"]}


async def test_the_rule_of_an_installed_package_is_seen_in_a_check(
    pgmend: Processes, database: Database, plugin: Path
) -> None:
    database.execute(SALES)
    code, document = await check(pgmend, database, PYTHONPATH=str(plugin))
    assert code == 0, document
    assert ("ACME_TENANT_INDEX", "orders", "tenant_id") in found(document)
    (issue,) = [each for each in document["issues"] if each["issue_type"] == "ACME_TENANT_INDEX"]
    assert "create index concurrently" in issue["plan"]["statements"][0]
    rules = json.loads((await pgmend.run("rules", "--format", "json", env={"PYTHONPATH": str(plugin)})).stdout)["rules"]
    (own,) = [each for each in rules if each["issue_type"] == "ACME_TENANT_INDEX"]
    assert own["source"] == "acme-pgmend-rules 1.0.0 (acme_rules)"
    assert (own["enabled"], own["reads"], own["automatic"]) == (True, ["columns", "indexes"], False)
    page = await pgmend.run("rule", "acme_tenant_index", env={"PYTHONPATH": str(plugin)})
    assert "Every query of ours filters by tenant" in page.stdout


async def test_a_folder_of_rules_is_judged_by_and_what_fails_in_it_makes_no_clean_check(
    pgmend: Processes, database: Database, folder: Path
) -> None:
    database.execute(SALES)
    (folder / "house" / "money.py").write_text(MONEY)
    code, document = await check(pgmend, database)
    assert code == 0
    assert ("HOUSE_NO_MONEY", "orders", "Größe") in found(document)
    (folder / "house" / "broken.py").write_text(BROKEN)
    (folder / "house" / "torn.py").write_text("import nowhere")
    # What could not be looked at outranks what was found.
    code, document = await check(pgmend, database, "--fail-on", "low")
    assert code == 3
    assert ("HOUSE_NO_MONEY", "orders", "Größe") in found(document)
    reasons = {each["issue_type"]: each["reason"] for each in document["checks"] if each["status"] == "could_not_run"}
    assert reasons.keys() == {"HOUSE_BROKEN", "OWN_RULES"}
    assert "broken.py:6" in reasons["HOUSE_BROKEN"]
    assert "house/torn.py could not be loaded: ModuleNotFoundError" in reasons["OWN_RULES"]
    log = (await pgmend.run("check", "--dsn", database.dsn)).stderr
    assert "Traceback" in log
    assert "no_such_thing" in log


async def test_flags_and_settings_choose_the_rules(pgmend: Processes, database: Database, folder: Path) -> None:
    database.execute(SALES)
    (folder / "house" / "money.py").write_text(MONEY)
    with (folder / "pgmend.toml").open("a") as file:
        file.write('[rule.HOUSE_NO_MONEY]\nseverity = "critical"\nexclude = ["other.*"]\n')
    code, document = await check(pgmend, database, "--select", "house_no_money", PGMEND_CRITICAL_TABLES="orders")
    assert (code, found(document)) == (1, {("HOUSE_NO_MONEY", "orders", "Größe")})
    skipped = {each["reason"] for each in document["checks"] if each["status"] == "skipped"}
    assert skipped == {"left out by --select"}
    code, document = await check(pgmend, database, "--ignore", "HOUSE_NO_MONEY,missing_index,money_type")
    assert found(document) == set()
    wrong = await pgmend.run("check", "--select", "HOUSE_NO_MONNEY", "--dsn", database.dsn)
    assert wrong.code == 2
    assert "did you mean HOUSE_NO_MONEY" in wrong.stderr


async def test_the_page_of_each_built_in_rule_is_shown_and_comes_with_the_package(pgmend: Processes) -> None:
    page = await pgmend.run("rule", "TYPE_MISMATCH")
    assert page.code == 0, page
    assert "When to ignore it" in page.stdout
    listed = await pgmend.run("rules")
    assert "MISSING_FOREIGN_KEY" in listed.stdout
    wrong = await pgmend.run("rule", "TYPE_MISSMATCH")
    assert wrong.code == 2
    assert "did you mean TYPE_MISMATCH" in wrong.stderr


async def test_a_listener_mends_what_an_own_rule_finds_alone_only_where_the_settings_say_so(
    pgmend: Processes, installed: Database, folder: Path
) -> None:
    (folder / "house" / "valid.py").write_text(VALID)
    settings = (folder / "pgmend.toml").read_text() + "[rule.UNVALIDATED_CONSTRAINT]\nenabled = false\n"
    (folder / "pgmend.toml").write_text(settings)
    everything = {"auto_fix": "all", "critical_tables": "*"}
    listener = await listen(pgmend, installed, **everything)
    installed.execute(PRICES)
    issue = await listener.issue("HOUSE_VALID", "prices")
    assert "only with rule.HOUSE_VALID.automatic = true" in await why_not_auto(installed, issue["issue_id"])
    assert await listener.process.terminate() == 0

    (folder / "pgmend.toml").write_text(settings + "[rule.HOUSE_VALID]\nautomatic = true\n")
    listener = await listen(pgmend, installed, **everything)
    fix = await listener.fix(issue["issue_id"], "applied")
    assert (fix["automatic"], fix["kind"]) == (True, "validate_constraint")
    assert await listener.process.terminate() == 0


async def test_issues_of_rules_that_are_gone_stay_and_those_of_rules_switched_off_are_closed(
    pgmend: Processes, installed: Database, folder: Path
) -> None:
    installed.execute(PRICES)
    own = folder / "house" / "valid.py"
    own.write_text(VALID)
    listener = await listen(pgmend, installed, auto_fix="none")
    issue = await listener.issue("HOUSE_VALID", "prices")
    assert await listener.process.terminate() == 0

    own.rename(folder / "valid.py")
    listener = await listen(pgmend, installed, auto_fix="none")
    installed.execute("comment on table prices is 'looked at again'; select pgmend.request_scan()")
    await eventually(lambda: installed.value("select bool_and(finished_at is not null) from pgmend.scan"))
    assert (await listener.issue("HOUSE_VALID", "prices"))["issue_id"] == issue["issue_id"]
    assert "no rule HOUSE_VALID is here" in await why_not_auto(installed, issue["issue_id"], "here")
    assert await listener.process.terminate() == 0

    (folder / "valid.py").rename(own)
    settings = (folder / "pgmend.toml").read_text()
    (folder / "pgmend.toml").write_text(settings + "[rule.HOUSE_VALID]\nenabled = false\n")
    listener = await listen(pgmend, installed, auto_fix="none")
    closed = await listener.resolved("HOUSE_VALID", "prices")
    assert closed["resolved_because"].startswith("nobody looks any more: switched off: rule.HOUSE_VALID.enabled")
    assert await listener.process.terminate() == 0
    shown = await pgmend.run("issues", issue["issue_id"], "--dsn", installed.dsn)
    assert "nobody looks any more" in shown.stdout

    (folder / "pgmend.toml").write_text(settings)
    listener = await listen(pgmend, installed, auto_fix="none")
    again = await listener.issue("HOUSE_VALID", "prices")
    assert again["resolved_because"] is None
    assert await listener.process.terminate() == 0


async def test_what_a_new_rule_brings_to_light_is_backlog(pgmend: Processes, installed: Database, folder: Path) -> None:
    listener = await listen(pgmend, installed, "--observe")
    installed.execute(PRICES)
    opened = await listener.issue("UNVALIDATED_CONSTRAINT", "prices")
    assert not opened["backlog"]
    assert await listener.process.terminate() == 0
    (folder / "house" / "valid.py").write_text(VALID)
    listener = await listen(pgmend, installed, "--observe")
    assert (await listener.issue("HOUSE_VALID", "prices"))["backlog"]
    assert await listener.process.terminate() == 0


async def why_not_auto(database: Database, issue_id: str, word: str = "") -> str:
    """Why the issue is not fixed alone, once that is said and has the word in it."""

    def said() -> str | None:
        why = database.value("select why_not_auto from pgmend.issue where issue_id = %s", (issue_id,))
        return why if why and word in why else None

    return await eventually(said)


async def test_code_is_judged_without_own_rules_and_none_is_loaded(
    pgmend: Processes, database: Database, folder: Path
) -> None:
    (folder / "house" / "loaded.py").write_text(f"open({str(folder / 'pwned')!r}, 'w').close()\n" + MONEY)
    (folder / "pgmend.toml").write_text('rules = "house"\n[rule.HOUSE_NO_MONEY]\nautomatic = true\n')
    (folder / "app.py").write_text("x = 1\n")
    words = ("analyze", "app.py", "--dsn", database.dsn)
    finished = await pgmend.run(*words)
    assert finished.code == 0, finished
    assert not (folder / "pwned").exists()
    with (folder / "pgmend.toml").open("a") as settings:
        settings.write("[rule.UNKNOWN_COLUMN]\nautomatic = true\n")
    refused = await pgmend.run(*words)
    assert (refused.code, "only own rules" in refused.stderr) == (2, True), refused
