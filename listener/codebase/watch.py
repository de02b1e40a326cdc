"""The listener's watch over the application's code: says when the schema moved, and takes in what comes of that."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Final

import structlog

from ..catalog.change import ChangeKind
from ..errors import CouldNotLook
from ..event import Event
from ..judging.outcome import Outcome
from ..settings import Settings
from ..statements.touched import Touched
from .account import Account, Answered, Asked, Begin, Moved
from .process import CodeProcess
from .queries import Spoken

log = structlog.get_logger()
AGAIN: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(minutes=1)
_LONGEST_ANSWER: Final = timedelta(seconds=10)
_BY_NAME: Final = frozenset(
    {
        *("table", "view", "materialized view", "foreign table", "table column", "view column", "table constraint"),
        *("index", "trigger", "policy", "rule", "sequence", "default value", "statistics object"),
        *("function", "procedure", "aggregate"),
    }
)
"""What an event may be about so that only statements with its name, or its table's, can mean it."""
_RENAMED: Final = frozenset({ChangeKind.TABLE_RENAMED, ChangeKind.VIEW_RENAMED, ChangeKind.ROUTINE_RENAMED})
_OF_SCHEMAS: Final = frozenset(
    {ChangeKind.SCHEMA_CREATED, ChangeKind.SCHEMA_DROPPED, ChangeKind.SCHEMA_RENAMED, ChangeKind.SCHEMA_ALTERED}
)
_PART: Final = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


class CodeWatch:
    """Of one folder, for as long as a reign lasts."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self._dsn = dsn
        self._settings = settings
        self._process: CodeProcess | None = None
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Spoken]] = {}

    async def run(self, take_in: Callable[[Account], Awaitable[Outcome]]) -> None:
        """Have the code read until cancelled, and let `take_in` have each account of it."""
        assert self._settings.code is not None
        begin, patience = Begin(self._dsn, self._settings.code, self._settings), AGAIN
        while True:
            try:
                async with CodeProcess(begin) as process:
                    self._process = process
                    while True:
                        patience = await self._hear_one(await process.hear(), take_in) or patience
            except (EOFError, OSError) as error:
                log.warning("code is not read; trying again", error=str(error))
            finally:
                self._process = None
                for asked in self._asked.values():
                    if not asked.done():
                        asked.set_exception(CouldNotLook("the process that reads it has ended"))
            await asyncio.sleep(patience.total_seconds())
            patience = min(2 * patience, _LONGEST)

    async def _hear_one(self, message: object, take_in: Callable[[Account], Awaitable[Outcome]]) -> timedelta | None:
        """Do with it what is to be done; how soon to begin anew if that is the last of it."""
        if isinstance(message, Answered):
            asked = self._asked.get(message.number)
            if asked is not None and not asked.done():
                if message.spoken is None:
                    asked.set_exception(CouldNotLook(f"{self._settings.code} is gone"))
                else:
                    asked.set_result(message.spoken)
            return None
        assert isinstance(message, Account)
        await take_in(message)
        _tell(message)
        return AGAIN

    async def ask(self, touched: Touched) -> Spoken:
        """What the code says of those relations; raises CouldNotLook where nobody reads it now."""
        if self._process is None:
            raise CouldNotLook("it is not read here")
        number = next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        self._process.tell(Asked(number, touched))
        try:
            async with asyncio.timeout(_LONGEST_ANSWER.total_seconds()):
                return await asked
        except TimeoutError:
            raise CouldNotLook(f"it was not read within {_LONGEST_ANSWER.total_seconds():g} s") from None
        finally:
            del self._asked[number]

    def hear(self, kind: str, events: Sequence[Event], outcome: Outcome) -> None:
        """The schema was looked at, and this came of it. Who begins to read later sees it by himself."""
        news = moved(kind, events, outcome)
        if self._process is not None and (news.names or news.everything):
            self._process.tell(news)


def moved(kind: str, events: Sequence[Event], outcome: Outcome) -> Moved:
    """What may be other for statements: those of the names that changed or that events are about; after a look at
    everything, after changes that no event told of, and after what says more than a name, all of them."""
    names: dict[str, str | None] = {}
    everything = kind != "event" or bool(outcome.changes and not events)
    for event in events:
        if event.object_type in _BY_NAME and event.identity:
            names |= dict.fromkeys(_names(event.identity), event.event_id)
        else:
            everything = True
    for change in outcome.changes:
        everything = everything or change.kind in _OF_SCHEMAS
        called = {change.table}
        if change.kind in _RENAMED:
            called |= {str(each["name"]) for each in (change.before, change.after) if each and "name" in each}
        names |= {name: change.event_id or names.get(name) for name in called if name}
    return Moved(names, everything)


def _names(identity: str) -> list[str]:
    """The names in an identity such as `public.orders` or `f_key on public.orders`, but for a schema before them."""
    parts = [quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(identity.partition("(")[0])]
    return parts[1:] or parts


def _tell(account: Account) -> None:
    figures = account.figures
    if figures.trouble is not None:
        log.warning("not all of the code is seen", code=figures.root, reason=figures.trouble)
    if account.first:
        log.info("code is watched", code=figures.root, files=figures.files, statements=figures.statements)
