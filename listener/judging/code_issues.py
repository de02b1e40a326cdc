"""What an account of the code means for the issues that are held of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from ..codebase.account import Account, is_within
from ..issue import Issue
from .held import HeldIssues


class MovesInCode(NamedTuple):
    """Issues that are new or say something else, those that say the `same` as the store has, and ids of the gone."""

    opened: tuple[Issue, ...] = ()
    changed: tuple[Issue, ...] = ()
    same: tuple[Issue, ...] = ()
    gone: tuple[str, ...] = ()


NOTHING_OF_CODE: Final = MovesInCode()


def moves_in_code(account: Account, held: HeldIssues) -> MovesInCode:
    """What moved. What the first account finds and no event explains was there before anybody watched: it is backlog.

    The store does not keep an issue's doubt, so that what differs in nothing else is the same.
    """
    opened, changed, same = list[Issue](), list[Issue](), list[Issue]()
    for issue in account.issues:
        before = held.get(issue.issue_id)
        if before is None:
            opened.append(replace(issue, backlog=account.first and issue.event_id is None))
            continue
        after = replace(issue, backlog=before.backlog, event_id=before.event_id or issue.event_id)
        (same if replace(after, doubt=before.doubt) == before else changed).append(after)
    found = {issue.issue_id for issue in account.issues}
    gone = _missing(account, held) - found if account.first else account.gone.intersection(held.in_code())
    return MovesInCode(tuple(opened), tuple(changed), tuple(same), tuple(sorted(gone)))


def _missing(account: Account, held: HeldIssues) -> set[str]:
    """All that are held of files that could be read."""
    return {name for name in held.in_code() if not _is_unread(held.get(name), account)}


def _is_unread(issue: Issue | None, account: Account) -> bool:
    return issue is not None and issue.site is not None and is_within(issue.site.file, account.unreadable)
