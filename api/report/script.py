"""Plans as a script that psql can run: names from the database are data in it, never commands.

What psql makes of a script was tried on it: a comment ends at a line feed or a carriage return; outside quotes a
backslash begins a command and `:name`, `:'name'`, `:"name"` are variables; inside quotes and comments nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator

from pglast import parser
from pglast.parser import ParseError

from ...listener.connection import SESSION
from ...listener.fixes.plan import Plan
from .printable import is_hidden, printable

_LAYOUT = frozenset("\n\t")


def comment(text: str) -> Iterator[str]:
    """The text as comment lines: the only way in which text gets into a script."""
    for line in printable(text).split("\n"):
        yield f"-- {line}".rstrip()


def preamble() -> Iterator[str]:
    """What a script begins with: the session in which its statements mean what the plan says."""
    yield "set client_encoding = 'UTF8';"
    yield "set standard_conforming_strings = on;"
    for name, value in SESSION.items():
        yield f"set {name} = {value if name == 'search_path' else _literal(value)};"
    yield ""


def plan_lines(plan: Plan, *, only_read: str | None = None) -> Iterator[str]:
    """The plan's statements, with notes, titles and the inverse as comments.

    `only_read` says why nothing of it should be run: then all of it is comment.
    """
    try:
        steps = [(step, [runnable(statement) for statement in step.statements]) for step in plan.steps]
    except Unwritable as error:
        only_read = str(error)
        steps = [(step, list(step.statements)) for step in plan.steps]
    if only_read is not None:
        yield from comment(f"not to be run: {only_read}")
    for note in plan.notes:
        yield from comment(f"note: {note}")
    for step, statements in steps:
        yield from comment(step.title)
        around = ("begin;", "commit;") if step.transactional else ("", "")
        for statement in filter(None, (around[0], *statements, around[1])):
            if only_read is None:
                yield statement
            else:
                yield from comment(statement)
    if plan.no_inverse:
        yield from comment(f"not to be undone: {plan.no_inverse}")
    if plan.inverse:
        yield from comment("undone by:")
        for step in plan.inverse:
            for statement in step.statements:
                yield from comment(statement)
    if plan.afterwards is not None:
        yield from comment(f"and then: {plan.afterwards.summary}")
        yield from plan_lines(plan.afterwards, only_read=only_read)


class Unwritable(ValueError):
    """A statement of which no script can be made; says why."""


def runnable(statement: str) -> str:
    """The statement as psql sends it to the server and a person can read it; raises Unwritable.

    Hidden characters in names and strings become escapes; a colon that stands alone (an array slice) is kept apart
    from what follows, which would be a variable.
    """
    bare = statement.rstrip().rstrip(";")
    try:
        before = parser.parse_sql(bare)
        written = _rewritten(bare)
        after = parser.parse_sql(written)
    except ParseError as error:
        raise Unwritable(f"PostgreSQL's grammar does not know this statement ({error})") from error
    if before != after or len(before) != 1:
        raise Unwritable("this statement cannot be written as text without changing its meaning")
    return written + ";"


def _rewritten(statement: str) -> str:
    pieces: list[str] = []
    end = 0
    for token in parser.scan(statement):
        pieces.append(_outside(statement[end : token.start]))
        text = statement[token.start : token.end + 1]
        end = token.end + 1
        if token.name == "ASCII_58":
            pieces.append(": ")
        elif not any(map(is_hidden, text)):
            pieces.append(text)
        elif text.startswith('"'):
            pieces.append(_identifier(text[1:-1].replace('""', '"')))
        elif text.startswith("'"):
            pieces.append(_literal(text[1:-1].replace("''", "'")))
        else:
            pieces.append(_outside(text))
    return "".join(pieces) + _outside(statement[end:])


def _outside(text: str) -> str:
    """What stands outside quoted names and strings: laid out at will, and nothing hidden in it."""
    if any(is_hidden(character) and character not in _LAYOUT for character in text):
        raise Unwritable("it has a hidden character where none can be written as an escape")
    return text


def _identifier(name: str) -> str:
    """A quoted name; U&"…" where a reader would not see all of it."""
    escaped = "".join(
        _unicode_escape(character, 6, "\\+", 4, "\\") if is_hidden(character) else character.replace("\\", "\\\\")
        for character in name
    )
    return 'U&"' + escaped.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A string; E'…' where a reader would not see all of it."""
    if not any(map(is_hidden, text)):
        return "'" + text.replace("'", "''") + "'"
    escaped = "".join(
        _unicode_escape(character, 8, "\\U", 4, "\\u") if is_hidden(character) else character.replace("\\", "\\\\")
        for character in text
    )
    return "E'" + escaped.replace("'", "''") + "'"


def _unicode_escape(character: str, long: int, long_mark: str, short: int, short_mark: str) -> str:
    code = ord(character)
    return f"{short_mark}{code:0{short}X}" if code < 1 << 16 else f"{long_mark}{code:0{long}X}"
