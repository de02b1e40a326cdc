"""A text as the server can be asked about it: placeholders as `$n`, something in the place of each hole, and the way
back from a character there to the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from .clauses import Clauses, Opening
from .drivers import drivers
from .drivers.driver import Style
from .extracted import CodeStatement, Site
from .place import after
from .sqltext import Hole, HoleKind, Text, Written

HOLE_NAME: Final = "pgmend_hole"
"""Begins the names that stand where code puts a name in."""
_MARK: Final = 0xE000
_MARKS: Final = f"[{chr(_MARK)}-{chr(_MARK + 0x18FF)}]"
_PRIVATE: Final = re.compile(_MARKS)
_TOKEN: Final = re.compile(
    rf"""(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<dollar>\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$)
    |(?P<comment>--[^\n]*|/\*.*?\*/)
    |(?P<mark>{_MARKS})
    |(?P<pyformat>%\((?P<key>[^()%\s]+)\)[sbt])
    |(?P<format>%[sbt](?!\w))
    |(?P<percent>%%)
    |(?P<numeric>\$(?P<number>\d+))
    |(?P<cast>::)
    |(?P<named>(?<![\w\[\]:'"]):(?P<name>[A-Za-z_]\w*))
    |(?P<question>(?<![\w?@|&-])\?(?![?|&\w'"$%]|\s*['"$%:(]|\s+\w*[a-z_]\w*\s*(?:::|=)))
    |(?P<word>[A-Za-z_][\w$]*|\d[\w.]*)
    |(?P<other>[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
_WITHIN: Final = re.compile(r"(?P<percent>%%)|%(?:\([^()%\s]+\))?s")
_STYLES: Final = {
    "pyformat": Style.FORMAT,
    "format": Style.FORMAT,
    "numeric": Style.NUMERIC,
    "named": Style.NAMED,
    "question": Style.QUESTION,
}


class Mark(NamedTuple):
    """A placeholder: its `$n`, the key where it has one."""

    number: int
    key: str | None


class _Copied(NamedTuple):
    """Where characters of the raw text went."""

    start: int
    raw: int
    length: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """`sql` is for the server. `marks` are the placeholders in order, `found` how they are written, `filled` are holes
    with what stands for them; where none is more than a value, the statement is `whole`. `quoted` counts the
    placeholders within literals, where a driver that binds puts values in; `opened` is what holes may add to."""

    sql: str
    marks: tuple[Mark, ...]
    found: frozenset[Style]
    style: Style | None
    filled: tuple[Hole, ...]
    whole: bool
    quoted: int
    opened: frozenset[Opening]
    _copied: tuple[_Copied, ...]
    _origins: tuple[tuple[int, Written], ...]
    _default: Site

    def site(self, position: int) -> Site:
        """Where the character at that offset of `sql` stands in its file; the statement's beginning where that is not
        known."""
        place = bisect_right(self._copied, position, key=lambda each: each.start) - 1
        if place < 0:
            return self._default
        copied = self._copied[place]
        raw = copied.raw + min(position - copied.start, copied.length)
        origin = bisect_right(self._origins, raw, key=lambda each: each[0]) - 1
        if origin < 0:
            return self._default
        start, piece = self._origins[origin]
        if not piece.exact and not piece.line:
            return self._default
        return Site(piece.file or self._default.file, *after(piece, raw - start))

    def is_assumed(self, position: int, length: int) -> bool:
        """Whether some of those characters are a default that may be replaced."""
        for copied in self._copied:
            first, last = max(position, copied.start), min(position + length, copied.start + copied.length)
            for raw in range(copied.raw + first - copied.start, copied.raw + last - copied.start):
                origin = bisect_right(self._origins, raw, key=lambda each: each[0]) - 1
                if origin >= 0 and self._origins[origin][1].assumed:
                    return True
        return False

    def written(self, position: int, length: int) -> tuple[Written, int] | None:
        """The piece that those characters are of, and where in its text they begin; None where they are of no one
        piece as it stands in the file."""
        place = bisect_right(self._copied, position, key=lambda each: each.start) - 1
        if place < 0:
            return None
        copied = self._copied[place]
        if position + length > copied.start + copied.length:
            return None
        raw = copied.raw + position - copied.start
        origin = bisect_right(self._origins, raw, key=lambda each: each[0]) - 1
        if origin < 0:
            return None
        start, piece = self._origins[origin]
        return (piece, raw - start) if raw - start + length <= len(piece.text) else None

    @property
    def parameters(self) -> int:
        """How many values the server wants."""
        return max((each.number for each in self.marks), default=0)


def prepared(statement: CodeStatement) -> Prepared:
    """The statement for the server."""
    raw, origins, holes = _raw(statement.text)
    tokens = list(_TOKEN.finditer(raw))
    found = frozenset(_STYLES[each.lastgroup or ""] for each in _marks(tokens))
    style = _style(statement, found)
    return _Writer(raw, tokens, holes, style, statement).written(origins, found)


def _raw(text: Text) -> tuple[str, tuple[tuple[int, Written], ...], list[Hole]]:
    parts: list[str] = []
    origins: list[tuple[int, Written]] = []
    holes: list[Hole] = []
    length = 0
    for piece in text:
        if isinstance(piece, Written):
            origins.append((length, piece))
            parts.append(_PRIVATE.sub("\ufffd", piece.text))
        else:
            parts.append(chr(_MARK + len(holes) % 0x1900))
            holes.append(
                piece
                if isinstance(piece, Hole)
                else Hole(getattr(piece, "kind", HoleKind.UNKNOWN), piece.name, piece.line, piece.column)
            )
        length += len(parts[-1])
    return "".join(parts), tuple(origins), holes


def _marks(tokens: Sequence[re.Match[str]]) -> Iterator[re.Match[str]]:
    return (each for each in tokens if _kind(each) in _STYLES)


def _kind(token: re.Match[str]) -> str:
    """The outermost group of the pattern that matched."""
    return next(name for name in _KINDS if token[name] is not None)


_KINDS: Final = (
    *("string", "quoted", "dollar", "comment", "mark", "pyformat", "format", "percent", "numeric", "cast", "named"),
    *("question", "word", "other"),
)


def _style(statement: CodeStatement, found: frozenset[Style]) -> Style | None:
    """How the placeholders are read: as the driver does, or where that has none of its own, as they are written."""
    known = None if statement.rewrites else statement.style
    if known is not None and (known in found or not found):
        return known
    for each in (Style.FORMAT, Style.NUMERIC, Style.NAMED, Style.QUESTION):
        if each in found:
            return each
    return known


class _Writer:
    """Writes the server's text."""

    def __init__(
        self,
        raw: str,
        tokens: Sequence[re.Match[str]],
        holes: Sequence[Hole],
        style: Style | None,
        statement: CodeStatement,
    ) -> None:
        self._raw, self._tokens, self._holes = raw, tokens, holes
        self._style, self._statement = style, statement
        self._parts: list[str] = []
        self._length = 0
        self._copied: list[_Copied] = []
        self._marks: list[Mark] = []
        self._keys: dict[str, int] = {}
        self._whole = True
        driver = drivers().get(statement.driver or "")
        self._bound = driver is None or driver.client_binds
        self._quoted = 0
        self._clauses = Clauses()
        # psycopg leaves `%` alone where it is given no values, and none is meant to be.
        meant = statement.arguments != () or any(_STYLES.get(_kind(each)) is Style.FORMAT for each in tokens)
        self._percents = style is Style.FORMAT and meant

    def written(self, origins: tuple[tuple[int, Written], ...], found: frozenset[Style]) -> Prepared:
        done = 0
        for number, token in enumerate(self._tokens):
            replacement = self._replacement(number, token)
            self._clauses.follow(token[0], self._length + token.start() - done)
            if replacement is None:
                continue
            self._copy(done, token.start())
            self._put(replacement)
            done = token.end()
        self._copy(done, len(self._raw))
        return Prepared(
            "".join(self._parts),
            tuple(self._marks),
            found,
            self._style,
            tuple(self._holes),
            self._whole,
            self._quoted,
            self._clauses.openings(),
            tuple(self._copied),
            origins,
            self._statement.site,
        )

    def _copy(self, start: int, end: int) -> None:
        if end > start:
            self._copied.append(_Copied(self._length, start, end - start))
            self._put(self._raw[start:end])

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _replacement(self, number: int, token: re.Match[str]) -> str | None:
        """What is written for the token; None for itself."""
        kind = _kind(token)
        if kind == "mark":
            return self._filling(number, token)
        if kind in ("string", "quoted", "comment", "dollar"):
            return self._within(token[0], kind)
        if kind == "percent":
            return "%" if self._percents else None
        style = _STYLES.get(kind)
        if style is None or style is not self._style:
            return None
        key = token["key"] or token["name"]
        if kind == "numeric":
            self._marks.append(Mark(int(token["number"]), None))
            return None
        place = len(self._marks) + 1 if key is None else self._keys.setdefault(key, len(self._keys) + 1)
        self._marks.append(Mark(place, key))
        # Who writes values into the text writes a list, or NULL, there.
        filling = _BOUND_AFTER.get(self._before(number)[0], "${}") if self._bound else "${}"
        return filling.format(place)

    def _within(self, text: str, kind: str) -> str | None:
        changed = text
        if self._bound and self._statement.arguments != () and self._style in (Style.FORMAT, None):
            changed, found = _WITHIN.subn(lambda each: each[0] if each["percent"] else "0", text)
            self._quoted += found - text.count("%%")
        if self._percents:
            changed = changed.replace("%%", "%")
        if kind != "comment" and re.search(_MARKS, changed):
            self._whole = self._whole and (kind == "string" or self._tokens[0][0].upper() in _CHANNELS)
            changed = re.sub(_MARKS, HOLE_NAME if kind == "quoted" else "0", changed)
        elif kind == "comment":
            changed = re.sub(_MARKS, "", changed)
        return changed if changed != text else None

    def _filling(self, number: int, token: re.Match[str]) -> str:
        hole = self._holes[ord(token[0]) - _MARK]
        before = self._raw[token.start() - 1] if token.start() else " "
        behind = self._raw[token.end()] if token.end() < len(self._raw) else " "
        name = f"{HOLE_NAME}_{ord(token[0]) - _MARK}"
        if hole.kind is not HoleKind.VALUE:
            self._clauses.hole()
        word, earlier = self._before(number)
        named = hole.kind is HoleKind.IDENTIFIER or before == "." or behind == "." or _wordy(before) or _wordy(behind)
        if named or word in _CHANNELS:
            # A channel is no object that may lack.
            self._whole = self._whole and word in _CHANNELS
            return name
        filling = _FILLINGS.get(word)
        if filling is None and word == "(":
            inserted = earlier == "NAME"
            filling = name if inserted else "null"
            # One value as far as one can see; the server says whether it takes more.
            of_values = self._before(number - 1)[0] == "VALUES"
            self._whole = self._whole and (of_values or (hole.kind is HoleKind.VALUE and not inserted))
            return filling
        if hole.kind is HoleKind.VALUE:
            return "(null)" if word == "IN" else "'0'" if word == "INTERVAL" else "null"
        if word in _VALUES_AFTER:
            return "null" if word != "," else self._listed(name)
        self._whole = False
        if filling is not None:
            return filling.format(name)
        return ""

    def _listed(self, name: str) -> str:
        del name
        self._whole = False
        return "null"

    def _before(self, number: int) -> tuple[str, str]:
        """The word or sign before the token, and for a parenthesis whether a list of columns begins with it."""
        signs = [each for each in self._tokens[max(0, number - 4) : number] if _kind(each) != "comment"]
        if not signs:
            return "", ""
        word = signs[-1][0].upper()
        if word != "(" or len(signs) < 3:
            return word, ""
        return word, "NAME" if signs[-3][0].upper() in ("INTO", ".") and _kind(signs[-2]) in (
            "word",
            "quoted",
            "mark",
        ) else ""


def _wordy(character: str) -> bool:
    return character.isalnum() or character in '_"' or _MARK <= ord(character) < _MARK + 0x1900


_BOUND_AFTER: Final = {"IN": "(${})", "IS": "not distinct from ${}"}
_CHANNELS: Final = frozenset({"LISTEN", "UNLISTEN", "NOTIFY"})
_FILLINGS: Final = {
    **{word: "{}" for word in ("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ONLY", "TRUNCATE", "VIEW", "EXISTS")},
    **{word: "true" for word in ("WHERE", "AND", "OR", "ON", "HAVING", "NOT", "WHEN")},
    **{word: "null" for word in ("SELECT", "DISTINCT", "RETURNING", "ALL", ",")},
    "BY": "null::text",
    "IN": "(null)",
    "VALUES": "(null)",
    "SET": "{} = null",
    "::": "text",
    "AS": "{}",
    "CHANNEL": "{}",
    "SCHEMA": "{}",
    "INDEX": "{}",
    "SAVEPOINT": "{}",
}
_VALUES_AFTER: Final = frozenset(
    {"=", "<", ">", "+", "-", "*", "/", "LIMIT", "OFFSET", "LIKE", "ILIKE", "BETWEEN", "THEN", "ELSE", "~"}
)
