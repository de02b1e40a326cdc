"""The ways in which code holds a connection of each driver, and what it hands to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import indent

from .words import Name, Sql, Value, Word, spaced

INDENT = "    "


class Style(StrEnum):
    """How a placeholder is written."""

    DOLLAR = "$1"
    FORMAT = "%s"
    PYFORMAT = "%(v1)s"
    COLON = ":v1"
    QUESTION = "?"


class Count(StrEnum):
    """How many values come with the statement."""

    RIGHT = "as many as it has placeholders"
    MORE = "one more"
    FEWER = "one fewer"
    ONE_TUPLE = "all in one tuple, where each is wanted by itself"
    NO_TUPLE = "one by itself, where a tuple is wanted"


@dataclass(frozen=True)
class Sender:
    """`opened` are lines under which the call stands; `wrapped` is what the driver wants around its SQL; `keywords` are
    the names of its own parameters for the SQL and the values, where it lets them be given by name."""

    name: str
    tree: str
    imports: tuple[str, ...]
    receiver: str
    given: tuple[str, ...]
    style: Style
    methods: tuple[str, ...]
    spread: bool = False
    awaits: bool = False
    opened: tuple[str, ...] = ()
    wrapped: str = "{}"
    many: str = ""
    keywords: tuple[str, str] | None = None
    foreign: tuple[Style, ...] = field(default=())

    def written(self, words: Sql, style: Style | None = None) -> list[str]:
        """Each word for this driver, with the space before it."""
        used = style or self.style
        keys = self.keys(words)
        bound = iter(range(1, len(words) + 1))
        escaped = used in (Style.FORMAT, Style.PYFORMAT) and bool(keys)

        def write(word: Word) -> str:
            if isinstance(word, Value):
                number = next(bound) if used in (Style.FORMAT, Style.QUESTION) else keys[word]
                return used.value.replace("1", str(number))
            said = word.said if isinstance(word, Name) else word
            return said.replace("%", "%%") if escaped else said

        return spaced(words, write)

    def keys(self, words: Sql) -> dict[Value, int]:
        """The number of each value: that of its first place."""
        found: dict[Value, int] = {}
        for each in words:
            if isinstance(each, Value):
                found.setdefault(each, len(found) + 1)
        return found

    def handed(self, words: Sql, count: Count) -> str:
        """The values as they come with the SQL; nothing where there are none."""
        keyed = {f"v{number}": value.said for value, number in self.keys(words).items()}
        if self.style in (Style.PYFORMAT, Style.COLON):
            if count is Count.FEWER:
                keyed.popitem()
            return "{" + ", ".join(f'"{key}": {said}' for key, said in keyed.items()) + "}" if keyed else ""
        plain = list(keyed.values()) if self.spread else [each.said for each in words if isinstance(each, Value)]
        return _counted(plain, count, spread=self.spread)

    @property
    def defines(self) -> str:
        """How its functions begin."""
        return "async def" if self.awaits else "def"

    def wait(self, call: str) -> str:
        """The call, awaited where it has to be."""
        return f"await {call}" if self.awaits else call

    def called(self, method: str, expression: str, handed: str, *, ready: bool = False) -> str:
        """The call that sends it."""
        said = expression if ready else self.wrapped.format(expression)
        return self.wait(f"{self.receiver}.{method}({', '.join(filter(None, (said, handed)))})")

    def within(self, lines: Sequence[str]) -> list[str]:
        """The lines where the connection is at hand."""
        found: list[str] = []
        depth = 0
        for each in self.opened:
            found.append(INDENT * depth + each)
            depth += each.endswith(":")
        return [*found, *(indent(each, INDENT * depth) for each in lines)]

    @property
    def taken(self) -> list[str]:
        """The names under which functions are given what it needs."""
        return [each.partition(":")[0] for each in self.given]


def _counted(plain: list[str], count: Count, *, spread: bool) -> str:
    match count:
        case Count.MORE:
            plain = [*plain, "17"]
        case Count.FEWER:
            plain = plain[:-1]
        case Count.ONE_TUPLE:
            return f"({', '.join(plain)},)"
        case Count.NO_TUPLE:
            return plain[0]
        case Count.RIGHT:
            pass
    if spread or not plain:
        return ", ".join(plain)
    return (
        f"({plain[0]},)" if len(plain) == 1 else f"[{', '.join(plain)}]" if len(plain) % 2 else f"({', '.join(plain)})"
    )


def senders(tree: str) -> Sequence[Sender]:
    """Those of one driver."""
    return [each for each in SENDERS if each.tree == tree]


def trees() -> list[str]:
    """The drivers: each has a tree of its own, as an application has one."""
    return list(dict.fromkeys(each.tree for each in SENDERS))


def _asyncpg() -> Iterator[Sender]:
    methods = ("fetch", "fetchrow", "fetchval", "execute")
    foreign = (Style.FORMAT, Style.QUESTION, Style.COLON)
    ways = {
        "connection": ("conn", ("conn: asyncpg.Connection",), ()),
        "pool": ("pool", ("pool: asyncpg.Pool",), ()),
        "acquired": ("conn", ("pool: asyncpg.Pool",), ("async with pool.acquire() as conn:",)),
        "connect": ("conn", ("dsn",), ("conn = await asyncpg.connect(dsn)",)),
        "transaction": ("db", ("db: asyncpg.Connection",), ("async with db.transaction():",)),
    }
    for way, (receiver, given, opened) in ways.items():
        yield Sender(
            f"asyncpg {way}",
            "asyncpg",
            ("import asyncpg",),
            receiver,
            given,
            Style.DOLLAR,
            methods,
            spread=True,
            awaits=True,
            opened=opened,
            many="executemany",
            foreign=foreign,
        )


def _psycopg() -> Iterator[Sender]:
    foreign = (Style.DOLLAR, Style.QUESTION, Style.COLON)
    plain = ("import psycopg",)
    ways = {
        "connection": ("conn", ("conn: psycopg.Connection",), (), False),
        "async connection": ("aconn", ("aconn: psycopg.AsyncConnection",), (), True),
        "cursor": ("cur", ("conn: psycopg.Connection",), ("with conn.cursor() as cur:",), False),
        "async cursor": ("cur", ("cur: psycopg.AsyncCursor",), (), True),
        "connect": ("conn", ("dsn",), ("with psycopg.connect(dsn) as conn:",), False),
    }
    for way, (receiver, given, opened, awaits) in ways.items():
        for style in (Style.FORMAT, Style.PYFORMAT):
            yield Sender(
                f"psycopg {way}, {style.value}",
                "psycopg",
                plain,
                receiver,
                given,
                style,
                ("execute",),
                awaits=awaits,
                opened=opened,
                many="executemany" if "cursor" in way else "",
                keywords=("query", "params"),
                foreign=foreign,
            )


def _psycopg2() -> Iterator[Sender]:
    ways = {
        "cursor": (("conn",), ("cur = conn.cursor()",)),
        "with": (("dsn",), ("conn = psycopg2.connect(dsn)", "with conn.cursor() as cur:")),
    }
    for way, (given, opened) in ways.items():
        for style in (Style.FORMAT, Style.PYFORMAT):
            yield Sender(
                f"psycopg2 {way}, {style.value}",
                "psycopg2",
                ("import psycopg2",),
                "cur",
                given,
                style,
                ("execute",),
                opened=opened,
                many="executemany",
                foreign=(Style.DOLLAR, Style.QUESTION, Style.COLON),
            )
    for way, given, opened in (
        ("cursor", "cur", ()),
        ("pool", "pool: aiopg.Pool", ("async with pool.acquire() as conn:", "async with conn.cursor() as cur:")),
    ):
        yield Sender(
            f"aiopg {way}",
            "aiopg",
            ("import aiopg",),
            "cur",
            (given,),
            Style.FORMAT,
            ("execute",),
            awaits=True,
            opened=opened,
            foreign=(Style.DOLLAR, Style.QUESTION, Style.COLON),
        )


def _named() -> Iterator[Sender]:
    foreign = (Style.QUESTION, Style.FORMAT)
    for way, given, awaits in (
        ("session", "session: Session", False),
        ("async session", "session: AsyncSession", True),
        ("connection", "session: Connection", False),
    ):
        yield Sender(
            f"sqlalchemy {way}",
            "sqlalchemy",
            (
                "from sqlalchemy import Connection, text",
                "from sqlalchemy.orm import Session",
                "from sqlalchemy.ext.asyncio import AsyncSession",
            ),
            "session",
            (given,),
            Style.COLON,
            ("execute", "scalar", "scalars") if way != "connection" else ("execute", "scalar"),
            awaits=awaits,
            wrapped="text({})",
            foreign=(Style.QUESTION,),
        )
    yield Sender(
        "databases",
        "databases",
        ("from databases import Database",),
        "database",
        ("database: Database",),
        Style.COLON,
        ("execute", "fetch_all", "fetch_one", "fetch_val"),
        awaits=True,
        keywords=("query", "values"),
        foreign=(*foreign, Style.DOLLAR),
    )


def _django() -> Iterator[Sender]:
    for style in (Style.FORMAT, Style.PYFORMAT):
        yield Sender(
            f"django cursor, {style.value}",
            "django",
            ("from django.db import connection",),
            "cursor",
            (),
            style,
            ("execute",),
            opened=("with connection.cursor() as cursor:",),
            many="executemany",
            foreign=(Style.QUESTION, Style.COLON),
        )
    yield Sender(
        "django raw",
        "django",
        ("from .models import Thing",),
        "Thing.objects",
        (),
        Style.FORMAT,
        ("raw",),
        foreign=(Style.QUESTION,),
    )


SENDERS: tuple[Sender, ...] = (*_asyncpg(), *_psycopg(), *_psycopg2(), *_named(), *_django())
