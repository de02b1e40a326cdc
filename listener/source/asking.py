"""Many statements described by the server in one flight: parsed and described, never planned or run."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection, generators, pq
from psycopg.rows import TupleRow

from ..catalog.snapshot import Oid
from ..connection import SESSION
from .parsed import parse

_LOCK_TIMEOUT: Final = "100ms"
_OURS: Final = (
    f"set search_path to {SESSION['search_path']}; set default_transaction_read_only to on;"
    f" set lock_timeout to '{_LOCK_TIMEOUT}'"
)
_AT_ONCE: Final = 64
"""So many may wait for one lock until it is known that all would."""
LOCKED: Final = "55P03"


class Question(NamedTuple):
    """A statement, and the types that its parameters are declared with (0: the server finds out)."""

    sql: str
    types: tuple[Oid, ...] = ()


class Taken(NamedTuple):
    """The server takes it: types of its parameters by number, and of its results with their names; `origins` are the
    relation and attribute number of those that are columns, (0, 0) of others."""

    parameters: tuple[Oid, ...]
    results: tuple[tuple[str, Oid], ...]
    origins: tuple[tuple[Oid, int], ...] = ()


class Refused(NamedTuple):
    """The server's first objection; `position` is the offset in characters of what it is about, or -1."""

    sqlstate: str
    message: str
    position: int


class Unasked(NamedTuple):
    """It was not asked. Where that leaves something unseen, it is a `gap`."""

    reason: str
    gap: bool


Answer = Taken | Refused | Unasked


async def seclude(connection: AsyncConnection[TupleRow]) -> None:
    """Make the session one in which nobody else's operators and functions are met, and that only reads."""
    await connection.execute(_OURS.encode())


@asynccontextmanager
async def as_the_role(connection: AsyncConnection[TupleRow]) -> AsyncGenerator[None]:
    """The role's own search_path, for names that are to be found as the application finds them, then ours again.

    Nothing may be executed in it that has operators or unqualified names: whoever may create in a schema on that path
    would have them run with our rights."""
    await connection.execute("reset search_path")
    try:
        yield
    finally:
        if connection.pgconn.status == pq.ConnStatus.OK:
            await seclude(connection)


async def ask(connection: AsyncConnection[TupleRow], questions: Sequence[Question]) -> list[Answer]:
    """What the server makes of each under the role's search_path. What names a relation that turned out to be locked is
    not asked, and refused alike. `connection` is in autocommit mode, in no
    transaction, and secluded afterwards."""
    answers: dict[int, Answer] = {}
    locked: dict[str, Refused] = {}
    async with as_the_role(connection):
        for start in range(0, len(questions), _AT_ONCE):
            places = range(start, min(start + _AT_ONCE, len(questions)))
            if locked:
                answers |= {place: known for place in places if (known := _known(questions[place], locked)) is not None}
            going = [place for place in places if place not in answers]
            answers |= zip(going, await _flight(connection, [questions[place] for place in going]), strict=True)
            locked |= _locked([(questions[place], answers[place]) for place in going])
    return [answers[place] for place in range(len(questions))]


def _locked(answered: Sequence[tuple[Question, Answer]]) -> dict[str, Refused]:
    """The relations that somebody locked, as far as the answers tell them from others."""
    refused = [(one, answer) for one, answer in answered if isinstance(answer, Refused) and answer.sqlstate == LOCKED]
    if not refused:
        return {}
    free = {name for one, answer in answered if isinstance(answer, Taken) for name in _relations(one)}
    return {name: answer for one, answer in refused for name in _relations(one) - free}


def _known(question: Question, locked: Mapping[str, Refused]) -> Refused | None:
    return next((locked[name] for name in _relations(question) & locked.keys()), None)


def _relations(question: Question) -> set[str]:
    parsed = parse(question.sql)
    return set() if parsed is None else {each.name for each in parsed.relations}


async def _flight(connection: AsyncConnection[TupleRow], questions: Sequence[Question]) -> list[Answer]:
    if not questions:
        return []
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    commands: deque[Callable[[], None]] = deque()
    for sql, types in questions:
        commands.append(partial(pgconn.send_prepare, b"", sql.encode(), types or None))
        commands.append(partial(pgconn.send_describe_prepared, b""))
        commands.append(pgconn.pipeline_sync)
    try:
        results: list[Any] = list(await connection.wait(generators.pipeline_communicate(pgconn, commands)))
        while len(results) < 3 * len(questions):
            results.append(await connection.wait(generators.fetch_many(pgconn)))
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.exit_pipeline_mode()
    return [
        _answer(connection, parsed[-1], described[-1])
        for parsed, described in zip(results[::3], results[1::3], strict=True)
    ]


def _answer(connection: AsyncConnection[TupleRow], parsed: Any, described: Any) -> Answer:
    for result in (parsed, described):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            if connection.pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection was lost")
            return _refused(result)
    return Taken(
        tuple(described.param_type(number) for number in range(described.nparams)),
        tuple(
            ((described.fname(number) or b"").decode(), described.ftype(number)) for number in range(described.nfields)
        ),
        tuple((described.ftable(number), described.ftablecol(number)) for number in range(described.nfields)),
    )


def _refused(result: Any) -> Refused:
    said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
    place = result.error_field(pq.DiagnosticField.STATEMENT_POSITION)
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    return Refused(sqlstate.decode(), said.decode(errors="replace"), int(place) - 1 if place else -1)
