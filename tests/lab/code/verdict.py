"""What a person said of each alarm on a real code base."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pgmend.listener.issue import Issue, Severity

from tests.lab.verdict import Opinion

_FOLDER = Path(__file__).with_name("verdicts")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The opinion on the alarms of a type in a file whose statement has those words in it."""

    issue_type: str
    file: str
    words: str
    opinion: Opinion
    reason: str

    def is_on(self, issue: Issue) -> bool:
        """Whether it is about that alarm."""
        if issue.site is None or (self.issue_type, self.file) != (issue.issue_type, issue.site.file):
            return False
        return self.words in " ".join(issue.site.statement.split())


def verdicts_on(name: str) -> tuple[Verdict, ...]:
    """All verdicts on one code base."""
    path = _FOLDER / f"{name}.toml"
    entries = tomllib.loads(path.read_text())["verdict"] if path.exists() else []
    return tuple(
        Verdict(each["issue_type"], each["file"], each["words"], Opinion(each["verdict"]), each["reason"])
        for each in entries
    )


def objections(issues: Iterable[Issue], verdicts: Iterable[Verdict]) -> list[str]:
    """Alarms without a verdict, critical ones that are false, and verdicts on what nobody says any more."""
    listed, known = list(issues), list(verdicts)
    found = [
        f"nobody has judged {each.issue_type} in {each.site.file}:{each.site.line}: {each.current_state}"
        for each in listed
        if each.site is not None and not any(verdict.is_on(each) for verdict in known)
    ]
    for verdict in known:
        on = [each for each in listed if verdict.is_on(each)]
        if verdict.opinion is Opinion.FALSE and any(each.severity is Severity.CRITICAL for each in on):
            found.append(f"a false critical alarm: {verdict.issue_type} in {verdict.file}: {verdict.words}")
        if not on:
            found.append(f"missed, or mended: {verdict.issue_type} in {verdict.file}: {verdict.words}")
    return found
