"""asyncpg: `$1`, values as arguments of their own, encoded by the described type (from its codecs, 0.30)."""

from __future__ import annotations

from .driver import Binding, Driver, Sink, Style

_SPREAD = Sink(Binding.SPREAD)
# What has `__int__` is cut to an integer: not refused, and not what was meant either.
_CUT = ("float", "Decimal", "UUID")
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
# By described type; what is not named takes text or is not known.
_TAKES = {
    **dict.fromkeys(_INTEGERS, ("int", "bool", *_CUT)),
    "oid": ("int", "bool", *_CUT),
    "numeric": ("Decimal", "int", "float", "bool", "str"),
    "real": ("float", "int", "bool", "Decimal"),
    "double precision": ("float", "int", "bool", "Decimal"),
    "boolean": ("bool",),
    "text": ("str",),
    "character varying": ("str",),
    "character": ("str",),
    "name": ("str",),
    "json": ("str",),
    "jsonb": ("str",),
    "uuid": ("UUID", "str"),
    "date": ("date", "datetime"),
    "timestamp without time zone": ("datetime", "date"),
    "timestamp with time zone": ("datetime", "date"),
    "time without time zone": ("time", "datetime"),
    "interval": ("timedelta",),
    "bytea": ("bytes",),
}
_SINGLE = frozenset(
    {"str", "int", "float", "bool", "bytes", "dict", "UUID", "datetime", "date", "timedelta", "Decimal"}
)
_BY_CODEC = frozenset({"json", "jsonb"})


def _refuses(python: str, described: str, category: str) -> str | None:
    if described.endswith("[]"):
        if python in _SINGLE:
            return f"asyncpg takes a list for {described} and refuses a {python}"
        return None
    takes = _TAKES.get(described)
    if takes is None or python in takes or python == "None":
        return None
    if described in _BY_CODEC:
        return None  # set_type_codec may teach it any type
    del category
    return f"asyncpg takes {' or '.join(takes[:2])} for {described} and refuses a {python}"


def _bears(python: str, described: str) -> bool:
    """What is encoded by the described type; but a text may be no uuid or number, and codecs may have been set."""
    if described in _BY_CODEC or (python, described) in (("str", "uuid"), ("str", "numeric")):
        return False
    if described in _INTEGERS and python in _CUT:
        return False
    return python in _TAKES.get(described, ())


DRIVER = Driver(
    "asyncpg",
    ("asyncpg",),
    Style.NUMERIC,
    {
        **{name: _SPREAD for name in ("execute", "fetch", "fetchrow", "fetchval", "cursor", "copy_from_query")},
        "executemany": Sink(Binding.MANY),
        "fetchmany": Sink(Binding.MANY),
        "prepare": Sink(Binding.NONE),
    },
    refuses=_refuses,
    bears=_bears,
)
