"""Asking for a part of a longer list, and what comes with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...listener.desk import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from .endpoint import Answer
from .request import Asked


class PageAsked(Asked):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0


class PageAnswer(Answer):
    """Which part it is, of how many."""

    total: int
    limit: int
    offset: int
