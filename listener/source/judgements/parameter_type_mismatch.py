"""A value whose Python type is proved, and that the driver or the server does not take for the described parameter."""

from __future__ import annotations

from collections.abc import Iterator

from ...issue import Severity
from ..asking import Refused, Taken
from ..examined import Examined
from ..extracted import Site
from .foreign_placeholder import foreign_style
from .judgement import Defect, Judgement, seen
from .parameter_count_mismatch import miscounted

_OF_TYPES = frozenset({"42883", "42804", "42846", "42P08", "22P02"})


def _judge(examined: Examined) -> Iterator[Defect]:
    driver, described = examined.driver, examined.described
    if (
        driver is None
        or (described is None and examined.typed is None)
        or foreign_style(examined) is not None
        or examined.statement.rewrites
        or miscounted(examined)
    ):
        return
    if described is not None:
        yield from _refused_by_driver(examined, described)
    # A value of no proved type may be what makes another one right.
    if (
        isinstance(examined.typed, Refused)
        and examined.typed.sqlstate in _OF_TYPES
        and examined.prepared.whole
        and not (examined.prepared.filled or examined.prepared.quoted)
        and examined.closed(examined.typed, examined.proved)
    ):
        declared = ", ".join(f"${number} as {name}" for number, name in sorted(examined.declared.items()))
        said = [
            f"{argument.said}: {argument.proof.type}, since {argument.proof.why}"
            for mark in examined.prepared.marks
            if (argument := examined.argument(mark)) is not None and argument.proof is not None
        ]
        yield Defect(
            f"{driver.name} sends {declared}, which the server does not take here: {examined.typed.message}.",
            "Values of the types that the columns have.",
            examined.site(examined.typed.position),
            evidence=(
                seen("server", f"SQLSTATE {examined.typed.sqlstate}: {examined.typed.message}."),
                *(seen("code", each + ".") for each in dict.fromkeys(said)),
            ),
            sqlstate=examined.typed.sqlstate,
        )


def _refused_by_driver(examined: Examined, described: Taken) -> Iterator[Defect]:
    driver = examined.driver
    told: set[int] = set()
    for mark in examined.prepared.marks:
        argument = examined.argument(mark)
        if driver is None or argument is None or argument.proof is None or mark.number in told:
            continue
        if mark.number > len(described.parameters):
            continue
        told.add(mark.number)
        oid = described.parameters[mark.number - 1]
        wanted = examined.schema.types.get(oid)
        why = wanted and driver.refuses(argument.proof.type, wanted.name, wanted.category)
        if wanted is None or why is None:
            continue
        named = mark.key or f"${mark.number}"
        yield Defect(
            f"The value for {named} is a {argument.proof.type}, and the parameter is {wanted.name}.",
            f"A value that {driver.name} takes for {wanted.name}.",
            Site(argument.file or examined.statement.call.file, argument.line, argument.column),
            named=named,
            evidence=(
                seen("code", f"{argument.said} is a {argument.proof.type}: {argument.proof.why}."),
                seen("driver", f"{why}."),
            ),
        )


JUDGEMENT = Judgement("PARAMETER_TYPE_MISMATCH", Severity.CRITICAL, _judge)
