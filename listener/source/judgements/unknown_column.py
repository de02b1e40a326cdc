"""A column that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ...issue import Severity
from ..examined import Examined
from ..unknown import UNDEFINED_COLUMN, UnknownColumn
from .judgement import Defect, Judgement, seen


def _judge(examined: Examined) -> Iterator[Defect]:
    if examined.hunt is None:
        return
    told: set[tuple[str, str | None]] = set()
    for each in examined.hunt.columns:
        key = each.name, each.relation and each.relation.qualified
        if key not in told:
            told.add(key)
            yield _defect(each, examined)


def _defect(unknown: UnknownColumn, examined: Examined) -> Defect:
    relation, schema = unknown.relation, examined.schema
    among = (relation,) if relation is not None else unknown.among
    where = " or ".join(each.qualified for each in among) or "what it selects from"
    former = next(
        (found for each in among or (None,) if (found := schema.was_column(each, unknown.name)) is not None), None
    )
    near = get_close_matches(unknown.name, [name for each in among for name in each.columns], 3, 0.6)
    evidence = [seen("server", f"The server finds no column {unknown.name} in {where}.")]
    if former is not None:
        evidence.append(seen("history", former.sentence))
    if near:
        evidence.append(seen("name", f"There is {' and '.join(near)}.", 0.5))
    expected = f"A column that {where} has."
    if former is not None and former.after is not None:
        expected = f"{former.after}, as it is called now."
    elif near:
        expected = f"A column that {where} has; perhaps {near[0]}."
    return Defect(
        f"The statement names the column {unknown.name}, which {where} does not have.",
        expected,
        examined.site(unknown.position),
        schema=relation.schema if relation else "",
        table=relation.name if relation else "",
        column=unknown.name,
        evidence=tuple(evidence),
        sqlstate=UNDEFINED_COLUMN,
        event_id=former.event_id if former is not None else None,
    )


JUDGEMENT = Judgement("UNKNOWN_COLUMN", Severity.CRITICAL, _judge, of_piece=True)
