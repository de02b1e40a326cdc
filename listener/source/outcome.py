"""What an analysis comes to: what people live with, and what a baseline has, set apart from what is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..check import IgnoredIssue, set_apart
from ..ignore_file import IgnoreFile
from ..issue import Issue
from ..store.ignored import Ignoring
from .analysis import Analysis
from .baseline import Baseline, Entry
from .code_types import code_types
from .panel import Panel
from .remarks import Remark, Remarks


@dataclass(frozen=True, slots=True)
class Outcome:
    """`issues` count; `ignored` are those that somebody lives with, `known` those of the baseline, `gone` its entries
    that are none any more. `complaints` are about the ignore file and such comments."""

    analysis: Analysis
    issues: tuple[Issue, ...]
    ignored: tuple[IgnoredIssue, ...] = ()
    known: tuple[Issue, ...] = ()
    gone: tuple[Entry, ...] = ()
    complaints: tuple[str, ...] = ()


def reckon(
    analysis: Analysis,
    panel: Panel,
    file: IgnoreFile | None,
    here: Mapping[str, Ignoring],
    baseline: Baseline | None,
    *,
    remarks: Remarks,
    whole: bool,
) -> Outcome:
    """What is told of an analysis; `here` is what the database ignores, `remarks` what comments in the code do. Of the
    ignore file is told what covers nothing where the analysis was of the `whole` folder beside it."""
    calls = {name: one.statement.call for name, one in analysis.grounds.items()}
    by_comment = [(issue, remarks.about(issue, calls.get(issue.issue_id))) for issue in analysis.issues]
    matter, ignored = set_apart([issue for issue, remark in by_comment if remark is None], file, here)
    ignored += [_by_comment(issue, remark) for issue, remark in by_comment if remark is not None]
    new, known = (tuple(matter), ()) if baseline is None else baseline.parted(matter)
    unread = {each.path for each in analysis.extraction.unreadable} | {each.site.file for each in analysis.unseen}
    gone = () if baseline is None else baseline.gone(analysis.issues, panel.types, unread)
    complaints = [*_complaints(file, analysis, panel, whole=whole), *remarks.complaints]
    if analysis.saw_everything:
        used = {remark for _, remark in by_comment}
        complaints += [
            _useless(each) for each in remarks.usable if each not in used and panel.types.issuperset(each.types)
        ]
    return Outcome(analysis, new, tuple(ignored), known, gone, tuple(complaints))


def _by_comment(issue: Issue, remark: Remark) -> IgnoredIssue:
    return IgnoredIssue(issue, Ignoring(issue.issue_id, remark.reason, "a comment"), f"{remark.file}:{remark.line}")


def _useless(remark: Remark) -> str:
    return f"the comment at {remark.file}:{remark.line} ({', '.join(remark.types)}) covers no issue; take it out."


def _complaints(file: IgnoreFile | None, analysis: Analysis, panel: Panel, *, whole: bool) -> Iterator[str]:
    """What of the ignore file cannot be used, is over, or covers nothing; what may be about the schema is left to
    `pgmend check`."""
    if file is None:
        return
    yield from file.complaints
    everything = whole and analysis.saw_everything and panel.types.issuperset(code_types())
    of_code = [each for each in file.entries if each.is_only_about(code_types())]
    yield from file.stale(
        analysis.issues, datetime.now(UTC), entries=of_code, unseen=() if everything else code_types()
    )
