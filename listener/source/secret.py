"""Statements that may hold a password: what is shown of them, and what of them a server may see (its log keeps it)."""

from __future__ import annotations

import re
from typing import Final

from ..journal import HIDDEN
from ..literals import LITERAL

_NAMED: Final = re.compile(r"(?i)passw|secret|credential|token")
_IN_URI: Final = re.compile(r"://[^/@\s]*:[^@\s]*@")
_QUERY: Final = re.compile(r"[\s(]*+(?:select|insert|update|delete|merge|with|values)\b", re.IGNORECASE)
_COMMANDS: Final = re.compile(r"(?i)\buser\s+mapping\b|\bsubscription\b|\bserver\b")


def withheld(sql: str) -> bool:
    """Whether no server should be asked about it: it is no query, and may have a password in a literal."""
    bare = _bare(sql)
    return (_names_secret(sql) or _COMMANDS.search(sql) is not None) and not _is_query(bare) and _has_literal(sql)


def masked(sql: str) -> str:
    """The statement with other literals of the same length, where it may hold a password; else as it is."""
    return LITERAL.sub(_other, sql) if _may_hold_secret(sql) else sql


def hidden(sql: str) -> str:
    """The statement without its literals, where it may hold a password; for people."""
    if _may_hold_secret(sql):
        return LITERAL.sub(lambda match: match[0] if match[0][0] == '"' else f"'{HIDDEN}'", sql)
    return sql


def cut(code: str) -> str:
    """An expression up to where it names a password."""
    match = _NAMED.search(code)
    return (
        code if match is None or not set("'\"").intersection(code[match.end() :]) else f"{code[: match.end()]}{HIDDEN}"
    )


def _may_hold_secret(sql: str) -> bool:
    """Whether a secret is named anywhere, within literals, too, or a command that takes one stands in it, be it behind
    a query."""
    if not _has_literal(sql):
        return False
    if _names_secret(sql):
        return True
    bare = _bare(sql)
    return _COMMANDS.search(sql) is not None and (not _is_query(bare) or ";" in bare)


def _names_secret(sql: str) -> bool:
    return _NAMED.search(sql) is not None or _IN_URI.search(sql) is not None


def _is_query(bare: str) -> bool:
    return _QUERY.match(bare) is not None


def _bare(sql: str) -> str:
    """The text without literals and comments."""
    return LITERAL.sub(lambda match: match[0] if match[0][0] == '"' else " ", sql)


def _has_literal(sql: str) -> bool:
    return any(match[0][0] != '"' for match in LITERAL.finditer(sql))


def _other(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] == '"':
        return text
    return re.sub(r"[^'$*\s/-]", "x", text) if text[0] in "-/" else _inner(text)


def _inner(text: str) -> str:
    """The literal with `x` for all between its quotes."""
    start = text.index("'") + 1 if text[0] in "eE'" else text.index("$", 1) + 1
    end = len(text) - 1 if text[0] in "eE'" else len(text) - start
    if text[0] == "$" or end < start:
        return text[:start] + "x" * max(0, end - start) + text[max(start, end) :]
    return text[:start] + "x" * (end - start) + text[end:]
