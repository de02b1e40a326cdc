"""JSON_NOT_JSONB: a column of type json, which is kept as text and parsed anew by whoever looks into it."""

from __future__ import annotations

from ..catalog.snapshot import Column
from ..issue import Severity
from ..judging.registry import Fault, column_rule
from ..relations.naming import words_of

_BETTER = {114: "jsonb", 199: "jsonb[]"}
# What is kept to the letter, to be signed or sent on as it came: jsonb would change it.
_KEPT_AS_IT_CAME = frozenset({"raw", "verbatim", "original", "signed"})


@column_rule("JSON_NOT_JSONB", Severity.LOW)
def json_not_jsonb(column: Column) -> Fault | None:
    """Columns of json, or of arrays of it, unless the name says that the text itself matters."""
    better = _BETTER.get(column.type_oid)
    if better is None or not _KEPT_AS_IT_CAME.isdisjoint(words_of(column.name)):
        return None
    return Fault(
        f"{column.name} is {column.type_name}: no equality, no GIN index, and every access parses the text again.",
        f"{column.name} is {better}, unless spaces, order of keys or doubled keys matter.",
        f"pg_attribute says that {column.name} is {column.type_name}.",
    )
