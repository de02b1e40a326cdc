"""Which types a value can be brought from and to, and when it arrives whole: the table of proved casts.

Conditions are SQL on `$v`, one value of the source type; none of them fails, whatever the value. Where PostgreSQL
takes more spellings than a condition knows (`0x1F` from 16 on, `today`, `1/2/2003`), the condition is the narrower:
what means another thing on another major, on another day or under another DateStyle has no place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .column_type import ColumnType

_INTEGERS = {"int2": (-(2**15), 2**15 - 1), "int4": (-(2**31), 2**31 - 1), "int8": (-(2**63), 2**63 - 1)}
# Integers up to here are whole in a float; the magnitudes between which no conversion over- or underflows.
_WHOLE_IN_FLOAT = {"float4": 2**24, "float8": 2**53}
_FLOAT_RANGE = {"float4": ("1e-37", "1e37"), "float8": ("1e-300", "1e300")}

# From float8 what is neither 0 nor infinite in float4 has its place there, however small: no text is read.
_FLOAT4_AT_MOST = ("1.4e-45", "3.4028234663852886e38")

_TEXT = '(($v)::pg_catalog.text collate pg_catalog."C")'
_DECIMAL = "(($v)::pg_catalog.text::pg_catalog.numeric)"
_WORDS = "('NaN', 'Infinity', '-Infinity')"
_BLANKS = "[[:space:]]*"
_WHOLE_NUMBER = f"^{_BLANKS}[-+]?[0-9]+{_BLANKS}$"
_NUMBER = f"^{_BLANKS}[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{{1,3}})?{_BLANKS}$"
# Digits and exponents within this never pass the bounds of numeric.
_LONGEST_NUMBER = 15_000
_UUID_DIGITS = f"pg_catalog.translate(pg_catalog.lower({_TEXT}), '123456789abcdef', '000000000000000')"
_UUID_SHAPES = tuple(
    brackets.format(digits)
    for brackets in ("{}", "{{{}}}")
    for digits in ("0" * 32, "-".join("0" * length for length in (8, 4, 4, 4, 12)))
)
_BOOLEAN = f"^{_BLANKS}(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0){_BLANKS}$"
_DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
# Of the years BC, the calendar of PostgreSQL knows 4713.
_NOT_BEFORE_THE_CALENDAR = "(?!(4[7-9]|[5-9]).* BC$)"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONED = "depends on the session's time zone"


class Conditions(NamedTuple):
    """When a value can be cast without an error, and when nothing of it is lost. `caveat` says why it never is."""

    castable: str
    lossless: str
    caveat: str | None = None


Pair = Callable[[ColumnType, ColumnType, int], Conditions | None]


def conditions(source: ColumnType, target: ColumnType, server_version: int) -> Conditions | None:
    """What has to hold of a value; None where no cast between the types is proved on that server."""
    pair = _PAIRS.get((source.family, target.family))
    return pair(source, target, server_version) if pair else None


def always_exact(source: ColumnType, target: ColumnType) -> bool:
    """Whether the types alone prove that every value comes back as it was."""
    padded = "bpchar" in {source.name, target.name}
    match source.family, target.family:
        case "integer", "integer":
            proved = _INTEGERS[source.name][1] <= _INTEGERS[target.name][1]
        case "integer", "numeric":
            digits = len(str(_INTEGERS[source.name][1]))
            proved = target.precision is None or (target.scale == 0 and target.precision >= digits)
        case "numeric", "numeric":
            proved = _holds_numeric(source, target)
        case "float", "float":
            proved = target.name in {source.name, "float8"}
        case "string", "string":
            proved = not padded and _holds_length(source.length, target)
        case "integer", "string":
            proved = not padded and _holds_length(len(str(_INTEGERS[source.name][0])), target)
        case "uuid" | "boolean" as family, "string":
            proved = not padded and _holds_length({"uuid": 36, "boolean": 5}[family], target)
        case "json" | "jsonb", "string":
            proved = not padded and target.length is None
        case _:
            proved = False
    return proved


def needs_rewrite(source: ColumnType, target: ColumnType) -> bool:
    """Whether ALTER TYPE writes the table anew; not where each value keeps its bytes."""
    if source.family == target.family == "string":
        return not always_exact(source, target)
    if source.family == target.family == "numeric":
        return not _holds_numeric(source, target)
    return True


def _holds_length(longest: int | None, target: ColumnType) -> bool:
    return target.length is None or (longest is not None and longest <= target.length)


def _holds_numeric(source: ColumnType, target: ColumnType) -> bool:
    if target.precision is None:
        return True
    if source.precision is None or source.scale != target.scale:
        return False
    return target.precision >= source.precision


def _within(value: str, low: object, high: object) -> str:
    return f"{value} between '{low}' and '{high}'"


def _when(condition: str, then: str) -> str:
    """`then` where the condition holds, asked in this order: AND promises none."""
    return f"case when {condition} then {then} else false end"


def _numeric_fits(value: str, target: ColumnType) -> tuple[str, str]:
    """Castable and lossless for a numeric value on its way into a numeric target."""
    if target.precision is None:
        return "true", "true"
    rounded = f"pg_catalog.round({value}, {target.scale})"
    bound = f"'1e{target.precision - target.scale}'::pg_catalog.numeric"
    return f"({value} = 'NaN' or pg_catalog.abs({rounded}) < {bound})", f"{rounded} = {value}"


def _integer_to_integer(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions(_within("($v)::pg_catalog.int8", *_INTEGERS[target.name]), "true")


def _integer_to_numeric(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions(*_numeric_fits("($v)::pg_catalog.numeric", target))


def _integer_to_float(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    whole = _WHOLE_IN_FLOAT[target.name]
    return Conditions("true", _within("($v)::pg_catalog.int8", -whole, whole))


def _integer_to_boolean(source: ColumnType, _: ColumnType, __: int) -> Conditions | None:
    return Conditions("true", "$v in (0, 1)") if source.name == "int4" else None


def _boolean_to_integer(_: ColumnType, target: ColumnType, __: int) -> Conditions | None:
    return Conditions("true", "true") if target.name == "int4" else None


def _numeric_to_integer(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions(_within("$v", *_INTEGERS[target.name]), "$v = pg_catalog.trunc($v)")


def _numeric_to_numeric(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions(*_numeric_fits("($v)", target))


def _numeric_to_float(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    low, high = _FLOAT_RANGE[target.name]
    castable = f"($v in {_WORDS} or $v = 0 or {_within('pg_catalog.abs($v)', low, high)})"
    return Conditions(castable, f"($v)::{target.sql}::pg_catalog.text::pg_catalog.numeric = $v")


def _float_to_float(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    if target.name == "float8":
        return Conditions("true", "true")
    castable = f"($v in {_WORDS} or $v = 0 or {_within('pg_catalog.abs($v)', *_FLOAT4_AT_MOST)})"
    return Conditions(castable, f"($v)::{target.sql} = $v")


def _float_to_integer(source: ColumnType, target: ColumnType, _: int) -> Conditions:
    whole = _WHOLE_IN_FLOAT[source.name]
    low, high = _INTEGERS[target.name]
    return Conditions(_within("$v", max(low, -whole), min(high, whole)), "$v = pg_catalog.trunc($v::pg_catalog.float8)")


def _float_to_numeric(source: ColumnType, target: ColumnType, _: int) -> Conditions:
    low, high = _FLOAT_RANGE[source.name]
    finite = f"($v = 0 or {_within('pg_catalog.abs($v)', low, high)})"
    castable, _rounded = _numeric_fits("($v)::pg_catalog.numeric", target)
    return Conditions(
        f"($v = 'NaN' or {_when(finite, castable)})", f"($v = 'NaN' or ($v)::{target.sql}::{source.sql} = $v)"
    )


def _to_string(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    fits = f"pg_catalog.char_length({_TEXT}) <= {target.length}" if target.length is not None else "true"
    # What ends in blanks loses them in char(n).
    whole = f"{_TEXT} = pg_catalog.rtrim({_TEXT})" if target.name == "bpchar" else "true"
    return Conditions("true", f"({fits} and {whole})")


def _string_to_integer(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions(_when(_number(_WHOLE_NUMBER), _within(_DECIMAL, *_INTEGERS[target.name])), "true")


def _string_to_numeric(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    castable, lossless = _numeric_fits(_DECIMAL, target)
    return Conditions(_when(f"({_TEXT} in {_WORDS} or {_number(_NUMBER)})", castable), lossless)


def _string_to_float(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    low, high = _FLOAT_RANGE[target.name]
    finite = f"({_DECIMAL} = 0 or {_within(f'pg_catalog.abs({_DECIMAL})', low, high)})"
    return Conditions(
        f"({_TEXT} in {_WORDS} or {_when(_number(_NUMBER), finite)})",
        f"({_TEXT} in {_WORDS} or ($v)::{target.sql}::pg_catalog.text::pg_catalog.numeric = {_DECIMAL})",
    )


def _string_to_uuid(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    """No pattern: over 36 digits that is thirty times slower than a look at the shape."""
    return Conditions(f"{_UUID_DIGITS} in {_UUID_SHAPES}", "true")


def _string_to_boolean(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions(f"pg_catalog.lower({_TEXT}) ~ '{_BOOLEAN}'", "true")


def _string_to_date(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions(
        f"({_TEXT} ~ '^-?infinity$' or {_when(_matches(f'^{_NOT_BEFORE_THE_CALENDAR}{_DAY}( BC)?$'), _DAY_EXISTS)})",
        "true",
    )


def _string_to_timestamp(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    castable = _when(_matches(f"^{_NOT_BEFORE_THE_CALENDAR}{_DAY}[ T]{_TIME}( BC)?$"), _DAY_EXISTS)
    return Conditions(f"({_TEXT} ~ '^-?infinity$' or {castable})", f"($v)::{target.sql} = ($v)::pg_catalog.timestamp")


def _date_to_timestamp(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions("(not pg_catalog.isfinite($v) or $v < '294276-01-01')", "true")


def _timestamp_to_date(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions("true", "$v = ($v)::pg_catalog.date::pg_catalog.timestamp")


def _moment_to_itself(_: ColumnType, target: ColumnType, __: int) -> Conditions:
    return Conditions("true", f"$v = ($v)::{target.sql}")


def _zoned(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions("false", "false", _ZONED)


def _json_to_jsonb(_: ColumnType, __: ColumnType, version: int) -> Conditions:
    """Lossless where no key comes twice: jsonb keeps the last. Before 16 the server cannot tell."""
    if version >= 160000:
        valid = "pg_catalog.pg_input_is_valid(($v)::pg_catalog.text, 'pg_catalog.jsonb')"
        return Conditions(valid, "($v)::pg_catalog.text is json with unique keys")
    plain = f"pg_catalog.strpos({_TEXT}, pg_catalog.chr(92)) = 0 and {_TEXT} !~ '[0-9]{{255}}|[eE][-+]?[0-9]{{4}}'"
    return Conditions(plain, "pg_catalog.record_image_eq(row($v), row(($v)::pg_catalog.jsonb::pg_catalog.json))")


def _jsonb_to_json(_: ColumnType, __: ColumnType, ___: int) -> Conditions:
    return Conditions("true", "true")


def _string_to_json(_: ColumnType, target: ColumnType, version: int) -> Conditions | None:
    """Before 16 nothing short of the cast itself tells whether a text is JSON."""
    if version < 160000:
        return None
    valid = f"pg_catalog.pg_input_is_valid({_TEXT}, 'pg_catalog.{target.name}')"
    return Conditions(valid, "true" if target.name == "json" else f"{_TEXT} is json with unique keys")


def _json_to_string(source: ColumnType, target: ColumnType, version: int) -> Conditions | None:
    return _to_string(source, target, version) if version >= 160000 else None


def _number(pattern: str) -> str:
    return f"pg_catalog.char_length({_TEXT}) <= {_LONGEST_NUMBER} and {_matches(pattern)}"


def _matches(pattern: str) -> str:
    return f"{_TEXT} ~ '{pattern}'"


# Of a text that begins with a day: whether its month has that day. make_date counts years BC below zero.
_DAY_EXISTS = (
    f"pg_catalog.substr({_TEXT}, 9, 2)::pg_catalog.int4 <= pg_catalog.date_part('day', pg_catalog.make_date("
    f"(case when {_TEXT} ~ ' BC$' then -1 else 1 end) * pg_catalog.substr({_TEXT}, 1, 4)::pg_catalog.int4,"
    f" pg_catalog.substr({_TEXT}, 6, 2)::pg_catalog.int4, 1) + '1 mon -1 day'::pg_catalog.interval)"
)

_PAIRS: dict[tuple[str, str], Pair] = {
    ("integer", "integer"): _integer_to_integer,
    ("integer", "numeric"): _integer_to_numeric,
    ("integer", "float"): _integer_to_float,
    ("integer", "boolean"): _integer_to_boolean,
    ("integer", "string"): _to_string,
    ("boolean", "integer"): _boolean_to_integer,
    ("boolean", "string"): _to_string,
    ("numeric", "integer"): _numeric_to_integer,
    ("numeric", "numeric"): _numeric_to_numeric,
    ("numeric", "float"): _numeric_to_float,
    ("numeric", "string"): _to_string,
    ("float", "integer"): _float_to_integer,
    ("float", "numeric"): _float_to_numeric,
    ("float", "float"): _float_to_float,
    ("float", "string"): _to_string,
    ("uuid", "string"): _to_string,
    ("date", "string"): _to_string,
    ("date", "timestamp"): _date_to_timestamp,
    ("date", "timestamptz"): _zoned,
    ("timestamp", "string"): _to_string,
    ("timestamp", "date"): _timestamp_to_date,
    ("timestamp", "timestamp"): _moment_to_itself,
    ("timestamp", "timestamptz"): _zoned,
    ("timestamptz", "string"): _zoned,
    ("timestamptz", "date"): _zoned,
    ("timestamptz", "timestamp"): _zoned,
    ("timestamptz", "timestamptz"): _moment_to_itself,
    ("string", "string"): _to_string,
    ("string", "integer"): _string_to_integer,
    ("string", "numeric"): _string_to_numeric,
    ("string", "float"): _string_to_float,
    ("string", "uuid"): _string_to_uuid,
    ("string", "boolean"): _string_to_boolean,
    ("string", "date"): _string_to_date,
    ("string", "timestamp"): _string_to_timestamp,
    ("string", "timestamptz"): _zoned,
    ("string", "json"): _string_to_json,
    ("string", "jsonb"): _string_to_json,
    ("json", "jsonb"): _json_to_jsonb,
    ("json", "string"): _json_to_string,
    ("jsonb", "json"): _jsonb_to_json,
    ("jsonb", "string"): _json_to_string,
}
