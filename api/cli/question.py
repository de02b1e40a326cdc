"""A question on the terminal before something is done."""

from __future__ import annotations

import sys

import typer

from ...listener.errors import InvalidRequest
from ...sql.errors import PgmendError


class Declined(PgmendError):
    """Somebody was asked and did not say yes."""


def confirm(question: str) -> None:
    """Return if the answer is yes; raises Declined, and InvalidRequest where nobody is there to answer."""
    yes = answer(question)
    if yes is None:
        raise InvalidRequest("Nobody answered, so nothing was done; with --yes it does not ask.")
    if not yes:
        raise Declined("Nothing was done.")


def answer(question: str) -> bool | None:
    """Whether the answer is yes; None where nobody is there to answer."""
    typer.echo(f"{question} [y/N] ", err=True, nl=False)
    said = sys.stdin.readline()
    if not said:
        typer.echo(err=True)
        return None
    return said.strip().lower() in {"y", "yes"}
