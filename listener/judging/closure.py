"""Which issues that were not found again are resolved, and why, where nobody saw them gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..issue import Issue
from .judge import Judgement
from .precedence import INFERRED
from .roster import Roster

DISBELIEVED = "it is not believed any more: what the rows hold speaks against it"


def closed(
    missing: Iterable[Issue], roster: Roster, judgement: Judgement, *, counted: bool
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The ids of the resolved, and the reasons of those that nobody saw gone.

    What a rule that is not here, or could not look, once found is not gone because nobody finds it now. `counted` says
    that no schema was looked at, only rows counted: they make an inference wrong, but nothing right.
    """
    gone, because = list[str](), dict[str, str]()
    for issue in missing:
        if why := roster.why_closed(issue.issue_type, issue.schema, issue.table):
            because[issue.issue_id] = why
            gone.append(issue.issue_id)
        elif roster.judges(issue.issue_type) and (issue.issue_type, issue.table_oid) not in judgement.undecided:
            if counted and issue.issue_type in INFERRED:
                because[issue.issue_id] = DISBELIEVED
            gone.append(issue.issue_id)
    return tuple(gone), because
