"""One plan for each way to know a statement is refused with the statement named, and its twin accepted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fixtures import ServerWith
from tests.support.server import Server

from .statements.seed import Seed, fate_of
from .statements.shapes import SHAPES


@pytest.fixture(scope="module")
def observing(server_with: ServerWith) -> Iterator[Server]:
    yield server_with(shared_preload_libraries="pg_stat_statements")


@pytest.mark.parametrize("number", range(0, len(SHAPES), 4), ids=lambda number: SHAPES[number].name)
async def test_a_seeded_plan_is_refused_and_its_twin_accepted(observing: Server, number: int) -> None:
    for broken in (True, False):
        fate = await fate_of(observing, Seed.drawn(number), broken=broken)
        assert fate.kept, fate
