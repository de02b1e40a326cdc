"""More or fewer values than the statement has placeholders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ...issue import Severity
from ..drivers.driver import Binding, Style
from ..examined import Examined
from ..facts import Argument
from .foreign_placeholder import PREPARE, foreign_style
from .judgement import Defect, Judgement, seen

_SINGLE: Final = frozenset({"str", "int", "float", "bool", "bytes", "UUID", "Decimal", "datetime", "date", "timedelta"})


def miscounted(examined: Examined) -> bool:
    """Whether the values do not go with the placeholders one by one, so that nothing can be said of each."""
    return next(_judge(examined), None) is not None


def _judge(examined: Examined) -> Iterator[Defect]:
    statement = examined.statement
    # What is put in the place of a hole may have placeholders of its own.
    if not examined.alone or statement.holes or foreign_style(examined) is not None or statement.rewrites:
        return
    if PREPARE.match(examined.sql):
        return  # its values come with EXECUTE
    if (single := _single(examined)) is not None:
        kind = single.proof.type if single.proof is not None else ""
        wanted = "A mapping" if statement.style is Style.NAMED else f"A sequence: ({single.said},)"
        yield _defect(examined, f"It is given `{single.said}`, a {kind}, where all values come in one.", f"{wanted}.")
        return
    keyed = _missing_keys(examined)
    if keyed is not None:
        if keyed:
            yield _defect(examined, f"It has no value for {', '.join(keyed)}.", "A value for each placeholder.")
        return
    given, wanted = examined.counted, examined.prepared.parameters + examined.prepared.quoted
    if given is None or given == wanted or statement.style is None:
        return
    values = "1 value" if given == 1 else f"{given} values"
    said = f"The statement has {wanted} placeholders and is given {values}."
    expected = f"{wanted} values."
    only = statement.arguments[0] if statement.arguments else None
    together = only is not None and only.items is not None and len(only.items) == wanted
    if statement.binding is Binding.SPREAD and given == 1 and only is not None and together:
        expected = f"Separate arguments: asyncpg takes {only.said} for one value."
    yield _defect(examined, said, expected)


def _single(examined: Examined) -> Argument | None:
    """What stands in the place of all values, though it is proved to be a value itself."""
    given = examined.statement.arguments
    if (
        examined.statement.binding is not Binding.TOGETHER
        or not examined.prepared.marks
        or given is None
        or len(given) != 1
    ):
        return None
    only = given[0]
    return only if only.starred and only.proof is not None and only.proof.type in _SINGLE else None


def _missing_keys(examined: Examined) -> list[str] | None:
    """The keys without a value; None where values do not come by key."""
    keys = [each.key for each in examined.prepared.marks if each.key is not None]
    given = examined.statement.arguments
    if not keys:
        return None
    if given is None or (given and not examined.statement.keyed) or any(each.key == "**" for each in given):
        return []
    there = {each.key for each in given}
    return [each for each in dict.fromkeys(keys) if each not in there]


def _defect(examined: Examined, current: str, expected: str) -> Defect:
    return Defect(
        current,
        expected,
        examined.site(0),
        evidence=(seen("call", f"`{examined.statement.said}` is called in line {examined.statement.call.line}."),),
    )


JUDGEMENT = Judgement("PARAMETER_COUNT_MISMATCH", Severity.CRITICAL, _judge, of_all=True)
