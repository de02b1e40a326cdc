"""Values of the wrong type, too many or too few of them, placeholders of another driver, conversions of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..ground import Ground, Kind, Needs, Plant
from ..sender import Count, Sender, Style
from ..words import Value, sql

# By driver: the kind of column, and an expression of a type that is refused for it (`x` with its annotation).
_ASYNCPG = (
    *(("key", "x", ": str"), ("key", "'7'", "literal"), ("key", "str(x)", ""), ("big", "x", ": Optional[str]")),
    *(("label", "x", ": int"), ("label", "5", "literal"), ("label", "x", ": UUID"), ("code", "int(x)", "")),
    *(("made", "x", ": str"), ("made", "'2024-01-01'", "literal"), ("made", "x.isoformat()", "")),
    *(("day", "x", ": str"), ("done", "x", ": str"), ("done", "1", "literal"), ("token", "x", ": int")),
    *(
        ("raw", "x", ": str"),
        ("tags", "x", ": str"),
        ("label", "datetime.now(UTC)", "literal"),
        ("small", "x", ": 'str'"),
    ),
)
_PSYCOPG = (
    *(("key", "True", "literal"), ("key", "x", ": bool"), ("key", "x", ": UUID"), ("key", "uuid4()", "literal")),
    *(("label", "5", "literal"), ("label", "x", ": int"), ("label", "int(x)", ""), ("code", "x", ": UUID")),
    *(("done", "1", "literal"), ("done", "x", ": int"), ("day", "x", ": int"), ("token", "x", ": int")),
    *(("data", "x", ": dict"), ("data", "{'a': 1}", "literal"), ("label", "x", ": Decimal"), ("made", "7", "literal")),
)
# Of a UUID nothing is said: code may have registered it.
_PSYCOPG2 = tuple(each for each in _PSYCOPG if each[2] != ": UUID" and "uuid" not in each[1])
_WRONG = {"asyncpg": _ASYNCPG, "psycopg": _PSYCOPG, "psycopg2": _PSYCOPG2, "aiopg": _PSYCOPG2}
_AS_RIGHT = {"big": "key", "small": "key", "code": "label"}


def _mistyped(number: int) -> Callable[[Ground], Plant]:
    def plant(g: Ground) -> Plant:
        wrong = _WRONG[g.sender.tree]
        role, said, annotation = wrong[number % len(wrong)]
        right = None if role == "data" else g.value(_AS_RIGHT.get(role, role))
        value = g.given(said, annotation) if g.planted or right is None else right
        if right is None and not g.planted:
            value = g.given("Json(x)", "")
        return g.plant(_shaped(g, role, value))

    return plant


def _shaped(g: Ground, role: str, value: Value) -> tuple[object, ...]:  # type: ignore[type-arg]
    t = g.table()
    column = g.column(t, role)
    other = sql(g.column(t, "parent"), ">", g.value("key"))
    shape = g.chance.randrange(5 if g.sender.spread else 2)
    if role == "data" or shape == 2:
        return sql("insert into", t.called, "(", column, ") values (", value, ")")
    if shape == 3:
        return sql("update", t.called, "set", column, "=", value, "where", other)
    if shape == 4:
        return sql("select 1 from", t.called, "where", other, "and", column, "=", value, "returning"[:0])
    if shape == 1:
        return sql("delete from", t.called, "where", column, "<>", value, "and", other)
    return sql("select", g.column(t, "label"), "from", t.called, "where", column, "=", value, "and", other)


def _converted(said: str, role: str, annotation: str) -> Callable[[Ground], Plant]:
    def plant(g: Ground) -> Plant:
        t = g.table()
        value = g.given(said, annotation if g.planted else "")
        words = sql("select", g.column(t, "key"), "from", t.called, "where", g.column(t, role), "=", value)
        return g.plant(sql(words, "and", g.column(t, "done"), "=", g.value("done")))

    return plant


def _counted(count: Count, number: int) -> Callable[[Ground], Plant]:
    """A statement with so many values, of which one is one too many, or the like."""

    def plant(g: Ground) -> Plant:
        t = g.table()
        words = sql("select", g.column(t, "day"), "from", t.called, "where", g.column(t, "key"), "=", g.value("key"))
        if count is Count.NO_TUPLE:
            words = (*words[:-1], g.given("x", ": int"))
        for _ in range(number - 1):
            words = sql(words, "and", g.column(t, "label"), "<>", g.value("label"))
        return g.plant(words, count=count if g.planted else Count.RIGHT)

    return plant


def _foreign(style: Style) -> Callable[[Ground], Plant]:
    def plant(g: Ground) -> Plant:
        t = g.table()
        words = sql("update", t.called, "set", g.column(t, "label"), "=", g.value("label"), "where")
        words = sql(words, g.column(t, "key"), "=", g.value("key"))
        return g.plant(words, style=style if g.planted else None)

    return plant


def _is_spread(sender: Sender) -> bool:
    return sender.spread


def _is_together(sender: Sender) -> bool:
    return sender.style is Style.FORMAT


def _is_known(sender: Sender) -> bool:
    return sender.tree in _WRONG


def _kinds() -> Iterator[Kind]:
    for number in range(len(_ASYNCPG)):
        yield Kind("PARAMETER_TYPE_MISMATCH", f"way {number}", _mistyped(number), Needs.VALUES, _is_known)
    for said, role, annotation in (
        *(("str(x)", "label", ": str"), ("int(x)", "key", ": int"), ("float(x)", "ratio", ": float")),
        ("str(x)", "code", ": Optional[str]"),
    ):
        variant = f"{said}, x{annotation}"
        yield Kind("REDUNDANT_CONVERSION", variant, _converted(said, role, annotation), Needs.VALUES)
    count = "PARAMETER_COUNT_MISMATCH"
    for number in (1, 2, 3):
        yield Kind(count, f"fewer than {number}", _counted(Count.FEWER, number), Needs.VALUES)
        yield Kind(count, f"more than {number}", _counted(Count.MORE, number), Needs.VALUES, _counts_all)
    for number in (2, 3):
        yield Kind(count, f"one tuple for {number}", _counted(Count.ONE_TUPLE, number), Needs.VALUES, _is_spread)
    yield Kind(count, "no tuple", _counted(Count.NO_TUPLE, 1), Needs.VALUES, _is_together)
    for style in Style:
        suits = lambda sender, style=style: style in sender.foreign  # noqa: E731 - one for each
        yield Kind("FOREIGN_PLACEHOLDER", style.value, _foreign(style), Needs.VALUES, suits)


def _counts_all(sender: Sender) -> bool:
    return sender.spread or sender.style is Style.FORMAT


VALUES = tuple(_kinds())
