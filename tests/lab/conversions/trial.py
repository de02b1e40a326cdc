"""Many planted conversions in one tree: mended for the change of their columns, and run before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pgmend.listener.remedy import ChangeColumnType
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.rewriting.conversions import conversions
from pgmend.listener.source.rewriting.edit import rewritten
from pgmend.listener.source.rewriting.type_change import type_changes
from psycopg.rows import dict_row

from tests.support.database import Database

from .plant import Planted
from .run import outcome

SCHEMA = """
create table users (id integer primary key, name text not null, key uuid not null);
insert into users select i, 'n' || i, lpad(i::text, 32, '0')::uuid from generate_series(0, 9) as i;
create table orders (id integer primary key, user_id text not null, key text not null, note text);
insert into orders select i, (i % 8)::text, lpad((i % 8)::text, 32, '0')::uuid::text, 'o' || i
from generate_series(1, 8) as i;
create table logs (id integer primary key, user_id text, amount integer, line text);
insert into logs select i, i::text, nullif(i, 3), 'l' from generate_series(0, 9) as i;
"""
_CHANGED = """
alter table orders alter user_id type integer using user_id::integer;
alter table orders alter key type uuid using key::uuid;
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one: whether its conversion is gone, and how the code that was changed does otherwise."""

    planted: Planted
    after: str
    removed: bool
    differs: str | None

    @property
    def wrong(self) -> bool:
        """Whether a conversion went that had to stay, or the code does otherwise."""
        return self.differs is not None or (self.removed and not self.planted.provable)


async def tried(database: Database, folder: Path, plants: Sequence[Planted]) -> list[Verdict]:
    """The verdicts; the database is changed."""
    database.execute(SCHEMA)
    for each in plants:
        (folder / f"planted_{each.number}.py").write_bytes(each.content)
    mended = await _mended(database, folder, plants)
    calls = [(each, arguments) for each in plants for arguments in each.source.calls]
    with psycopg.connect(database.dsn, row_factory=dict_row) as connection:
        before = [await outcome(connection, each.driver, each.content, arguments) for each, arguments in calls]
    database.execute(_CHANGED)
    with psycopg.connect(database.dsn, row_factory=dict_row) as connection:
        after = [await outcome(connection, each.driver, mended[each.number], arguments) for each, arguments in calls]
    differs: dict[int, str] = {}
    for (each, arguments), was, now in zip(calls, before, after, strict=True):
        if mended[each.number] != each.content and was[0] == "done" and was != now:
            differs.setdefault(each.number, f"{arguments}: {was[1]} before, {now[1]} after")
    verdicts: list[Verdict] = []
    for each in plants:
        text = mended[each.number].decode().replace("\r\n", "\n")
        verdicts.append(Verdict(each, text, text in each.wanted, differs.get(each.number)))
    return verdicts


async def _mended(database: Database, folder: Path, plants: Sequence[Planted]) -> dict[int, bytes]:
    connection = await database.connect()
    oid, own, key = database.fetch(
        "select attrelid::bigint, max(attnum) filter (where attname = 'user_id'),"
        " max(attnum) filter (where attname = 'key')"
        " from pg_attribute where attrelid = 'orders'::regclass group by 1"
    )[0]
    changes = await type_changes(
        connection, [ChangeColumnType(oid, own, "integer"), ChangeColumnType(oid, key, "uuid")]
    )
    analysis = await analyze(await database.connect(), extract(folder), Settings())
    found = await conversions(await database.connect(), analysis, folder, changes)
    mended = {each.number: each.content for each in plants}
    for path, edits in found.edits.items():
        file = found.files[path]
        mended[int(path.removeprefix("planted_").removesuffix(".py"))] = file.encoded(rewritten(file.text, edits))
    return mended
