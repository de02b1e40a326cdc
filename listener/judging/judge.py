"""The judge: runs every rule on the tables it is given, and says what it found and what it could not decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from ..catalog.snapshot import DATABASE, Oid, Table
from ..catalog.surroundings import Place
from ..errors import CouldNotLook
from ..issue import Finding, Issue, Severity, column_list, definition_hash, issue_id
from ..relations.measurement import Subject, is_countable
from ..relations.relation import Link, link_of
from ..relations.weights import BELIEVED
from ..settings import DEFAULT_CRITICAL_TABLES, matches
from .docket import Docket, either
from .precedence import without_told_twice
from .registry import AnyRule, ExpectationRule, Hearing, builtin_rules
from .roster import Roster
from .scene import Scene, Undecided
from .wanted_keys import REPETITION, suspected_of_repetition, wanted_keys

OWN_RULES = "OWN_RULES"  # what a check is called whose rules could not even be loaded
log = structlog.get_logger()


class CheckStatus(StrEnum):
    """How one rule fared, the last that applies: it passed, was skipped in part, failed, or could not run in part."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    COULD_NOT_RUN = "could_not_run"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One rule over all tables: how it fared, how many issues it opens, and the first reason why it did not decide.

    `undecided` counts the tables of which it says nothing (skipped or could not run).
    """

    issue_type: str
    stem: str
    status: CheckStatus
    issues: int = 0
    undecided: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Issues, worst first, then by type and name. `undecided` are pairs of issue type and table (or DATABASE).

    Of an undecided pair nothing is known but the issues that are here: one that is not here is not thereby resolved.
    """

    issues: tuple[Issue, ...]
    checks: tuple[CheckOutcome, ...]
    undecided: frozenset[tuple[str, Oid]]


class Judge:
    """Rules, and the tables in which a critical issue is critical; elsewhere it is medium."""

    def __init__(
        self,
        rules: Sequence[AnyRule] | Roster | None = None,
        critical_tables: tuple[str, ...] = DEFAULT_CRITICAL_TABLES,
    ) -> None:
        self.roster = rules if isinstance(rules, Roster) else Roster.of(builtin_rules() if rules is None else rules)
        self._rules = self.roster.judging
        self._absent = tuple(_absent(self.roster))
        self._critical_tables = critical_tables
        self._is_critical: dict[tuple[str, str], bool] = {}

    @staticmethod
    def docket(scene: Scene, tables: Iterable[Oid]) -> Docket:
        """Those of the tables that are judged: the ones that are left alone or gone are passed over."""
        known = scene.snapshot.tables
        found = (known.get(oid) for oid in tables)
        return Docket([table for table in found if table is not None and not table.left_alone], scene)

    def judge(self, scene: Scene, tables: Iterable[Oid], docket: Docket | None = None) -> Judgement:
        """All that the rules find in those tables, and with DATABASE among them in what is around the tables. `docket`
        is that of the same scene and tables, where it is there already."""
        tables = frozenset(tables)
        docket = docket or self.docket(scene, tables)
        issues: list[Issue] = []
        checks: list[CheckOutcome] = []
        undecided: set[tuple[str, Oid]] = set()
        for rule in self._rules:
            trial = _Trial(rule, scene)
            found: dict[str, Issue] = {}
            for finding in trial.findings(docket, database=DATABASE in tables):
                issue = self._issue(rule, finding, scene)
                if found.setdefault(issue.issue_id, issue) is not issue:
                    trial.found_twice(issue)
            issues += found.values()
            checks.append(trial.outcome(len(found)))
            undecided.update((rule.issue_type, table) for table in trial.undecided)
        issues = without_told_twice(issues)
        return Judgement(tuple(sorted(issues, key=_order)), (*checks, *self._absent), frozenset(undecided))

    def needed_measurements(self, docket: Docket) -> frozenset[Subject]:
        """The links and keys of those tables whose counts can decide something, or tell whose rows are in the way."""
        scene = docket.scene
        suspects = either(docket.unvalidated, docket.related)
        links = {link for table in suspects for link in _worth_counting(table, scene)}
        return frozenset(links | {key for table in self._keyed(docket) for key in wanted_keys(table, scene).keys})

    def _keyed(self, docket: Docket) -> Iterable[Table]:
        """The tables whose keys are counted: that takes longer than all else, and is done for one rule only."""
        if not self.roster.judges(REPETITION):
            return ()
        suspects = suspected_of_repetition(docket)
        return [each for each in suspects if not self.roster.why_closed(REPETITION, each.schema, each.name)]

    def _issue(self, rule: AnyRule, finding: Finding, scene: Scene) -> Issue:
        severity, place, column = finding.severity or rule.severity, finding.place, ""
        if place is None:
            table = scene.snapshot.tables[finding.table]
            if severity is Severity.CRITICAL and not self._holds_critical(table, scene):
                severity = Severity.MEDIUM
            place = Place(table.schema, table.name, finding.object_name)
            column = column_list(table.names(finding.columns))
        elif severity is Severity.CRITICAL and not self._is_as_bad_in(place, rule):
            severity = Severity.MEDIUM
        return Issue(
            issue_id=issue_id(rule.issue_type, place.schema, place.name, column, place.part),
            issue_type=rule.issue_type,
            severity=severity,
            schema=place.schema,
            table=place.name,
            column=column,
            object_name=place.part,
            table_oid=finding.table,
            current_state=finding.current_state,
            expected_state=finding.expected_state,
            evidence=finding.evidence,
            remedy=finding.remedy,
            doubt=finding.doubt,
            event_id=finding.event_id,
            definition_hash=definition_hash(finding.current_state, finding.expected_state, finding.untold),
            columns=finding.columns,
        )

    def _is_as_bad_in(self, place: Place, rule: AnyRule) -> bool:
        """A table that is missing is as critical as its name says; what else is in no table has no such name."""
        return not isinstance(rule, ExpectationRule) or matches(self._critical_tables, place.schema, place.name)

    def _holds_critical(self, table: Table, scene: Scene) -> bool:
        """Whether the table, or one that it is a partition of, is a critical one."""
        name = table.schema, table.name
        if name not in self._is_critical:
            self._is_critical[name] = matches(self._critical_tables, *name)
        if self._is_critical[name]:
            return True
        parents = (scene.snapshot.tables.get(oid) for oid in table.parents)
        return any(self._holds_critical(parent, scene) for parent in parents if parent is not None)


class _Trial:
    """One rule's run over the tables."""

    def __init__(self, rule: AnyRule, scene: Scene) -> None:
        self._rule = rule
        self._scene = scene
        self._status = CheckStatus.PASSED
        self._reason: str | None = None
        self.undecided: set[Oid] = set()

    def findings(self, docket: Docket, *, database: bool) -> Iterator[Finding]:
        """What the rule finds; where it raises, what it found so far."""
        for subject, name, find in self._hearings(docket, database=database):
            try:
                yield from find()
            except Exception as error:  # noqa: BLE001 - one rule's defect must not hide what the others see
                self._raised(error, (subject,), f" on {name}")

    def _hearings(self, docket: Docket, *, database: bool) -> Iterable[Hearing]:
        try:
            return self._rule.hearings(self._scene, docket, database=database)
        except Exception as error:  # noqa: BLE001 - as above
            self._raised(error, [table.oid for table in docket.tables], "")
            return ()

    def _raised(self, error: Exception, subjects: Iterable[Oid], where: str) -> None:
        match error:
            case Undecided():
                status, reason = CheckStatus.SKIPPED, str(error)
            case CouldNotLook():
                status, reason = CheckStatus.COULD_NOT_RUN, str(error)
            case _:
                log.error("rule failed", rule=self._rule.stem, where=where, exc_info=error)
                status = CheckStatus.COULD_NOT_RUN
                reason = f"{self._rule.stem} failed{where}: {type(error).__name__}: {error}"
        self._undecided(subjects, status, reason)

    def outcome(self, issues: int) -> CheckOutcome:
        """How it went."""
        status = self._status
        if issues and status is not CheckStatus.COULD_NOT_RUN:
            status = CheckStatus.FAILED
        rule = self._rule
        return CheckOutcome(rule.issue_type, rule.stem, status, issues, len(self.undecided), self._reason)

    def found_twice(self, issue: Issue) -> None:
        """Two issues under one name would overwrite each other in silence: a defect of the rule."""
        reason = f"{self._rule.stem} found {issue.issue_type} on {issue.where} twice under one name"
        log.error("rule failed", rule=self._rule.stem, reason=reason)
        self._undecided((issue.table_oid,), CheckStatus.COULD_NOT_RUN, reason)

    def _undecided(self, subjects: Iterable[Oid], status: CheckStatus, reason: str) -> None:
        self.undecided.update(subjects)
        if self._status is not CheckStatus.COULD_NOT_RUN and status is not self._status:
            self._status, self._reason = status, reason


def _absent(roster: Roster) -> Iterator[CheckOutcome]:
    """The rules that do not judge, and why."""
    for place in roster.places:
        if place.off is not None:
            rule = place.rule
            yield CheckOutcome(rule.issue_type, rule.stem, CheckStatus.SKIPPED, reason=place.off)
    for lack in roster.lacks:
        yield CheckOutcome(lack.issue_type or OWN_RULES, lack.source, CheckStatus.COULD_NOT_RUN, reason=lack.reason)


def _worth_counting(table: Table, scene: Scene) -> Iterator[Link]:
    for key in table.constraints:
        if key.kind == "f" and not key.validated and key.enforced and not key.parent:
            link = link_of(table.oid, key.columns, key.referenced_table, key.referenced_columns)
            if is_countable(link, scene.snapshot):
                yield link
    for relation in scene.relations.inferred(table.oid):
        if relation.at_best >= BELIEVED or (relation.believed and is_countable(relation.link, scene.snapshot)):
            yield relation.link


def _order(issue: Issue) -> tuple[int, str, str, str, str, str]:
    return issue.severity.rank, issue.issue_type, issue.schema, issue.table, issue.column, issue.object_name
