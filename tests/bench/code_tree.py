"""A generated application to analyse: 400 files of 200 lines, with 1,100 statements on the tables of a database."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg

FILES = 400
LINES = 80_000
STATEMENTS = 1_100
"""Calls with SQL; some have two texts."""
_WITH_SQL = 275
_SEED = 20_251_126
_COLUMNS = """
select c.relname::text, pg_catalog.array_agg(a.attname::text order by a.attnum)
from pg_catalog.pg_class as c join pg_catalog.pg_attribute as a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
group by c.oid, c.relname having 'id' = any(pg_catalog.array_agg(a.attname::text)) order by c.relname
"""
_HEAD = '''\
"""Module {number} of the application."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import asyncpg

log = logging.getLogger(__name__)
LIMIT = {limit}


@dataclass
class Page:
    """One page of a list."""

    number: int
    size: int = LIMIT

    def offset(self) -> int:
        return max(0, self.number - 1) * self.size
'''
_FILLER = '''

def {name}_{number}(values: list[int], factor: int = {factor}) -> dict[str, int]:
    """What comes of the values, counted."""
    counts: dict[str, int] = {{"seen": 0, "kept": 0}}
    for position, value in enumerate(values):
        counts["seen"] += 1
        if value % factor == {rest}:
            counts["kept"] += value * position
        elif value > LIMIT:
            log.debug("too large: %s at %s", value, position)
            continue
        else:
            counts[f"rest {{value % factor}}"] = counts.get(f"rest {{value % factor}}", 0) + 1
    return {{key: counts[key] for key in sorted(counts)}}
'''
_NAMES = ("weigh", "sort_out", "summarise", "collect", "balance", "compare")


def write(folder: Path, dsn: str) -> Sequence[Path]:
    """Write the tree for the tables of the database, always the same for the same tables; its files in order."""
    with psycopg.connect(dsn) as connection:
        tables = {str(name): [str(each) for each in columns] for name, columns in connection.execute(_COLUMNS)}
    chance = random.Random(_SEED)
    with_sql = set(chance.sample(range(FILES), _WITH_SQL))
    files: list[Path] = []
    for number in range(FILES):
        package = folder / f"part{number // 20:02}"
        package.mkdir(parents=True, exist_ok=True)
        files.append(package / f"module_{number:03}.py")
        statements = STATEMENTS // _WITH_SQL if number in with_sql else 0
        files[-1].write_text("\n".join(_module(chance, number, statements, tables)) + "\n")
    return files


def _module(chance: random.Random, number: int, statements: int, tables: Mapping[str, list[str]]) -> list[str]:
    lines = _HEAD.format(number=number, limit=chance.randrange(10, 500)).splitlines()
    for place in range(statements):
        lines += ["", "", *_function(chance, place, *chance.choice(list(tables.items())))]
    while True:
        filler = _FILLER.format(
            name=chance.choice(_NAMES), number=len(lines), factor=chance.randrange(3, 40), rest=chance.randrange(3)
        ).splitlines()
        if len(lines) + len(filler) > LINES // FILES:
            break
        lines += filler
    return lines + ["# end"] * (LINES // FILES - len(lines))


def _function(chance: random.Random, place: int, table: str, columns: list[str]) -> Iterator[str]:
    """A function with one statement, in one of the ways that people write them."""
    some = chance.sample(columns, min(len(columns), chance.randrange(2, 6)))
    listed, other = ", ".join(f'"{each}"' if each.upper() == each else each for each in some), some[0]
    yield f"async def {table}_{place}(conn: asyncpg.Connection, row_id: int, page: Page) -> object:"
    match chance.randrange(5):
        case 0:
            yield f'    return await conn.fetch("select {listed} from {table} where id = $1", row_id)'
        case 1:
            yield f'    query = "select {listed} from {table} as t "'
            yield "    if page.number > 1:"
            yield f'        query += "where t.{other} is not null "'
            yield '    return await conn.fetch(query + "limit $1 offset $2", page.size, page.offset())'
        case 2:
            yield "    return await conn.execute("
            yield '        """'
            yield f"        update {table}"
            yield f"        set {other} = {other}"
            yield "        where id = $1"
            yield '        """,'
            yield "        row_id,"
            yield "    )"
        case 3:
            yield f'    return await conn.fetch(f"select count(*) from {table} where id > $1 limit {{LIMIT}}", row_id)'
        case _:
            yield f'    await conn.execute("delete from {table} where id = $1 and {other} is null", row_id)'
            yield "    await asyncio.sleep(0)"
            yield "    return None"


def change(file: Path) -> None:
    """Have one more statement in the file."""
    more = ("", "", "async def more(conn: asyncpg.Connection) -> object:", '    return await conn.fetch("select 1")')
    with file.open("a", encoding="utf-8") as end:
        end.write("\n".join(more) + "\n")
