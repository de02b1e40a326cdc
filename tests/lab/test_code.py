"""A real code base and the schema that it ships; `python -m tests.lab.code` does it with all of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import Analysis, analyze
from pgmend.listener.source.extracted import Extraction
from pgmend.listener.source.extraction import extract

from tests.support.database import Database

from .package import Unavailable
from .pypi import wheel

pytestmark = pytest.mark.real_schemas


@pytest.fixture(scope="module")
def procrastinate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of a job queue, out of its wheel; skips aloud where that cannot be had."""
    try:
        archive = wheel("procrastinate", "3.10.0")
    except Unavailable as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("procrastinate")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def extraction(procrastinate: Path) -> Extraction:
    return extract(procrastinate, ["tests/"])


@pytest.fixture
def shipped(database: Database, procrastinate: Path) -> Database:
    schema = (procrastinate / "procrastinate" / "sql" / "schema.sql").read_text(encoding="utf-8")
    database.execute(schema)  # pyright: ignore[reportArgumentType] - a script of a package
    return database


async def judged(database: Database, extraction: Extraction) -> Analysis:
    return await analyze(await database.connect(), extraction, Settings())


async def test_all_statements_are_judged_in_full_and_nothing_alarms(shipped: Database, extraction: Extraction) -> None:
    analysis = await judged(shipped, extraction)
    assert analysis.issues == ()
    assert analysis.asked >= 30
    assert analysis.judged == analysis.asked


async def test_a_renamed_column_is_told_wherever_it_is_used(shipped: Database, extraction: Extraction) -> None:
    using = {(each.site.file, each.site.line) for each in extraction.statements if "abort_requested = true" in each.sql}
    shipped.execute("alter table procrastinate_jobs rename column abort_requested to abort_wanted")
    analysis = await judged(shipped, extraction)
    assert {each.issue_type for each in analysis.issues} == {"UNKNOWN_COLUMN"}
    assert {each.column for each in analysis.issues} == {"abort_requested"}
    assert using
    assert {each.site and each.site.file for each in analysis.issues} == {file for file, _ in using}
    assert all("perhaps abort_wanted" in each.expected_state for each in analysis.issues)
