"""A migration as plain SQL for any client, or else for psql alone; what is done already it passes over.

What fits in no transaction fits in no DO block. Where IF EXISTS does not say all of its condition either, psql has to
look: it asks the server (gset) and runs the statements or not (if). Such a script stops any other client at its first
line, before anything is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pglast
from pglast import ast
from pglast.stream import RawStream

from ..report.script import comment, preamble, runnable
from .deed import Deed, Migration


def plain_sql(migration: Migration) -> str:
    """The way there as a script, the way back as a comment below it."""
    lines = [*_first_lines(migration.there), *comment(f"pgmend: {migration.summary}")]
    lines += [*comment(f"fix {migration.fix_id}"), *preamble()]
    for deed in migration.there:
        lines += _written(deed)
    lines += comment("The way back:" if not any(map(_is_for_psql, migration.back)) else "The way back, for psql alone:")
    if migration.why_no_way_back:
        lines += comment(f"none: {migration.why_no_way_back}")
    for deed in migration.back:
        for line in _written(deed):
            lines += comment(line)
    return "\n".join(lines) + "\n"


def _written(deed: Deed) -> Iterator[str]:
    yield from comment(deed.title)
    if _is_for_psql(deed):
        yield from _looked_up(deed)
        return
    if deed.alone:
        for statement in deed.statements:
            yield runnable(_unless_done(statement))
        yield from _assured(deed)
        return
    yield f"do {(tag := _tag(deed))}"
    yield "begin"
    yield f"  if {deed.unless_done} then"
    for statement in deed.statements:
        yield f"    {_in_a_block(runnable(statement))}"
    yield "  end if;"
    yield "end"
    yield f"{tag};"


def _is_for_psql(deed: Deed) -> bool:
    """Whether no client can do it that knows nothing but SQL."""
    return deed.alone and not deed.plain


def _first_lines(deeds: Sequence[Deed]) -> Iterator[str]:
    if any(map(_is_for_psql, deeds)):
        yield "\\set ON_ERROR_STOP on"
        yield from comment("For psql alone (`psql -f`, without --single-transaction): it looks what is to be done.")


def _looked_up(deed: Deed) -> Iterator[str]:
    """psql keeps the answer, t or f, in a variable, and skips all up to `endif` where it is f."""
    question = runnable(f"select {deed.unless_done} as pgmend_is_to_be_done")
    yield f"{question.removesuffix(';')} \\gset"
    yield "\\if :pgmend_is_to_be_done"
    yield from comment("What stops in between leaves an invalid index of that name: drop it, and run this again.")
    for statement in deed.statements:
        yield runnable(statement)
    yield "\\endif"


def _in_a_block(statement: str) -> str:
    """A SELECT whose rows nobody wants is a PERFORM there."""
    (parsed,) = pglast.parse_sql(statement)
    return f"perform{statement[len('select') :]}" if isinstance(parsed.stmt, ast.SelectStmt) else statement


def _unless_done(statement: str) -> str:
    """IF NOT EXISTS or IF EXISTS: what no transaction can hold stands in no DO block either."""
    (parsed,) = pglast.parse_sql(statement)
    node: Any = parsed.stmt
    if isinstance(node, ast.IndexStmt):
        node.if_not_exists = True
    elif isinstance(node, ast.DropStmt):
        node.missing_ok = True
    return RawStream()(node)


def _assured(deed: Deed) -> Iterator[str]:
    """IF NOT EXISTS is content with an invalid index that an earlier attempt left."""
    message = f"not done: {deed.title}; drop an index that was left invalid, and run this again"
    text = message.replace("'", "''").replace("%", "%%")
    yield f"do {(tag := _tag(deed))}"
    yield "begin"
    yield f"  if {deed.unless_done} then"
    yield f"    raise exception '{text}';"
    yield "  end if;"
    yield "end"
    yield f"{tag};"


def _tag(deed: Deed) -> str:
    """A dollar quote that nothing inside ends."""
    inside = "\n".join((deed.title, deed.unless_done, *deed.statements))
    number = 0
    while (tag := f"$pgmend{number or ''}$") in inside:
        number += 1
    return tag
