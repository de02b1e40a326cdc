"""The code's statements among those that are known of a table, for the proofs of plans."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection

from ..errors import CouldNotLook, InvalidRequest
from ..relations.reading.path import schemas_in
from ..relations.reading.texts import OWN_PATH
from ..settings import Settings
from ..source.extracted import Extraction
from ..source.extraction import extract
from ..statements.statement import Known, Origin, Statement, StatementSource, Unread
from ..statements.touched import Touched
from ..statements.whereabouts import Whereabouts, read_whereabouts
from .queries import CodeQuery, Spoken, spoken
from .watch import CodeWatch

Ask = Callable[[Touched], Awaitable[Spoken]]


class CodeStatements:
    """`ask` whoever has read the code; it raises CouldNotLook where nobody has, which is told as a gap."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def known(self, connection: AsyncConnection[Any], touched: Touched) -> Known:
        """What the code says of the relations, under the search_path that a session of this role begins with."""
        try:
            said = await self._ask(touched)
        except CouldNotLook as error:
            return Known(gaps=(f"what the code says is not known: {error}",))
        row = await (await connection.execute(OWN_PATH.encode())).fetchone()
        path = schemas_in(*row) if row is not None else ()
        where = await read_whereabouts(connection, touched)
        statements = [_statement(each, path, where) for each in said.queries]
        unread = list(said.unread)
        for each, statement in zip(said.queries, statements, strict=True):
            if (name := where.ambiguous(each.query.relations)) is not None:
                why = f"its {name} is in several schemas, and which one is meant its session's search_path says"
                unread.append(Unread(statement.name, why, Origin.CODE))
        gaps = () if said.queries or said.unread or said.known else ("no statement is found in the code",)
        return Known(tuple(statements), tuple(unread), gaps, read=said.known)


def _statement(said: CodeQuery, path: tuple[str, ...], where: Whereabouts) -> Statement:
    doubt, elsewhere = None, where.elsewhere(said.query.relations, path)
    if elsewhere is not None:
        doubt = f"under the search_path of this role its {elsewhere.name} is another one than in {elsewhere.schema}"
        path = (elsewhere.schema, *path)
    query = said.query
    return Statement(Origin.CODE, said.name, query.text, path, query.names, doubt=doubt, values=said.values)


def code_sources(settings: Settings, watch: CodeWatch | None = None) -> tuple[StatementSource, ...]:
    """Who knows the statements of the code that the settings name: whoever watches it, else who reads it once."""
    if settings.code is None:
        return ()
    return (CodeStatements(watch.ask if watch is not None else FolderAsked(settings)),)


class FolderAsked:
    """Reads the folder when it is first asked: for commands, which end soon after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._extraction: Extraction | None = None

    async def __call__(self, touched: Touched) -> Spoken:
        """What the code says of those relations; raises CouldNotLook where it is gone."""
        if self._extraction is None:
            assert self._settings.code is not None
            try:
                self._extraction = await asyncio.to_thread(extract, self._settings.code, self._settings.code_exclude)
            except InvalidRequest as error:
                raise CouldNotLook(str(error)) from error
        return await asyncio.to_thread(spoken, self._extraction, touched)
