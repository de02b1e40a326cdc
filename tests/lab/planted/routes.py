"""The ways from a statement to the driver: a call there, or functions between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .code import Code, Draft, block
from .ground import Needs, Plant
from .words import Value


@dataclass
class Source:
    """What a case comes to: lines of a module, and files beside."""

    module: list[str] = field(default_factory=list[str])
    files: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Journey:
    """A draft in its form, with what it was planted with."""

    draft: Draft
    code: Code
    plant: Plant

    @property
    def handed(self) -> str:
        """The values, as the driver wants them."""
        return self.draft.sender.handed(self.draft.words, self.plant.count)

    def around(self, call: list[str], *, opened: bool = True, above: list[str] | None = None) -> Source:
        """The function that does it."""
        draft, code, sender = self.draft, self.code, self.draft.sender
        given = [*sender.given, *(each.given for each in draft.words if isinstance(each, Value) and each.given)]
        given = list(dict.fromkeys(given)) + code.given
        lines = [*code.setup, *call]
        name = draft.name("case")
        if code.held:
            given = ["self", *given]
        function = block(f"{sender.defines} {name}({', '.join(given)}):", sender.within(lines) if opened else lines)
        if code.held:
            function = block(f"class {draft.name('Case')}:", [*code.held, function])
        return Source([*(above or ()), *code.above, function], dict(code.files))


Route = Callable[[Journey], Source | None]


def _used(j: Journey, call: str) -> str:
    """The line that makes something of the result."""
    return j.draft.chance.choice(
        ("return {}", "{}", "rows = {}", "return [each for each in {}]", "if {}: pass")
    ).format(call)


def _method(j: Journey) -> str:
    return j.draft.chance.choice(j.draft.sender.methods)


def direct(j: Journey) -> Source:
    """The driver's own call."""
    call = j.draft.sender.called(_method(j), j.code.expression, j.handed, ready=j.code.ready)
    return j.around([_used(j, call)])


def _keywords(j: Journey) -> Source | None:
    sender = j.draft.sender
    if sender.keywords is None or ":=" in j.code.expression:
        return None
    text, values = sender.keywords
    said = f"{text}={j.code.expression}"
    given = f"{values}={j.handed}" if j.handed else ""
    return j.around([_used(j, sender.called(_method(j), said, given))])


def _values_before(j: Journey) -> Source | None:
    sender = j.draft.sender
    if not j.handed or sender.spread:
        return None
    call = sender.called(_method(j), j.code.expression, "values", ready=j.code.ready)
    return j.around([f"values = {j.handed}", _used(j, call)])


def _many(j: Journey) -> Source | None:
    sender = j.draft.sender
    if not sender.many or not j.handed:
        return None
    row = f"({j.handed},)" if sender.spread else j.handed
    return j.around([sender.called(sender.many, j.code.expression, f"[{row}, {row}]")])


def _prepared(j: Journey) -> Source | None:
    sender = j.draft.sender
    if sender.tree != "asyncpg":
        return None
    fetch = f"await statement.fetch({j.handed})"
    return j.around([f"statement = await {sender.receiver}.prepare({j.code.expression})", _used(j, fetch)])


def _parameters(j: Journey, sql: str = "sql: str") -> tuple[list[str], str]:
    """What a wrapper is given, and how it hands the values on."""
    sender = j.draft.sender
    rest = ("*args", "*args") if sender.spread else (j.draft.chance.choice(("params=None", "params=()")), "params")
    return [*sender.given, sql, rest[0]], rest[1]


def _wrapper(j: Journey, name: str) -> str:
    """A function that hands its SQL to the driver."""
    sender = j.draft.sender
    given, rest = _parameters(j)
    call = sender.called(_method(j), "sql", rest)
    lines = [f"return {call}"]
    if j.draft.chance.random() < 0.3:
        lines = [block("try:", lines) + "\n" + block("except OSError:", ['logger.exception("lost: %s", sql)', "raise"])]
    return block(f"{sender.defines} {name}({', '.join(given)}):", sender.within(lines))


def _outer(j: Journey, name: str) -> str:
    """The call of a wrapper."""
    sender = j.draft.sender
    inside = ", ".join(filter(None, (*sender.taken, j.code.expression, j.handed)))
    return _used(j, sender.wait(f"{name}({inside})"))


def _wrapped(j: Journey) -> Source | None:
    if j.code.ready:
        return None
    name = j.draft.name("run")
    return j.around([_outer(j, name)], opened=False, above=[_wrapper(j, name)])


def _wrapped_elsewhere(j: Journey) -> Source | None:
    if j.code.ready:
        return None
    name, module = j.draft.name("run"), j.draft.name("db")
    made = j.around([_outer(j, name)], opened=False, above=[f"from .{module} import {name}"])
    made.files[f"{module}.py"] = "\n".join((*PREAMBLE, *j.draft.sender.imports, _wrapper(j, name), ""))
    return made


def _wrapped_twice(j: Journey) -> Source | None:
    if j.code.ready:
        return None
    sender = j.draft.sender
    inner, outer, module, other = (j.draft.name(each) for each in ("send", "run", "db", "store"))
    given, rest = _parameters(j)
    call = sender.wait(f"{inner}({', '.join((*sender.taken, 'sql', rest))})")
    second = block(f"{sender.defines} {outer}({', '.join(given)}):", ["logger.debug(sql)", f"return {call}"])
    made = j.around([_outer(j, outer)], opened=False, above=[f"from .{other} import {outer}"])
    made.files[f"{module}.py"] = "\n".join((*PREAMBLE, *sender.imports, _wrapper(j, inner), ""))
    made.files[f"{other}.py"] = "\n".join((*PREAMBLE, *sender.imports, f"from .{module} import {inner}", second, ""))
    return made


def _keyword_wrapper(j: Journey) -> Source | None:
    if j.code.ready or ":=" in j.code.expression:
        return None
    sender, name = j.draft.sender, j.draft.name("run")
    rest = "*args" if sender.spread else "args"
    call = sender.called(_method(j), "statement", rest)
    given = ", ".join((*sender.given, "*", "statement", "args=()"))
    wrapper = block(f"{sender.defines} {name}({given}):", sender.within([f"return {call}"]))
    handed = f"[{j.handed}]" if sender.spread else j.handed
    said = [*sender.taken, f"statement={j.code.expression}", f"args={handed}" if j.handed else ""]
    return j.around([_used(j, sender.wait(f"{name}({', '.join(filter(None, said))})"))], opened=False, above=[wrapper])


def _of_an_object(j: Journey) -> Source | None:
    """A method of a class that holds the connection."""
    sender, draft = j.draft.sender, j.draft
    if j.code.ready or len(sender.given) != 1 or sender.opened:
        return None
    name, run, module = draft.name("Database"), draft.name("run"), draft.name("db")
    given, rest = _parameters(j)
    inside = f"self._{sender.taken[0]}.{_method(j)}({sender.wrapped.format('sql')}, {rest})"
    init = block(f"def __init__(self, {sender.given[0]}):", [f"self._{sender.taken[0]} = {sender.taken[0]}"])
    method = block(f"{sender.defines} {run}(self, {', '.join(given[1:])}):", [f"return {sender.wait(inside)}"])
    call = sender.wait(f"db.{run}({', '.join(filter(None, (j.code.expression, j.handed)))})")
    lines = [f"db = {name}({sender.taken[0]})", _used(j, call)]
    made = j.around(lines, opened=False, above=[f"from .{module} import {name}"])
    made.files[f"{module}.py"] = "\n".join((*PREAMBLE, *sender.imports, block(f"class {name}:", [init, method]), ""))
    return made


PREAMBLE = (
    "import logging",
    "from dataclasses import dataclass",
    "from datetime import UTC, date, datetime",
    "from decimal import Decimal",
    "from pathlib import Path",
    "from textwrap import dedent",
    "from typing import ClassVar, Final, Optional",
    "from uuid import UUID, uuid4",
    "logger = logging.getLogger(__name__)",
    "HERE = Path(__file__).parent",
)
_ALL = frozenset(Needs)
_NOT_VALUES = _ALL - {Needs.VALUES}
ROUTES: dict[str, tuple[Route, frozenset[Needs]]] = {
    "direct": (direct, _ALL),
    "by keyword": (_keywords, _ALL),
    "values before": (_values_before, _NOT_VALUES),
    "executemany": (_many, _NOT_VALUES),
    "prepared": (_prepared, _NOT_VALUES),
    "wrapper": (_wrapped, _ALL),
    "wrapper in another file": (_wrapped_elsewhere, _ALL),
    "two wrappers": (_wrapped_twice, _ALL),
    "wrapper by keyword": (_keyword_wrapper, _ALL),
    "method": (_of_an_object, _ALL),
}
