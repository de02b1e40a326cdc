"""Values as plans, proofs and reasons show them: of a long one (a token, a text) only its beginning is kept around."""

from __future__ import annotations

from ..relations.probe import LONGEST_WHOLE

_BEGINNING = 8


def shown(text: str) -> str:
    """The text, or how it begins."""
    return text if len(text) <= LONGEST_WHOLE else text[:_BEGINNING] + "…"


def shown_in_sql(value: str) -> str:
    """The same of an SQL expression of any type, as SQL of type text; NULL stays NULL."""
    text = f"({value})::pg_catalog.text"
    return (
        f"case when pg_catalog.length({text}) > {LONGEST_WHOLE}"
        f" then pg_catalog.left({text}, {_BEGINNING}) || '…' else {text} end"
    )
