"""A tree of code against a schema: its statements asked about, judged, and told as issues."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..catalog.snapshot import DATABASE
from ..issue import Issue, Severity, definition_hash, issue_id
from ..settings import Settings
from .asking import Question, Refused, Taken, Unasked, ask, seclude
from .clauses import Opening
from .examined import Examined
from .extracted import CodeStatement, Extraction, Site
from .judgements.judgement import Defect, seen
from .panel import Panel, Seat
from .parsed import parse, slices
from .prepared import Prepared, prepared
from .schema import Schema, read_former, read_names, read_relations, read_type_oids, read_types
from .secret import masked, withheld
from .shared import Found, sure
from .site import CodeSite
from .sqltext import Written
from .unknown import UNDEFINED_COLUMN, UNDEFINED_TABLE, hunt

_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_OBJECTS: Final = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:(?:temp|temporary|unlogged|aggregate)\s+)?"
    r"(?P<kind>function|procedure|type|domain|sequence|extension|aggregate)\s+(?:if\s+not\s+exists\s+)?"
    r"(?:[\w\"]+\s*\.\s*)?\"?(?P<name>\w+)\"?",
    re.IGNORECASE,
)
_MADE: Final = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|materialized|recursive|foreign)\s+)*"
    r"(?:table|view)\s+(?:if\s+not\s+exists\s+)?(?:[\w\"]+\s*\.\s*)?\"?(?P<name>\w+)\"?",
    re.IGNORECASE,
)


class Unseen(NamedTuple):
    """A statement that should have been judged, and why it was not."""

    site: Site
    reason: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found. `judged` counts the statements of which all was judged, `asked` those that the server was asked
    about; the others are not live. `grounds` are the statements that issues were found in, by the issue's id, and
    `examined` all that were looked at."""

    extraction: Extraction
    issues: tuple[Issue, ...]
    asked: int
    judged: int
    server: str
    duration_ms: float
    unseen: tuple[Unseen, ...] = ()
    grounds: Mapping[str, Examined] = field(default_factory=dict[str, Examined], repr=False)
    examined: tuple[Examined, ...] = field(default=(), repr=False)

    @property
    def partly(self) -> tuple[CodeStatement, ...]:
        """The statements of which not all was judged."""
        return tuple({id(one.statement): one.statement for one in self.examined if not one.judged}.values())

    @property
    def calls(self) -> Mapping[str, Site]:
        """By an issue's id the call that it is of."""
        return {issue_id: one.statement.call for issue_id, one in self.grounds.items()}

    @property
    def saw_everything(self) -> bool:
        """Whether each file could be read, and each live statement was looked at."""
        return not self.extraction.unreadable and not self.unseen

    @property
    def not_live(self) -> Mapping[str, int]:
        """Why statements were not judged, and how many for each reason."""
        return Counter(
            each.not_live or f"it is for {each.engine}" for each in self.extraction.statements if not each.live
        )


async def analyze(
    connection: AsyncConnection[TupleRow],
    extraction: Extraction,
    settings: Settings,
    only: Sequence[CodeStatement] | None = None,
    *,
    panel: Panel | None = None,
) -> Analysis:
    """Judge each live statement, or `only` these, with all of their calls among them; `panel` says for what, None: for
    what the settings say. `connection` is in autocommit mode and of its own: it only reads from then on. Nothing is
    planned or run but queries of catalogs."""
    started = time.perf_counter()
    await seclude(connection)
    live = [each for each in extraction.statements if each.live]
    creating = [each.sql for each in live if _may_create(each)]
    schema = Schema(made=_made(creating), objects=_objects(creating))
    examined = await _examined(connection, live if only is None else only, schema)
    seats = (panel or Panel.muster(settings)).by_type()
    found = [
        (seat.judgement, one, defect)
        for seat in seats.values()
        if seat.off is None
        for one in examined
        for defect in seat.judgement.judge(one)
    ]
    await _look_up(connection, {id(one): one for _, one, _ in found}.values())
    issues = list(_issues(sure(found, examined), settings, seats))
    told = sorted((issue for issue, _ in issues), key=_order)
    partly = {id(one.statement) for one in examined if not one.judged}
    asked = {id(one.statement) for one in examined}
    version = connection.info.parameter_status("server_version") or ""
    return Analysis(
        extraction,
        tuple(told),
        len(asked),
        len(asked) - len(partly),
        f"PostgreSQL {version}",
        (time.perf_counter() - started) * 1000,
        tuple(
            dict.fromkeys(Unseen(one.statement.site, reason) for one in examined if (reason := one.unseen) is not None)
        ),
        {issue.issue_id: one for issue, one in issues},
        tuple(examined),
    )


async def _examined(
    connection: AsyncConnection[TupleRow], wanted: Sequence[CodeStatement], schema: Schema
) -> list[Examined]:
    parts = [part for each in wanted for part in _parts(each)]
    unasked = {place: why for place, part in enumerate(parts) if (why := _unasked(part[3])) is not None}
    asking = [place for place in range(len(parts)) if place not in unasked]
    texts = {place: masked(parts[place][3]) for place in asking}
    found = await ask(connection, [Question(texts[place]) for place in asking])
    answers = {**unasked, **dict(zip(asking, found, strict=True))}
    examined = [
        # What was not asked is not looked into otherwise: it may be no text at all, or hold a secret.
        Examined(
            statement,
            whole,
            schema,
            texts.get(place, ""),
            offset,
            alone,
            answers[place],
            masked=texts.get(place) != sql,
        )
        for place, (statement, whole, offset, sql, alone) in enumerate(parts)
    ]
    lost = [
        place
        for place, one in enumerate(examined)
        if isinstance(one.answer, Refused) and one.answer.sqlstate in (UNDEFINED_TABLE, UNDEFINED_COLUMN)
    ]
    utilities = [place for place, one in enumerate(examined) if _is_utility(one.sql)]
    hunted = sorted({*lost, *utilities})
    if hunted:
        schema.names, schema.former = await read_names(connection), await read_former(connection)
        for place, each in zip(
            hunted, await hunt(connection, [_hunted(examined[place]) for place in hunted], schema), strict=True
        ):
            examined[place] = replace(examined[place], hunt=each)
    examined = await _declared(connection, examined)
    await _look_up(connection, [one for one in examined if "::" in one.sql or "cast" in one.sql.lower()])
    oids = {oid for one in examined if isinstance(one.answer, Taken) for oid in one.answer.parameters}
    oids |= {oid for relation in schema.relations.values() for oid in relation.columns.values()}
    schema.types.update(await read_types(connection, oids))
    return examined


_UTILITY: Final = re.compile(
    r"(?:\s++|--[^\n]*+\n|/\*.*?\*/)*+(?:truncate|lock|copy|alter|grant|revoke|vacuum|analyze|refresh|cluster|reindex"
    r"|create\s+(?:unique\s+)?index|create\s+(?:or\s+replace\s+)?(?:constraint\s+)?trigger)\b",
    re.IGNORECASE | re.DOTALL,
)


def _is_utility(sql: str) -> bool:
    parsed = parse(sql) if _UTILITY.match(sql) else None
    return parsed is not None and parsed.utility


def _hunted(one: Examined) -> tuple[str, Callable[[int, int], bool], frozenset[Opening]]:
    prepared = one.prepared
    opened = frozenset(each.behind(one.offset) for each in prepared.opened)
    return one.sql, lambda position, length: prepared.is_assumed(one.offset + position, length), opened


def _parts(statement: CodeStatement) -> Iterator[tuple[CodeStatement, Prepared, int, str, bool]]:
    """The statement's own statements, each with its offset and whether it is the only one."""
    whole = prepared(statement)
    if _NO_TEXT.search(whole.sql):
        yield statement, whole, 0, whole.sql, True
        return
    found = [(offset, sql) for offset, sql in slices(whole.sql) if sql.strip()]
    for offset, sql in found:
        yield statement, whole, offset, sql, len(found) == 1


def _unasked(sql: str) -> Unasked | None:
    if _NO_TEXT.search(sql):
        return Unasked("it holds a character that no text of PostgreSQL may hold", gap=True)
    if withheld(sql):
        return Unasked("it may hold a password, which the server would keep in its log", gap=False)
    return None


def _may_create(statement: CodeStatement) -> bool:
    """Whether it is worth a closer look at what the statement makes."""
    return "create" in "".join(each.text for each in statement.text if isinstance(each, Written)).lower()


def _made(texts: Sequence[str]) -> frozenset[str]:
    """The names of relations that the code creates itself."""
    return frozenset(match["name"] for each in texts for match in _MADE.finditer(each))


def _objects(texts: Sequence[str]) -> frozenset[str]:
    """The names of functions, types and sequences that the code creates itself; with an extension's come what nobody
    can tell: "" stands for those."""
    found = [match for each in texts for match in _OBJECTS.finditer(each)]
    return frozenset("" if match["kind"].lower() == "extension" else match["name"].lower() for match in found)


async def _declared(connection: AsyncConnection[TupleRow], examined: list[Examined]) -> list[Examined]:
    """The statements with what the server says to the types that drivers declare for values of proved types."""
    wanted = {place: found for place, one in enumerate(examined) if (found := _declarations(one))}
    if not wanted:
        return examined
    oids = await read_type_oids(connection, {name for found in wanted.values() for name in found.values()})
    questions = [
        Question(
            examined[place].sql,
            tuple(oids.get(found.get(number, ""), 0) for number in range(1, max(found) + 1)),
        )
        for place, found in wanted.items()
    ]
    for (place, found), answer in zip(wanted.items(), await ask(connection, questions), strict=True):
        one = examined[place]
        # What it objects to without the types, and takes with them, it takes.
        taken = answer if isinstance(answer, Taken) and isinstance(one.answer, Refused) else one.answer
        examined[place] = replace(one, answer=taken, typed=answer, declared=found)
    return examined


def _declarations(one: Examined) -> dict[int, str]:
    if one.driver is None or not one.driver.sent:
        return {}
    if not isinstance(one.answer, Taken) and not (one.undecided and one.proved >= one.numbers):
        return {}
    found: dict[int, str] = {}
    for mark in one.prepared.marks:
        argument = one.argument(mark)
        if argument is not None and argument.proof is not None and argument.proof.type in one.driver.sent:
            found[mark.number] = one.driver.sent[argument.proof.type]
    return found


async def _look_up(connection: AsyncConnection[TupleRow], examined: Any) -> None:
    """Have the relations of those statements in the schema."""
    listed: list[Examined] = list(examined)
    if not listed:
        return
    schema = listed[0].schema
    named = {(each.schema, each.name) for one in listed if one.parsed is not None for each in one.parsed.relations}
    if missing := named - schema.relations.keys():
        schema.relations.update(await read_relations(connection, missing))


def _issues(found: Iterable[Found], settings: Settings, seats: Mapping[str, Seat]) -> Iterator[tuple[Issue, Examined]]:
    taken: Counter[str] = Counter()
    for judgement, one, defect in found:
        issue = _issue(seats[judgement.issue_type], one, defect, settings, taken)
        if issue is not None:
            yield issue, one


def _issue(seat: Seat, one: Examined, defect: Defect, settings: Settings, taken: Counter[str]) -> Issue | None:
    judgement = seat.judgement
    tables = [(each.schema, each.name) for each in one.relations()]
    schema, table = defect.schema, defect.table
    if not table and tables:
        schema, table = tables[0]
    if seat.is_excluded(schema, table, defect.site.file):
        return None
    severity, statement = seat.settings.severity or defect.severity or judgement.severity, one.statement
    if severity is Severity.CRITICAL and (tables or table):
        named = {(schema, table), *tables} if table else set(tables)
        if not any(settings.is_critical(*each) for each in named):
            severity = Severity.MEDIUM
    elif severity is Severity.CRITICAL and statement.driver is None:
        severity = Severity.MEDIUM
    evidence = defect.evidence
    if statement.through:
        evidence = (*evidence, seen("path", f"It goes through {' and '.join(statement.through)}.", 0.0))
    if statement.condition is not None:
        severity = Severity.LOW
        evidence = (*evidence, seen("condition", f"It runs only by `{statement.condition}`.", -2.0))
    digest = blake2b(one.sql.encode(), digest_size=6).hexdigest()
    object_name = "/".join(filter(None, (defect.site.file, digest, defect.named)))
    name = issue_id(judgement.issue_type, schema, table, defect.column, object_name)
    taken[name] += 1
    if taken[name] > 1:
        object_name += f"#{taken[name]}"
        name = issue_id(judgement.issue_type, schema, table, defect.column, object_name)
    return Issue(
        issue_id=name,
        issue_type=judgement.issue_type,
        severity=severity,
        schema=schema,
        table=table,
        column=defect.column,
        object_name=object_name,
        table_oid=DATABASE,
        current_state=defect.current_state,
        expected_state=defect.expected_state,
        evidence=evidence,
        definition_hash=definition_hash(defect.current_state, defect.expected_state),
        event_id=defect.event_id,
        site=CodeSite(defect.site.file, defect.site.line, defect.site.column, statement.sql, defect.sqlstate),
    )


def _order(issue: Issue) -> tuple[int, str, int, int, str]:
    site = issue.site
    assert site is not None
    return issue.severity.rank, site.file, site.line, site.column_offset, issue.issue_type
