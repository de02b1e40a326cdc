"""Running programs from tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from tests.support.process import Processes


@pytest.fixture
async def python() -> AsyncIterator[Processes]:
    processes = Processes([sys.executable, "-c"])
    yield processes
    await processes.close()


async def test_run_gives_code_and_both_streams(python: Processes) -> None:
    finished = await python.run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (finished.code, finished.stdout, finished.stderr) == (3, "out", "err")


async def test_line_matches_what_came_before_and_what_comes_later(python: Processes) -> None:
    process = await python.start("import time; print('port 17', flush=True); time.sleep(0.05); print('ready')")
    await process.line("ready")
    assert (await process.line(r"port (\d+)"))[1] == "17"


async def test_line_fails_with_the_output_when_the_process_ends(python: Processes) -> None:
    process = await python.start("print('something else')")
    with pytest.raises(AssertionError, match=r"(?s)ended without a line like 'ready'.*something else"):
        await process.line("ready")


async def test_line_fails_when_time_is_up(python: Processes) -> None:
    process = await python.start("import time; time.sleep(600)")
    with pytest.raises(AssertionError, match="no line like 'ready'"):
        await process.line("ready", 0.05)


async def test_terminate_lets_the_process_say_goodbye(python: Processes) -> None:
    process = await python.start(
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "print('ready', flush=True); signal.sigwait({signal.SIGTERM}); print('bye'); raise SystemExit(4)"
    )
    await process.line("ready")
    assert await process.terminate() == 4
    assert process.stdout == ["ready", "bye"]


async def test_close_kills_what_still_runs(python: Processes) -> None:
    process = await python.start("import time; print('ready', flush=True); time.sleep(600)")
    await process.line("ready")
    await python.close()
    assert not process.is_running
    assert await process.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_settings_of_the_outside_do_not_reach_the_process(
    python: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGMEND_DSN", "DATABASE_URL"):
        monkeypatch.setenv(name, "outside")
    finished = await python.run(
        "import os; print([os.environ.get(n) for n in ('PGHOST', 'PGMEND_DSN', 'DATABASE_URL', 'OTHER')])",
        env={"OTHER": "given", "PGMEND_DSN": "given too"},
    )
    assert finished.stdout == "[None, 'given too', None, 'given']"
