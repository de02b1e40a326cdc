"""The fault lab on a schema with everything in it: a dozen faults, all noticed, healed and rolled back alike."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.process import Processes
from tests.support.server import Server

from .account import fate_as_json, promise_kept, totals
from .baseline import Baseline, best_baseline
from .case import Outcome
from .faults import KINDS
from .heal import lab_server
from .round import Round
from .shipped import CLINIC
from .subject import Subject, prepare

pytestmark = pytest.mark.timeout(300)

# What is healed without an expected schema: what the listener saw before the fault.
OF_WHAT_WAS_SEEN = {"drop foreign key", "leave index invalid"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Server]:
    """A server of its own: the lab makes roles."""
    with lab_server(None, None) as server:
        yield server


@pytest.fixture(scope="module")
def clinic(lab: Server) -> Subject:
    return prepare(lab, "clinic", CLINIC.sql(), 1)


async def test_a_dozen_faults_are_noticed_and_healed_and_rolled_back_alike(clinic: Subject, pgmend: Processes) -> None:
    baseline = await best_baseline(pgmend)
    kinds = [each for each in KINDS if baseline is Baseline.LOCKED or each.name in OF_WHAT_WAS_SEEN]
    fates = await Round(clinic, 12, 1, baseline, kinds).run()
    assert promise_kept(totals(fates)), json.dumps([fate_as_json(fate) for fate in fates], indent=1)


async def test_what_is_not_healed_is_not_called_healed(clinic: Subject) -> None:
    """Without an expected schema nobody misses a comment, and what nobody misses is not brought back."""
    kinds = [each for each in KINDS if each.name == "change comment"]
    fates = await Round(clinic, 2, 1, Baseline.SEEN, kinds).run()
    assert [(each.outcome, each.dump_equal, each.untouched) for each in fates] == [(Outcome.UNNOTICED, False, True)] * 2
    assert not promise_kept(totals(fates))
