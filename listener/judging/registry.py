"""Rules find themselves: the decorators that make a function a rule, and the walk that collects those of `rules/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Flag, auto
from functools import cache, partial
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from ..catalog.snapshot import DATABASE, Column, Oid, Table
from ..errors import CouldNotLook
from ..expected.difference import Difference
from ..expected.verdict import issue_type
from ..issue import Finding, Severity
from .docket import Docket
from .fact import fact
from .scene import Scene, Undecided

BUILT_IN = "pgmend"


class Reads(Flag):
    """What of a scene a rule looks at: a change elsewhere cannot change its findings."""

    COLUMNS = auto()
    CONSTRAINTS = auto()
    INDEXES = auto()
    RELATIONS = auto()
    MEASUREMENTS = auto()
    COUNTERS = auto()
    TRIGGERS = auto()
    POLICIES = auto()
    VIEWS = auto()
    ROUTINES = auto()
    SCHEMAS = auto()
    EXPECTED = auto()
    EVENTS = auto()


Judge = Callable[[Table, Scene], Iterator[Finding]]
DatabaseJudge = Callable[[Scene], Iterator[Finding]]
Suspects = Callable[[Docket], Iterable[Table]]
ExpectationJudge = Callable[[Difference, Scene], Finding]


class Hearing(NamedTuple):
    """One subject before a rule: a table, or the database; `find` judges it."""

    subject: Oid
    name: str
    find: Callable[[], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a column by itself, whichever table has it; `seen` is what the catalogs say of it."""

    current_state: str
    expected_state: str
    seen: str


ColumnJudge = Callable[[Column], Fault | None]


def everyone(docket: Docket) -> Iterable[Table]:
    """Every table is a suspect."""
    return docket.tables


@dataclass(frozen=True, slots=True)
class Rule:
    """A judge of one table within its scene, the type of issue it opens and the severity in a critical table.

    `suspects` are the tables of a docket that have to be judged: on all others the judge would find nothing. It saves
    ten thousand calls. Where it raises Undecided, the rule says nothing of any table this time.
    `source` is where it comes from: pgmend, or for an own rule the package or the file.
    """

    issue_type: str
    severity: Severity
    reads: Reads
    judge: Judge
    stem: str
    suspects: Suspects = everyone
    source: str = field(default=BUILT_IN, kw_only=True)

    @property
    def own(self) -> bool:
        """Whether somebody else wrote it."""
        return self.source != BUILT_IN

    @property
    def summary(self) -> str:
        """The first line of what the rule says of itself."""
        return _first_line(self.judge)

    def hearings(self, scene: Scene, docket: Docket, *, database: bool) -> Iterator[Hearing]:
        """Each of the suspects; the database is not its subject. Raises what `suspects` does."""
        del database
        suspects = self.suspects(docket)
        return (Hearing(table.oid, table.qualified_name, partial(self.judge, table, scene)) for table in suspects)


@dataclass(frozen=True, slots=True)
class DatabaseRule:
    """A judge of what is in no table: views, routines, schemas. Its findings are on DATABASE and name their place."""

    issue_type: str
    severity: Severity
    reads: Reads
    judge: DatabaseJudge
    stem: str
    source: str = field(default=BUILT_IN, kw_only=True)

    @property
    def own(self) -> bool:
        """Whether somebody else wrote it."""
        return self.source != BUILT_IN

    @property
    def summary(self) -> str:
        """The first line of what the rule says of itself."""
        return _first_line(self.judge)

    def hearings(self, scene: Scene, docket: Docket, *, database: bool) -> Iterator[Hearing]:
        """The database, where it is to be judged."""
        del docket
        return iter([Hearing(DATABASE, "the database", partial(self.judge, scene))] if database else ())


@dataclass(frozen=True, slots=True)
class ExpectationRule:
    """What to make of those differences from the expected schema that this type of issue tells, wherever they are.

    `silent` says of which it makes nothing.
    """

    issue_type: str
    severity: Severity
    judge: ExpectationJudge
    stem: str
    reads: Reads = Reads.EXPECTED
    silent: Callable[[Difference], bool] | None = None
    source: str = field(default=BUILT_IN, kw_only=True)

    @property
    def own(self) -> bool:
        """Whether somebody else wrote it."""
        return self.source != BUILT_IN

    @property
    def summary(self) -> str:
        """The first line of what the rule says of itself."""
        return _first_line(self.judge)

    def hearings(self, scene: Scene, docket: Docket, *, database: bool) -> Iterator[Hearing]:
        """The tables that differ, and the database where it is to be judged; all, while nobody could look."""
        expected = scene.expected
        if expected.hidden is not None:
            yield Hearing(DATABASE, "the database", partial(self._find, DATABASE, scene))
        if expected.expectation is None:
            return
        for table in docket.tables:
            if expected.unseen is not None or table.oid in expected.differences:
                yield Hearing(table.oid, table.qualified_name, partial(self._find, table.oid, scene))
        if database:
            yield Hearing(DATABASE, "the database", partial(self._find, DATABASE, scene))

    def _find(self, subject: Oid, scene: Scene) -> Iterator[Finding]:
        for difference in scene.expected.differences.get(subject, ()):
            if issue_type(difference) == self.issue_type and not (self.silent and self.silent(difference)):
                yield self.judge(difference, scene)
        if scene.expected.hidden is not None:
            raise Undecided(scene.expected.hidden)
        if scene.expected.unseen is not None:
            raise CouldNotLook(f"The schema was not compared with the expected one: {scene.expected.unseen}")


AnyRule = Rule | DatabaseRule | ExpectationRule


def rule(
    issue_type: str, severity: Severity, reads: Reads, *, suspects: Suspects = everyone
) -> Callable[[Judge], Rule]:
    """Make a judging function a rule. Its module's name is the stem that docs page and test share."""

    def make(judge: Judge) -> Rule:
        return Rule(issue_type, severity, reads, judge, _stem(judge), suspects)

    return make


def column_rule(issue_type: str, severity: Severity) -> Callable[[ColumnJudge], Rule]:
    """Make a function that judges a column by itself a rule.

    It is asked once for each different column, however many tables have it. An inherited column is its parent's
    matter, and those of a foreign table are the other server's: neither is asked about.
    """

    def make(fault: ColumnJudge) -> Rule:
        def guilty(column: Column) -> Fault | None:
            return None if column.inherited else fault(column)

        def judge(table: Table, _: Scene) -> Iterator[Finding]:
            if table.kind != "f":
                for column in table.columns:
                    if found := guilty(column):
                        yield finding_of_column(table, column, found)

        judge.__doc__ = fault.__doc__
        return Rule(issue_type, severity, Reads.COLUMNS, judge, _stem(fault), lambda docket: docket.having(guilty))

    return make


def database_rule(issue_type: str, severity: Severity, reads: Reads) -> Callable[[DatabaseJudge], DatabaseRule]:
    """Make a function that judges the surroundings of the tables a rule.

    It may look at `scene.surroundings`, at the changes of DATABASE, and at what tables say of themselves that some view
    reads (their owner, name and row security, no columns or indexes): what else moves does not call it again.
    """

    def make(judge: DatabaseJudge) -> DatabaseRule:
        return DatabaseRule(issue_type, severity, reads, judge, _stem(judge))

    return make


def expectation_rule(issue_type: str, severity: Severity) -> Callable[[ExpectationJudge], ExpectationRule]:
    """Make a function that judges one difference from the expected schema a rule."""

    def make(judge: ExpectationJudge) -> ExpectationRule:
        return ExpectationRule(issue_type, severity, judge, _stem(judge))

    return make


def _first_line(judge: Judge | DatabaseJudge | ExpectationJudge) -> str:
    return next(iter((judge.__doc__ or "").strip().splitlines()), "")


def finding_of_column(table: Table, column: Column, fault: Fault) -> Finding:
    """The fault, found in that table."""
    return Finding(
        table.oid,
        current_state=fault.current_state,
        expected_state=fault.expected_state,
        columns=(column.number,),
        evidence=(fact(fault.seen),),
    )


def _stem(judge: Callable[..., object]) -> str:
    return judge.__module__.rpartition(".")[2]


@cache
def builtin_rules() -> tuple[AnyRule, ...]:
    """Every rule on the path of package `rules`, by issue type."""
    package = import_module("..rules", __package__)
    modules = [import_module(f"{package.__name__}.{module.name}") for module in iter_modules(package.__path__)]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, AnyRule)}
    return tuple(sorted(found, key=lambda each: each.issue_type))
