"""How a command ends: exit codes, and errors as one clear message instead of a traceback."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, NoReturn, TypeVar, cast

import psycopg
import typer

from ...listener.errors import CouldNotLook, EmbeddedServerError, FixError
from ...listener.journal import redact
from ...sql.errors import EventTriggersRefused, InstallationBlocked, PgmendError, RightsMissing, StillNeeded
from .question import Declined

T = TypeVar("T")


class ExitCode(IntEnum):
    """What scripts go by. 3 outranks 1: nothing is called clean that was not seen."""

    CLEAN = 0
    ISSUES = 1
    WRONG_USAGE = 2
    COULD_NOT_LOOK = 3


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; an error ends the process with its message and exit code, Ctrl-C with 130."""
    return guarded(lambda: asyncio.run(work))


def guarded(work: Callable[[], T]) -> T:
    """The value of a call; an error ends the process with its message and exit code, Ctrl-C with 130."""
    try:
        return work()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, the user gets a message
        _end(_first(error))


def exit_code_of(error: BaseException) -> ExitCode:
    """1 for what was refused or did not happen, 3 where we could not look, 2 for what the caller can put right."""
    match error:
        case FixError() | StillNeeded() | Declined():
            return ExitCode.ISSUES
        case CouldNotLook() | EmbeddedServerError() | RightsMissing() | InstallationBlocked() | EventTriggersRefused():
            return ExitCode.COULD_NOT_LOOK
        case PgmendError():
            return ExitCode.WRONG_USAGE
        case _:
            return ExitCode.COULD_NOT_LOOK


def _end(error: BaseException) -> NoReturn:
    if os.environ.get("PGMEND_TRACEBACK"):
        raise error
    if isinstance(error, psycopg.Error):
        from ...listener.desk.refusal import in_plain_words

        error = in_plain_words(error) or error
    match error:
        case PgmendError():
            message = str(error)
        case psycopg.Error() | OSError():
            message = f"{type(error).__name__}: {error}"
        case _:
            message = (
                f"pgmend failed with {type(error).__name__}: {error}. This is a defect of pgmend;"
                " with PGMEND_TRACEBACK=1 it shows where."
            )
    typer.secho(f"pgmend: {redact(message.strip())}", err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)
    raise SystemExit(int(exit_code_of(error)))


def _first(error: BaseException) -> BaseException:
    """Of several that happened at once, the first that says something."""
    if isinstance(error, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    return error
