"""CHAR_TYPE: a column of type character(n), which pads with spaces what is shorter and forgets them in comparisons."""

from __future__ import annotations

from ..catalog.snapshot import Column
from ..issue import Severity
from ..judging.registry import Fault, column_rule
from ..relations.naming import words_of

_CHARACTER, _CHARACTERS = 1042, 1014
_HEADER = 4
# Values that always have the full length are never padded: then the type is odd, and does no harm.
_CODES = frozenset({"country", "currency", "language", "lang", "locale", "state", "iso", "code", "gender", "sex"})
_DIGESTS = frozenset({"hash", "md5", "sha", "sha1", "sha256", "sha512", "digest", "checksum", "fingerprint", "hmac"})
_ALWAYS_FULL = {2: _CODES, 3: _CODES, **dict.fromkeys((32, 40, 56, 64, 96, 128), _DIGESTS)}


@column_rule("CHAR_TYPE", Severity.LOW)
def char_type(column: Column) -> Fault | None:
    """Columns of character(n) of two and more characters, unless the name says that all are of that length."""
    if column.type_oid not in (_CHARACTER, _CHARACTERS):
        return None
    length = column.type_modifier - _HEADER  # bpchar without a length pads nothing
    if length <= 1 or not _ALWAYS_FULL.get(length, frozenset[str]()).isdisjoint(words_of(column.name)):
        return None
    better = "text[]" if column.type_oid == _CHARACTERS else "text"
    return Fault(
        f"{column.name} is {column.type_name}: shorter values are filled up with spaces, which comparisons ignore.",
        f"{column.name} is {better}, with a check of the length if that matters.",
        f"pg_attribute says that {column.name} is {column.type_name}.",
    )
