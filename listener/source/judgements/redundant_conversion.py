"""A conversion of a value that has that type already."""

from __future__ import annotations

from collections.abc import Iterator

from ...issue import Severity
from ..examined import Examined
from ..extracted import Site
from .judgement import Defect, Judgement, seen


def _judge(examined: Examined) -> Iterator[Defect]:
    told: set[tuple[int, int]] = set()
    for mark in examined.prepared.marks:
        argument = examined.argument(mark)
        if argument is None or argument.conversion is None or (argument.line, argument.column) in told:
            continue
        function, said, inner = argument.conversion
        if inner is None or inner.type != function or function == "bool":
            continue
        told.add((argument.line, argument.column))
        yield Defect(
            f"`{argument.said}` converts {said}, which is a {function} already.",
            f"{said}, as it is.",
            Site(argument.file or examined.statement.call.file, argument.line, argument.column),
            named=said,
            evidence=(seen("code", f"{said} is a {inner.type}: {inner.why}.", 3.0),),
        )


JUDGEMENT = Judgement("REDUNDANT_CONVERSION", Severity.LOW, _judge)
