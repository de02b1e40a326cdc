"""The sample application's code: what a rename breaks in it, what goes with a change of type, and their mending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ...listener.connection import connect
from ...listener.remedy import Remedy
from ...listener.settings import Settings
from ...listener.source.alongside import CodeAlongside
from ...listener.source.analysis import Analysis, analyze
from ...listener.source.extraction import extract
from ...listener.source.rewriting.applying import Applied, apply
from ...listener.source.rewriting.conversions import CodeConversions
from ...listener.source.rewriting.mended import Mendings
from ...listener.source.rewriting.menders import mend
from ...listener.source.rewriting.patch import diff, patches
from ...listener.source.rewriting.record import Records
from ...listener.store.code_fixes import write_applied
from ...listener.written_code import WrittenCode
from .deed import Deed

RENAME: Final = Deed("tidy_up.py", ("alter table venues rename column rating to score",))
_LOOK_SECONDS: Final = 0.02
VENUES: Final[Mapping[str, str]] = {
    "venues.py": '''\
"""What the start page shows."""

import asyncpg

from store import count


async def best(conn: asyncpg.Connection, city_id: int):
    rows = await conn.fetch(
        "select v.name, v.rating, avg(r.rating) as by_guests "
        "from venues as v join activities as a on a.venue_id = v.id "
        "join reviews as r on r.activity_id = a.id "
        "where v.city_id = $1 and v.rating > 3 group by v.id order by v.rating desc",
        city_id,
    )
    return [(row["name"], row["rating"], row["by_guests"]) for row in rows]


async def rate(conn: asyncpg.Connection, venue_id: int, rating: float):
    await conn.execute("update venues set rating = $2 where id = $1", venue_id, rating)


async def unrated(conn: asyncpg.Connection):
    return await count(conn, "venues", missing="rating") + await count(conn, "reviews", missing="rating")
''',
    "store.py": '''\
"""One way to ask for all tables."""

import asyncpg


async def count(conn: asyncpg.Connection, table, missing):
    return await conn.fetchval(f"select count(*) from {table} where {missing} is null")
''',
}

CREDIT_NOTES: Final[Mapping[str, str]] = {
    "credit_notes.py": '''\
"""What the back office sees. The ids of invoices are text in one table: somebody typed them in."""

import asyncpg


async def of_invoice(conn: asyncpg.Connection, invoice_id: int):
    return await conn.fetch("select id, amount_cents from credit_notes where invoice_id = $1", str(invoice_id))


async def unpaid(conn: asyncpg.Connection):
    return await conn.fetch(
        "select c.id, i.number from credit_notes as c join invoices as i on i.id::text = c.invoice_id where not i.paid"
    )
''',
}
"""Right while credit_notes.invoice_id is text."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What the rename did to the code: its issues, and the patch that makes them go."""

    analysis: Analysis
    mendings: Mendings
    patch: str


@dataclass(frozen=True, slots=True)
class Code:
    """The tree, and the backups of what is written into it."""

    root: Path
    records: Records
    dsn: str

    async def issues(self) -> int:
        """How many the code has."""
        return len((await self._look()).analysis.issues)

    async def until_broken(self, statements: int) -> tuple[Broken, float]:
        """Wait until so many issues are known, each with a patch; and the milliseconds since the call."""
        started = time.perf_counter()
        while True:
            found = await self._look()
            if len(found.analysis.issues) == len(found.mendings.ready) == statements:
                return found, (time.perf_counter() - started) * 1000
            await asyncio.sleep(_LOOK_SECONDS)

    async def mend(self, broken: Broken) -> Applied | None:
        """Write the patch, and have the server look again; the database keeps the history."""
        async with await connect(self.dsn, "demo code") as connection:
            applied = await apply(
                connection,
                broken.analysis,
                broken.mendings,
                self.root,
                read=lambda: extract(self.root),
                settings=Settings(),
                records=self.records,
            )
        if applied is not None:
            async with await connect(self.dsn, "demo code") as connection:
                files = [each.path for each in applied.record.files]
                await write_applied(connection, applied.record.fix_id, applied.record.summary, applied.issues, files)
        return applied

    async def goes_with(self, remedy: Remedy | WrittenCode) -> CodeConversions | None:
        """What has to change with that change of a type; None where it is none."""
        async with await connect(self.dsn, "demo code") as connection:
            return await CodeAlongside(self.root).goes_with(connection, remedy, Settings())

    def write(self, conversions: CodeConversions) -> None:
        """Apply the patch, as `git apply` would."""
        for each in patches(self.root, conversions.files, conversions.edits):
            (self.root / each.path).write_bytes(each.after)

    async def _look(self) -> Broken:
        async with await connect(self.dsn, "demo code") as connection:
            analysis = await analyze(connection, extract(self.root), Settings())
            mendings = await mend(connection, analysis, self.root)
        patch = diff(self.root, patches(self.root, mendings.files, mendings.edits()))
        return Broken(analysis, mendings, patch.decode())


@asynccontextmanager
async def code(dsn: str, files: Mapping[str, str]) -> AsyncGenerator[Code]:
    """Those files of the application's code in a folder that goes afterwards."""
    with TemporaryDirectory(prefix="pgmend-demo-") as folder:
        root = Path(folder) / "app"
        await asyncio.to_thread(_write, root, files)
        yield Code(root, Records(root.parent / "state" / "code"), dsn)


def _write(root: Path, files: Mapping[str, str]) -> None:
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")
