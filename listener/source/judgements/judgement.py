"""What a judgement of code is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...evidence import Evidence
from ...issue import Severity
from ..examined import Examined
from ..extracted import Site

CERTAIN = 6.0
"""The server itself says so, in log-odds."""


@dataclass(frozen=True, slots=True)
class Defect:
    """What a judgement finds in one statement. `schema` and `table` are the relation that it is about, where it is one;
    `named` tells apart what is found in the same statement; `event_id` is the event that brought it about."""

    current_state: str
    expected_state: str
    site: Site
    schema: str = ""
    table: str = ""
    column: str = ""
    named: str = ""
    evidence: tuple[Evidence, ...] = ()
    sqlstate: str | None = None
    severity: Severity | None = None
    event_id: str | None = None


Judge = Callable[[Examined], Iterator[Defect]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge, the type of issue it opens and the severity in a critical table.

    One `of_all` is heard only where each text that a call may send has the defect: conditions that go together are
    followed each by itself, so that some of these texts may never be sent. One `of_piece` is heard where each text with
    the piece of code at the defect's place has it.
    """

    issue_type: str
    severity: Severity
    judge: Judge
    of_all: bool = False
    of_piece: bool = False


def seen(kind: str, sentence: str, weight: float = CERTAIN) -> Evidence:
    """A piece of evidence."""
    return Evidence(kind, weight, sentence)
