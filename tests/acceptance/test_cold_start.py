"""The installed script, started as a user starts it: other tests fork the command line from a server that has it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.listener import OPERATOR, WATCHES
from tests.support.database import Database
from tests.support.process import Processes


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--help"], None),
        (["check", "--dsn", "nonsense"], None),
        (["rules", "--no-such-option"], None),
        (["install", "--dsn", "{dsn}"], "né\n"),
        (["check", "--format", "json", "--fail-on", "never"], None),
    ],
)
async def test_a_forked_command_does_what_the_script_does(
    pgmend: Processes,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    answer: str | None,
) -> None:
    (tmp_path / "pgmend.toml").write_text('scan_interval = "nonsense"\n')
    monkeypatch.chdir(tmp_path)  # read by both, or by neither
    words = [word.format(dsn=database.dsn) for word in words]
    forked = await pgmend.run(*words, stdin=answer)
    assert forked.stdout + forked.stderr
    assert forked == await pgmend.run(*words, stdin=answer, cold=True)


async def test_the_script_listens_until_it_is_told_to_stop(pgmend: Processes, installed: Database) -> None:
    environment = {"PGMEND_DSN": installed.dsn, "PGMEND_OPERATOR_TOKEN": OPERATOR}
    listener = await pgmend.start("start", "--port", "0", env=environment, cold=True)
    await listener.line(WATCHES)
    assert await listener.terminate() == 0


async def test_a_forked_process_is_one_of_its_own(pgmend: Processes, installed: Database) -> None:
    environment = {"PGMEND_DSN": installed.dsn, "PGMEND_OPERATOR_TOKEN": OPERATOR}
    first, second = [await pgmend.start("start", "--port", "0", env=environment) for _ in range(2)]
    assert len({os.getpid(), first.pid, second.pid}) == 3
    for each in (first, second):
        await each.line("listens at")
    await first.kill()
    assert await first.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(first.pid, 0)
    await second.line(WATCHES)
    assert second.is_running
    assert await second.terminate() == 0
