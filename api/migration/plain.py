"""A migration as plain SQL for any client; what is done already it passes over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pglast
from pglast import ast
from pglast.stream import RawStream

from ...listener.errors import InvalidRequest
from ..report.script import comment, preamble, runnable
from .deed import Deed, Migration


def plain_sql(migration: Migration) -> str:
    """The way there as a script, the way back as a comment below it."""
    lines = [*comment(f"pgmend: {migration.summary}"), *comment(f"fix {migration.fix_id}"), *preamble()]
    for deed in migration.there:
        lines += _written(deed)
    lines += comment("The way back:")
    if migration.why_no_way_back:
        lines += comment(f"none: {migration.why_no_way_back}")
    for deed in migration.back:
        for line in _written(deed):
            lines += comment(line)
    return "\n".join(lines) + "\n"


def _written(deed: Deed) -> Iterator[str]:
    yield from comment(deed.title)
    if deed.alone and not deed.plain:
        raise InvalidRequest(
            f"Plain SQL cannot do this both under a condition and beside the writers: {deed.title}."
            " Cure: an Alembic or a Django migration, which can."
        )
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
