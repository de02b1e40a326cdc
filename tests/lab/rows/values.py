"""A value of any type as PostgreSQL reads it, drawn from a seeded generator."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from random import Random

from .shape import Type

# What a type that nobody knows (an extension's, a new one) may take: the server decides.
_GUESSES = ("a", "1", "{}", "(1,2)", "a=>1", "", "1.2.3", "2001-01-01", "a.b")
# Letters with a meaning for somebody on the way: quotes, backslash, per cent, a space at the end, non-ASCII.
_LETTERS = string.ascii_letters + string.digits + "äß漢'\"\\% _-"
_MODIFIER_HEADER = 4


class Values:
    """Draws values. The same seed and the same questions give the same answers."""

    def __init__(self, random: Random, types: Mapping[int, Type]) -> None:
        self._random = random
        self._types = types

    def of(self, type_oid: int, modifier: int = -1) -> str:
        """A value's text; what constraints say of it is nobody's business here."""
        found = self._types[type_oid]
        modifier = modifier if modifier >= 0 else found.modifier
        if found.kind == "e":
            return self._random.choice(found.labels)
        if found.kind == "c":
            return f"({',' * (found.parts - 1)})"
        if found.category == "A" and found.within and found.name not in _DRAWN:
            return self._array(found.within, modifier)
        if found.kind == "r":
            return self._range(found.within)
        if found.kind == "m":
            return f"{{{self.of(found.within)}}}"
        drawn = _DRAWN.get(found.name)
        return drawn(self._random, modifier) if drawn else self._random.choice(_GUESSES)

    def _array(self, element: int, modifier: int) -> str:
        values = [self.of(element, modifier) for _ in range(self._random.randint(0, 3))]
        escaped = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
        return "{" + ",".join(f'"{value}"' for value in escaped) + "}"

    def _range(self, bound: int) -> str:
        """Bounds in an order that may be the wrong one: then the server says so, and another is drawn."""
        lower, upper = (self.of(bound).replace("\\", "\\\\").replace('"', '\\"') for _ in range(2))
        return f'["{lower}","{upper}")'


def _text(random: Random, modifier: int) -> str:
    longest = min(modifier - _MODIFIER_HEADER, 24) if modifier >= _MODIFIER_HEADER else 24
    return "".join(random.choice(_LETTERS) for _ in range(random.randint(1, max(longest, 1))))


def _numeric(random: Random, modifier: int) -> str:
    if modifier < _MODIFIER_HEADER:
        return random.choice(("0", "1.50", "-7", str(random.randint(1, 10**9)), "123456789.000100"))
    precision, scale = (modifier - _MODIFIER_HEADER) >> 16, (modifier - _MODIFIER_HEADER) & 0x7FF
    digits = random.randint(0, 10 ** min(precision, 15) - 1)
    return f"{digits}e-{scale}"


def _bits(random: Random, modifier: int) -> str:
    return "".join(random.choice("01") for _ in range(modifier if modifier > 0 else random.randint(1, 8)))


def _moment(random: Random) -> str:
    return (
        f"{random.randint(1999, 2037)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
        f" {random.randint(0, 23):02}:{random.randint(0, 59):02}:"
        f"{random.randint(0, 59):02}.{random.randint(0, 999999):06}"
    )


def _points(random: Random, count: int) -> str:
    return ",".join(f"({random.randint(0, 99)},{random.randint(0, 99)})" for _ in range(count))


def _json(random: Random) -> str:
    # As text, json keeps the spaces, the order and the double key; jsonb keeps none of them.
    return random.choice(('{"b": 1,  "a": [null, 1.50], "b": 2}', "{}", "[]", f'{{"n": {random.randint(0, 10**6)}}}'))


def _hexadecimal(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


Draw = Callable[[Random, int], str]
_DRAWN: Mapping[str, Draw] = {
    "bool": lambda random, _: random.choice(("true", "false")),
    "int2": lambda random, _: str(random.choice((0, 1, random.randint(-99, 32767)))),
    "int4": lambda random, _: str(random.choice((0, 1, random.randint(-99, 2**31 - 1)))),
    "int8": lambda random, _: str(random.choice((0, 1, random.randint(-99, 2**31 - 1)))),
    "oid": lambda random, _: str(random.randint(1, 2**31)),
    "xid": lambda random, _: str(random.randint(1, 2**31)),
    "cid": lambda random, _: str(random.randint(1, 2**31)),
    "xid8": lambda random, _: str(random.randint(1, 2**60)),
    "tid": lambda random, _: f"({random.randint(0, 99)},{random.randint(1, 99)})",
    "float4": lambda random, _: repr(random.choice((0.0, -0.0, 2.5, random.uniform(-1e6, 1e6)))),
    "float8": lambda random, _: repr(random.choice((0.0, -0.0, 0.1, random.uniform(-1e9, 1e9)))),
    "numeric": _numeric,
    "money": lambda random, _: f"{random.randint(0, 10**6) / 100:.2f}",
    "text": _text,
    "varchar": _text,
    "bpchar": _text,
    "citext": _text,
    "name": _text,
    "char": lambda random, _: random.choice(string.ascii_letters),
    "bytea": lambda random, _: "\\x" + _hexadecimal(random, 2 * random.randint(1, 8)),
    "bit": _bits,
    "varbit": lambda random, modifier: _bits(random, random.randint(1, modifier) if modifier > 0 else -1),
    "date": lambda random, _: _moment(random)[:10],
    "time": lambda random, _: _moment(random)[11:],
    "timetz": lambda random, _: _moment(random)[11:] + "+02",
    "timestamp": lambda random, _: _moment(random),
    "timestamptz": lambda random, _: _moment(random) + "+00",
    "interval": lambda random, _: (
        f"{random.randint(0, 20)} mons {random.randint(0, 40)} days {random.randint(0, 90)} min"
    ),
    "uuid": lambda random, _: _hexadecimal(random, 32),
    "json": lambda random, _: _json(random),
    "jsonb": lambda random, _: _json(random),
    "jsonpath": lambda random, _: f"$.a{random.randint(0, 99)}",
    "xml": lambda random, _: f"<a>{random.randint(0, 99)}</a>",
    "inet": lambda random, _: f"192.0.2.{random.randint(0, 255)}",
    "cidr": lambda random, _: f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.0/24",
    "macaddr": lambda random, _: _hexadecimal(random, 12),
    "macaddr8": lambda random, _: _hexadecimal(random, 16),
    "tsvector": lambda random, _: f"'word{random.randint(0, 999)}':1 'other':2",
    "tsquery": lambda random, _: f"'word{random.randint(0, 999)}' & 'other'",
    "pg_lsn": lambda random, _: f"0/{_hexadecimal(random, 8)}",
    "txid_snapshot": lambda random, _: f"{(n := random.randint(1, 99))}:{n + 9}:{n}",
    "pg_snapshot": lambda random, _: f"{(n := random.randint(1, 99))}:{n + 9}:{n}",
    "point": lambda random, _: _points(random, 1),
    "lseg": lambda random, _: f"[{_points(random, 2)}]",
    "box": lambda random, _: _points(random, 2),
    "path": lambda random, _: f"[{_points(random, 3)}]",
    "polygon": lambda random, _: f"({_points(random, 3)})",
    "line": lambda random, _: f"{{{random.randint(1, 9)},{random.randint(1, 9)},0}}",
    "circle": lambda random, _: f"<({random.randint(0, 9)},{random.randint(0, 9)}),{random.randint(1, 9)}>",
    "regclass": lambda random, _: random.choice(("pg_catalog.pg_class", "pg_catalog.pg_type")),
    "regtype": lambda random, _: random.choice(("integer", "text")),
    "regproc": lambda random, _: random.choice(("pg_catalog.now", "pg_catalog.pi")),
    "regprocedure": lambda random, _: random.choice(("pg_catalog.now()", "pg_catalog.pi()")),
    "regoper": lambda random, _: "pg_catalog.||/",
    "regoperator": lambda random, _: "pg_catalog.+(integer,integer)",
    "regconfig": lambda random, _: "pg_catalog.simple",
    "regdictionary": lambda random, _: "pg_catalog.simple",
    "regnamespace": lambda random, _: "pg_catalog",
    "regrole": lambda random, _: "pg_monitor",
    "regcollation": lambda random, _: 'pg_catalog."C"',
    "int2vector": lambda random, _: f"{random.randint(0, 9)} {random.randint(0, 9)}",
    "oidvector": lambda random, _: f"{random.randint(0, 9)} {random.randint(0, 9)}",
}
