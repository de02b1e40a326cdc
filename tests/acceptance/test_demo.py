"""The product's promise to a newcomer."""

from __future__ import annotations

import pytest

from tests.support.process import Processes


@pytest.mark.timeout(400)
async def test_the_demo_heals_and_rolls_back_all_that_it_tells(pgmend: Processes) -> None:
    finished = await pgmend.run("demo", "--once", seconds=380)
    assert finished.code == 0, finished.stdout + finished.stderr
    assert "NOT as told" not in finished.stdout
    assert "Traceback" not in finished.stderr
