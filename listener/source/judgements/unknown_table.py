"""A table that is not there."""

from __future__ import annotations

from collections.abc import Iterator

from ...issue import Severity, qualified
from ..examined import Examined
from ..unknown import UNDEFINED_TABLE
from .judgement import Defect, Judgement, seen


def _judge(examined: Examined) -> Iterator[Defect]:
    if examined.hunt is None:
        return
    schema = examined.schema
    told: set[tuple[str | None, str]] = set()
    for each in examined.hunt.tables:
        if (each.schema, each.name) in told:
            continue
        told.add((each.schema, each.name))
        name = qualified(each.schema, each.name) if each.schema else each.name
        former, near = schema.was_table(each.name), schema.near_tables(each.name)
        elsewhere = [place for place, there in schema.names if there == each.name] if each.schema is None else []
        evidence = [seen("server", f"The server finds no relation {name} under this search_path.")]
        if former is not None:
            evidence.append(seen("history", former.sentence))
        if near:
            evidence.append(seen("name", f"There is {' and '.join(near)}.", 0.5))
        expected = "A table that is there."
        if former is not None and former.after is not None:
            expected = f"{former.after}, as it is called now."
        elif near:
            expected = f"A table that is there; perhaps {near[0]}."
        if elsewhere:
            # Most likely the application has another search_path than who analyses.
            evidence.append(seen("search_path", f"There is one in schema {' and '.join(elsewhere)}.", -2.0))
            expected = f"A schema before the name, or {elsewhere[0]} on the search_path of the role that analyses."
        yield Defect(
            f"The statement names the table {name}, which does not exist.",
            expected,
            examined.site(each.position),
            schema=each.schema or "",
            table=each.name,
            evidence=tuple(evidence),
            sqlstate=UNDEFINED_TABLE,
            severity=Severity.MEDIUM if elsewhere else None,
            event_id=former.event_id if former is not None else None,
        )


JUDGEMENT = Judgement("UNKNOWN_TABLE", Severity.CRITICAL, _judge, of_piece=True)
