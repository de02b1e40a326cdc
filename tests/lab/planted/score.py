"""What was said of planted code, held against what had to be said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pgmend.listener.issue import Issue

from .tree import Case, Written


class Fault(NamedTuple):
    """A defect that was missed, or an issue that is none."""

    what: str
    case: Case
    said: str


@dataclass
class Tally:
    """Counts of one type, form or way."""

    planted: int = 0
    found: int = 0
    false: int = 0

    @property
    def recall(self) -> float:
        """The share of what was planted that was found."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """The share of what was said that is so."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0


@dataclass
class Score:
    """All of it, and each by its type, form, way and driver."""

    whole: Tally = field(default_factory=Tally)
    types: dict[str, Tally] = field(default_factory=dict[str, Tally])
    forms: dict[str, Tally] = field(default_factory=dict[str, Tally])
    routes: dict[str, Tally] = field(default_factory=dict[str, Tally])
    senders: dict[str, Tally] = field(default_factory=dict[str, Tally])
    faults: list[Fault] = field(default_factory=list[Fault])
    cases: int = 0

    def take(self, written: Written, issues: Sequence[Issue]) -> None:
        """Add one tree."""
        heard: dict[tuple[int, bool], list[Issue]] = {}
        for issue in issues:
            assert issue.site is not None
            case = written.case(issue.site.file, issue.site.line)
            if case is None:
                raise AssertionError(f"nobody wrote {issue.site}")
            heard.setdefault((case.number, case.planted), []).append(issue)
        for case in written.cases:
            self._judge(written, case, heard.get((case.number, case.planted), []))

    def _judge(self, written: Written, case: Case, issues: Iterable[Issue]) -> None:
        self.cases += 1
        right, others = 0, list[Issue]()
        for issue in issues:
            if case.planted and _is_it(written, case, issue):
                right += 1
            elif not any(each.kind == "condition" for each in issue.evidence):  # then it is said to run only sometimes
                others.append(issue)
        for tally in self._tallies(case):
            tally.planted += case.planted
            tally.found += right > 0
            tally.false += len(others)
        self.types.setdefault(case.issue_type, Tally()) if case.issue_type else None
        if case.planted:
            self.types[case.issue_type].planted += 1
            self.types[case.issue_type].found += right > 0
            if not right:
                self.faults.append(Fault("missed", case, ""))
        for each in others:
            self.types.setdefault(each.issue_type, Tally()).false += 1
            self.faults.append(Fault("false", case, f"{each.issue_type}: {each.current_state} [{each.site}]"))

    def _tallies(self, case: Case) -> list[Tally]:
        return [
            self.whole,
            self.forms.setdefault(case.form, Tally()),
            self.routes.setdefault(case.route, Tally()),
            self.senders.setdefault(case.sender, Tally()),
        ]


def _is_it(written: Written, case: Case, issue: Issue) -> bool:
    """Whether the issue is the planted one: of its type, of that name, where that is written."""
    if issue.issue_type != case.issue_type or issue.site is None:
        return False
    if not case.missing:
        return True
    named = issue.table if case.issue_type == "UNKNOWN_TABLE" else issue.column
    return named == case.missing and (issue.site.file, issue.site.line) in written.lines(case)
