"""Statements that no call has: queries of `.sql` files by their names, and helpers that are told tables and columns."""

from __future__ import annotations

from collections.abc import Callable

from .code import Draft, block, literal
from .ground import Ground, Plant
from .routes import PREAMBLE, Source
from .sender import Style
from .words import Value

LIBRARIES = {"asyncpg": "asyncpg", "psycopg": "psycopg", "psycopg2": "psycopg2"}
"""The drivers that aiosql is used with, and what it calls them."""


def aiosql(draft: Draft) -> Source:
    """A query that aiosql loads, in a file of two."""
    sender, n = draft.sender, draft.number
    text = f"-- name: count_{n}^\nselect 1;\n\n-- name: find_{n}\n-- Finds\n{_over_lines(draft)}\n"
    given = [f"v{number}={value.said}" for value, number in sender.keys(draft.words).items()]
    call = sender.wait(f"queries_{n}.find_{n}({', '.join((sender.receiver, *given))})")
    return Source(
        [
            f"import aiosql\nqueries_{n} = aiosql.from_path('named_{n}.sql', '{LIBRARIES[sender.tree]}')",
            _function(draft, [f"return {call}"]),
        ],
        {f"named_{n}.sql": text},
    )


def pugsql(draft: Draft) -> Source:
    """A query that pugsql loads from a folder."""
    n = draft.number
    given = [f"v{number}={value.said}" for value, number in draft.sender.keys(draft.words).items()]
    return Source(
        [
            f"import pugsql\nqueries_{n} = pugsql.module('named_{n}/')",
            _function(draft, [f"return queries_{n}.find_{n}({', '.join(given)})"]),
        ],
        {f"named_{n}/find.sql": f"{draft.chance.choice(('--', '---'))} :name find_{n} :many\n{_over_lines(draft)}\n"},
    )


def _over_lines(draft: Draft) -> str:
    return "\n    ".join(each.strip() for each in draft.halves(3))


def _function(draft: Draft, lines: list[str]) -> str:
    sender = draft.sender
    given = [*sender.given, *(each.given for each in draft.words if isinstance(each, Value) and each.given)]
    head = f"{sender.defines} case_{draft.number}({', '.join(dict.fromkeys(given))}):"
    return block(head, sender.within(lines))


Help = Callable[[Ground, str], tuple[list[str], dict[str, str]]]
"""The lines of a helper, and what it is told."""


def _select_table(g: Ground, mark: str) -> tuple[list[str], dict[str, str]]:
    t = g.table()
    return _selecting(mark), {
        "table": _told(g, g.spoilt_table(t).said),
        "columns": f"[{_told(g, t.column('label'))}, {_told(g, t.column('day'))}]",
        "where": _told(g, t.column("key")),
    }


def _select_column(g: Ground, mark: str) -> tuple[list[str], dict[str, str]]:
    t = g.table()
    return _selecting(mark), {
        "table": _told(g, t.called.said),
        "columns": f"({_told(g, t.column('label'))}, {_told(g, g.spoilt(t, 'day').said)})",
        "where": _told(g, t.column("key")),
    }


def _select_where(g: Ground, mark: str) -> tuple[list[str], dict[str, str]]:
    t = g.table()
    return _selecting(mark), {
        "table": _told(g, t.called.said),
        "columns": f"[{_told(g, t.column('label'))}]",
        "where": _told(g, g.spoilt(t, "key").said),
    }


def _selecting(mark: str) -> list[str]:
    return ['names = ", ".join(columns)', f'sql = f"select {{names}} from {{table}} where {{where}} = {mark}"']


def _update_column(g: Ground, mark: str) -> tuple[list[str], dict[str, str]]:
    t = g.table()
    lines = [f'sql = "update " + table + " set " + column + " = null where {{}} = {mark}".format(where)']
    return lines, {
        "table": _told(g, t.called.said),
        "column": _told(g, g.spoilt(t, "label").said),
        "where": _told(g, t.column("key")),
    }


def _delete_table(g: Ground, mark: str) -> tuple[list[str], dict[str, str]]:
    t = g.table()
    percent = "%" if mark == "%s" else ""
    lines = [f'sql = "delete from %s where %s = {percent}{mark}" % (table, where)']
    return lines, {"table": _told(g, g.spoilt_table(t).said), "where": _told(g, t.column("key"))}


def _told(g: Ground, name: str) -> str:
    return literal(name, g.chance)


HELPERS: dict[str, tuple[str, Help]] = {
    "table of a select": ("UNKNOWN_TABLE", _select_table),
    "column of a select": ("UNKNOWN_COLUMN", _select_column),
    "column of a condition": ("UNKNOWN_COLUMN", _select_where),
    "column of an update": ("UNKNOWN_COLUMN", _update_column),
    "table of a delete": ("UNKNOWN_TABLE", _delete_table),
}


def helped(g: Ground, help_: Help) -> tuple[Source, Plant]:
    """A helper in another file, and its call."""
    sender, n = g.sender, g.number
    lines, told = help_(g, sender.style.value)
    value = "value" if sender.spread else '{"v1": value}' if sender.style is Style.COLON else "(value,)"
    call = f"return {sender.called(g.chance.choice(sender.methods), 'sql', value)}"
    head = f"{sender.defines} help_{n}({', '.join((*sender.given, *told, 'value'))}):"
    helper = block(head, sender.within([*lines, call]))
    by_name = g.chance.random() < 0.5
    given = [f"{key}={said}" if by_name else said for key, said in told.items()]
    inside = ", ".join((*sender.taken, *given, "value=5" if by_name else "5"))
    outer = block(
        f"{sender.defines} case_{n}({', '.join(sender.given)}):", [f"return {sender.wait(f'help_{n}({inside})')}"]
    )
    files = {f"help_{n}.py": "\n".join((*PREAMBLE, *sender.imports, helper, ""))}
    return Source([f"from .help_{n} import help_{n}", outer], files), g.plant(())
