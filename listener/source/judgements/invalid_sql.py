"""A statement that the server does not take, for a reason that no other judgement tells."""

from __future__ import annotations

from collections.abc import Iterator

from ...issue import Severity
from ..examined import Examined
from .foreign_placeholder import foreign_style
from .judgement import Defect, Judgement, seen
from .operator_mismatch import mismatched_operator

_TOLD_ELSEWHERE = frozenset({"42P01", "42703"})
_SYNTAX = "42601"


def _judge(examined: Examined) -> Iterator[Defect]:
    refused = examined.refused
    # What a function makes another text of is not what is sent.
    unsure = not examined.judged or examined.statement.rewrites
    if refused is None or unsure or foreign_style(examined) is not None:
        return
    state = refused.sqlstate
    if state == _SYNTAX and examined.prepared.filled:
        return  # not every value may stand everywhere
    if mismatched_operator(examined):
        return
    if state in _TOLD_ELSEWHERE and examined.hunt is not None and (examined.hunt.tables or examined.hunt.columns):
        return
    yield Defect(
        f"The server does not take the statement: {refused.message}.",
        "A statement that the server takes.",
        examined.site(refused.position),
        evidence=(seen("server", f"SQLSTATE {state}: {refused.message}."),),
        sqlstate=state,
    )


JUDGEMENT = Judgement("INVALID_SQL", Severity.CRITICAL, _judge, of_all=True)
