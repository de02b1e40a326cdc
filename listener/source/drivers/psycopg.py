"""psycopg 3 and 2, aiopg and Django, which hands on to them: `%s` and `%(name)s`, values in one sequence or mapping.

psycopg 3 declares the types of what it sends, a str as unknown; psycopg 2 writes literals into the text.
"""

from __future__ import annotations

from .driver import Binding, Driver, Refuses, Sink, Style

_TOGETHER, _MANY = Sink(Binding.TOGETHER), Sink(Binding.MANY)
# The types of what is sent. A small int is a smallint, which goes wherever a larger one does. A datetime is with time
# zone or without, as its value is: nothing can be said of it.
_SENT = {
    "int": "smallint",
    "float": "double precision",
    "bool": "boolean",
    "bytes": "bytea",
    "UUID": "uuid",
    "date": "date",
    "Decimal": "numeric",
}
# Psycopg 2 writes literals, whose types are those of literals in SQL.
_LITERALS = {**_SENT, "int": "integer", "float": "numeric"}
_UNADAPTED = ("dict", "set", "object")


def _refusing(says: str, wrapper: str) -> Refuses:
    """What the driver refuses, and what it wants around it instead."""

    def refuses(python: str, described: str, category: str) -> str | None:
        del category
        return f"{says} adapt a {python}; wrap it in {wrapper} for {described}" if python in _UNADAPTED else None

    return refuses


_REFUSES = _refusing("psycopg cannot", "Jsonb or Json")
_REFUSES2 = _refusing("psycopg2 can't", "Json")
_TEXTS = ("text", "character varying", "character", "name")
_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def _bears(python: str, described: str) -> bool:
    """A str goes as a text of no type, which the server reads as whatever is wanted there."""
    return (python == "str" and described in _TEXTS) or (python == "str(int)" and described in (*_TEXTS, *_NUMBERS))


PSYCOPG = Driver(
    "psycopg",
    ("psycopg", "psycopg_pool"),
    Style.FORMAT,
    {"execute": _TOGETHER, "executemany": _MANY, "stream": _TOGETHER, "copy": _TOGETHER},
    sent=_SENT,
    refuses=_REFUSES,
    bears=_bears,
)
RAW = Driver(
    "psycopg raw",
    tuple(f"psycopg.{prefix}{name}" for prefix in ("", "raw_cursor.") for name in ("RawCursor", "AsyncRawCursor")),
    Style.NUMERIC,
    PSYCOPG.sinks,
    sent=_SENT,
    refuses=_REFUSES,
    bears=_bears,
)
PSYCOPG2 = Driver(
    "psycopg2",
    ("psycopg2",),
    Style.FORMAT,
    {"execute": _TOGETHER, "executemany": _MANY, "mogrify": _TOGETHER, "copy_expert": Sink(Binding.NONE)},
    {
        "execute_values": Sink(Binding.NONE, position=1),
        "execute_batch": Sink(Binding.MANY, position=1),
    },
    sent=_LITERALS,
    refuses=_REFUSES2,
    bears=_bears,
    client_binds=True,
)
AIOPG = Driver(
    "aiopg",
    ("aiopg",),
    Style.FORMAT,
    {"execute": _TOGETHER, "mogrify": _TOGETHER},
    sent=_LITERALS,
    refuses=_REFUSES2,
    bears=_bears,
    client_binds=True,
    over=("psycopg2",),
)
DJANGO = Driver(
    "django",
    ("django.db",),
    Style.FORMAT,
    {
        "execute": _TOGETHER,
        "executemany": _MANY,
        "raw": Sink(Binding.TOGETHER, keywords=("raw_query",)),
    },
    client_binds=True,
    over=("psycopg", "psycopg2"),
)
