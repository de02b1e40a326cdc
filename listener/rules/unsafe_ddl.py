"""UNSAFE_DDL: a statement that ran and kept others waiting, and how to run it next time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ..catalog.snapshot import Table
from ..evidence import Evidence
from ..impact.impact import KEPT, Doing, Impact, Size
from ..issue import Finding, Severity
from ..judging.docket import Docket
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.scene import Scene, Undecided
from ..relations.weights import DECLARED
from ..relations.wording import count

_STEP = 1024
_LONGEST = 500


class NotHeard(Undecided):
    """Nobody heard what ran."""


def _suspects(docket: Docket) -> Iterable[Table]:
    impacts = docket.scene.impacts
    if not impacts.by_table and impacts.unheard is not None:
        raise NotHeard(impacts.unheard)
    return [table for table in docket.tables if table.oid in impacts.by_table] if impacts.by_table else ()


@rule("UNSAFE_DDL", Severity.LOW, Reads.EVENTS, suspects=_suspects)
def unsafe_ddl(table: Table, scene: Scene) -> Iterator[Finding]:
    """Statements of the last seven days that rewrote, read or locked a table for longer than others should wait."""
    told: dict[tuple[object, ...], list[Impact]] = {}
    numbers = {column.number for column in table.columns}
    for impact in scene.impacts.by_table.get(table.oid, ()):
        if numbers.issuperset(impact.columns):
            told.setdefault((impact.subject, impact.columns), []).append(impact)
    for latest, *earlier in told.values():
        yield _finding(table, latest, earlier)
    if scene.impacts.unheard is not None:
        raise NotHeard(scene.impacts.unheard)


def _finding(table: Table, impact: Impact, earlier: list[Impact]) -> Finding:
    name = table.qualified_name
    return Finding(
        table.oid,
        current_state=(
            f"{impact.command_tag} {impact.what} of {name} ({_size(impact.size)}) under {impact.lock}: meanwhile"
            f" {impact.lock.harm}. {_who(impact)}."
        ),
        expected_state=f"Next time it keeps nobody waiting{_instead(impact)}.",
        columns=impact.columns,
        object_name=impact.subject,
        evidence=tuple(_evidence(impact, earlier)),
        doubt="it is past: there is nothing to mend, only to run otherwise next time",
        event_id=impact.event_id,
    )


def _who(impact: Impact) -> str:
    through = f" through {impact.application}" if impact.application else ""
    return f"It was run by {impact.role}{through} and ended at {impact.occurred_at:%Y-%m-%d %H:%M:%S %Z}"


def _instead(impact: Impact) -> str:
    parts = [f"{each};" for each in impact.instead]
    if impact.advice:
        parts.append(f"({impact.advice})" if parts else impact.advice)
    return f": {' '.join(parts)}".rstrip(";") if parts else ""


def _evidence(impact: Impact, earlier: list[Impact]) -> Iterator[Evidence]:
    text = "Its text was not kept: a secret might be in it."
    if impact.statement:
        text = f"It was: {impact.statement if len(impact.statement) <= _LONGEST else impact.statement[:_LONGEST] + '…'}"
    yield Evidence("event", DECLARED, f"pgmend.ddl_log has the {impact.command_tag}. {text}")
    yield fact(impact.because)
    yield Evidence("time", DECLARED, _times(impact))
    if not impact.size.measured:
        yield fact("The size is the planner's: a lock was in the way of measuring it.")
    if impact.doing is Doing.DROP_INDEX:
        short = "A drop is short once it has its lock; who waits for it waits for the longest query before it."
        yield Evidence("catalog", -1.0, short)
    if earlier:
        seen = f"{count(len(earlier), 'statement')} did the same before, since {earlier[-1].occurred_at:%Y-%m-%d}."
        yield Evidence("event", DECLARED, seen)
    yield fact(f"This is told for {KEPT.days} days.")


def _times(impact: Impact) -> str:
    took = f"{_seconds(impact.took)} passed from when the client sent it to its end, waiting for locks included"
    held = ""
    if impact.held:
        held = f"; the last that is known of its transaction came {_seconds(impact.held)} later, and kept the lock"
    guess = f". By the size, the work under the lock takes some {_seconds(impact.estimate)}" if impact.estimate else ""
    return f"{took}{held}{guess}."


def _seconds(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _size(size: Size) -> str:
    rows = "rows not counted" if size.rows is None else f"some {count(size.rows, 'row')}"
    return f"{_bytes(size.table_bytes)} and {_bytes(size.index_bytes)} of indexes, {rows}"


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 10 * _STEP:
            return f"{number:.0f} {unit}"
        number /= _STEP
    return f"{number:,.0f} TB"
