"""The fault lab on a schema with everything in it: some faults, all noticed, healed and rolled back alike."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.server import Server

from .account import fate_as_json, promise_kept, totals
from .baseline import DEFAULT, HEALED_BY_SIGHT, Baseline
from .case import Outcome
from .faults import KINDS
from .heal import lab_server
from .round import Round
from .shipped import CLINIC
from .subject import Subject, prepare

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def lab() -> Iterator[Server]:
    """A server of its own: the lab makes roles."""
    with lab_server(None, None) as server:
        yield server


@pytest.fixture(scope="module")
def clinic(lab: Server) -> Subject:
    return prepare(lab, "clinic", CLINIC.sql(), 1)


async def test_half_a_dozen_faults_are_noticed_and_healed_and_rolled_back_alike(clinic: Subject) -> None:
    kinds = [each for each in KINDS if DEFAULT is Baseline.LOCKED or each.name in HEALED_BY_SIGHT]
    fates = await Round(clinic, 6, 1, DEFAULT, kinds).run()
    assert promise_kept(totals(fates)), json.dumps([fate_as_json(fate) for fate in fates], indent=1)


async def test_what_is_not_healed_is_not_called_healed(clinic: Subject) -> None:
    """Without an expected schema nobody misses a comment, and what nobody misses is not brought back."""
    kinds = [each for each in KINDS if each.name == "change comment"]
    fates = await Round(clinic, 1, 1, Baseline.SEEN, kinds).run()
    assert [(each.outcome, each.dump_equal, each.untouched) for each in fates] == [(Outcome.UNNOTICED, False, True)]
    assert not promise_kept(totals(fates))
