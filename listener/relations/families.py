"""Which built-in types a foreign key can tie together, and which a value can be rewritten from and to.

Of other types (domains, enums, what extensions bring) nothing is known here but that a type fits itself. The facts are
those of ATAddForeignKeyConstraint (an equality operator in the key's btree family, else an implicit cast to the key's
type); a test makes every pair on a real server.
"""

from __future__ import annotations

from enum import Enum, auto

from ..catalog.snapshot import Oid

INTEGERS = frozenset({20, 21, 23})
NUMERIC = 1700
TEXTS = frozenset({25, 1043})
BLANK_PADDED = 1042
NAME = 19
UUID = 2950
FIRST_OWN_OID = 16384

_FAMILIES: dict[Oid, str] = {
    16: "boolean",
    17: "bytea",
    18: '"char"',
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(TEXTS, "text"),
    NAME: "name",
    26: "oid",
    700: "float",
    701: "float",
    774: "macaddr",
    790: "money",
    829: "macaddr",
    650: "inet",
    869: "inet",
    BLANK_PADDED: "character",
    1082: "moment",
    1083: "time",
    1114: "moment",
    1184: "moment",
    1186: "interval",
    1266: "timetz",
    1560: "bit",
    1562: "bit",
    NUMERIC: "numeric",
    UUID: "uuid",
    3220: "pg_lsn",
    3802: "jsonb",
    5069: "xid8",
}
# From the referring family to the key's: what an implicit cast bridges.
_BRIDGES = frozenset(
    {
        ("integer", "numeric"),
        ("integer", "float"),
        ("integer", "oid"),
        ("numeric", "float"),
        ("text", "character"),
        ("text", "name"),
        ("character", "text"),
        ("character", "name"),
        ("name", "text"),
        ("time", "interval"),
        ("time", "timetz"),
    }
)
# Either way round: what people confuse, and a cast can mend.
_CONVERTIBLE = frozenset(
    frozenset(pair)
    for pair in (
        ("integer", "text"),
        ("integer", "character"),
        ("integer", "numeric"),
        ("numeric", "text"),
        ("uuid", "text"),
        ("uuid", "character"),
    )
)


# What measure.py can compare by built-in operators, guarding the cast.
_COUNTABLE = frozenset({"integer", "text", "character", "numeric", "uuid"})


class Fit(Enum):
    """How a referring column's type stands to the key's."""

    SAME = auto()
    FITS = auto()
    """Another type, and a foreign key can be made."""
    MISMATCH = auto()
    """No foreign key can be made, though a cast could bring one type to the other."""
    STRANGE = auto()
    """Nobody can mean this key by that column, or nothing is known of one of the types."""


def family(type_oid: Oid) -> str | None:
    """The family of a built-in type; None where nothing is known."""
    return _FAMILIES.get(type_oid)


def fit(referring: Oid, key: Oid) -> Fit:
    """How a column of type `referring` stands to a key column of type `key`."""
    if referring == key:
        return Fit.SAME
    ours, theirs = _FAMILIES.get(referring), _FAMILIES.get(key)
    if ours is None or theirs is None:
        return Fit.STRANGE
    if ours == theirs:
        return Fit.SAME
    if (ours, theirs) in _BRIDGES:
        return Fit.FITS
    return Fit.MISMATCH if frozenset((ours, theirs)) in _CONVERTIBLE else Fit.STRANGE


def countable(referring: Oid, key: Oid) -> bool:
    """Whether values of the one type can be looked up among those of the other without running anybody's code."""
    ours, theirs = _FAMILIES.get(referring), _FAMILIES.get(key)
    if ours is None or theirs is None:
        return False
    if referring == key:
        return True
    return {ours, theirs} <= _COUNTABLE and fit(referring, key) is not Fit.STRANGE
