"""The application's code beside plans of the schema: what has to change in it with each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..remedy import ChangeColumnType
from ..settings import Settings
from .analysis import Analysis, analyze
from .extraction import extract
from .rewriting.conversions import CodeConversions, conversions
from .rewriting.type_change import type_changes


class CodeAlongside:
    """The code below `root`, read and judged when it is first asked for."""

    def __init__(self, root: Path, exclude: Sequence[str] = ()) -> None:
        self.root = root
        self._exclude = exclude
        self._analysis: Analysis | None = None

    async def goes_with(
        self, connection: AsyncConnection[TupleRow], remedy: object, settings: Settings
    ) -> CodeConversions | None:
        """What the code needs with that remedy; None for one that changes no type. `connection` is in autocommit mode
        and of its own. Raises InvalidRequest where there is no such folder."""
        if not isinstance(remedy, ChangeColumnType):
            return None
        if self._analysis is None:
            self._analysis = await analyze(connection, extract(self.root, self._exclude), settings)
        changes = await type_changes(connection, [remedy])
        return await conversions(connection, self._analysis, self.root, changes)
