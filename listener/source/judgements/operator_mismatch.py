"""An operator between types that have none: `orders.user_id = users.id`, a text and an integer."""

from __future__ import annotations

from collections.abc import Iterator

from ...issue import Severity
from ..examined import Examined
from .judgement import Defect, Judgement, seen

UNDEFINED_FUNCTION = "42883"
"""What the server says of operators and functions alike; the place tells which it is."""


def mismatched_operator(examined: Examined) -> bool:
    """Whether the server finds no operator for the types at that place."""
    refused = examined.refused
    if refused is None or refused.sqlstate != UNDEFINED_FUNCTION or examined.parsed is None:
        return False
    return refused.position in examined.parsed.operators


def _judge(examined: Examined) -> Iterator[Defect]:
    refused = examined.refused
    if refused is None or not examined.judged or not mismatched_operator(examined):
        return
    yield Defect(
        f"The statement compares values of types that have no such operator: {refused.message}.",
        "Columns of one type on both sides.",
        examined.site(refused.position),
        evidence=(seen("server", f"SQLSTATE {refused.sqlstate}: {refused.message}."),),
        sqlstate=refused.sqlstate,
    )


JUDGEMENT = Judgement("OPERATOR_MISMATCH", Severity.CRITICAL, _judge, of_piece=True)
