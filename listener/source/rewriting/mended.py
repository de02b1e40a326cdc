"""What of an analysis can be mended in the code: the edits per issue, what is left and why, and whom it concerns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..extracted import Site
from .code_file import CodeFile
from .edit import Edit, OverlappingEdits, rewritten


class Note(NamedTuple):
    """What a person should look at, and where."""

    site: Site
    said: str


@dataclass(frozen=True, slots=True)
class Mending:
    """The edits that make an issue go. Several issues of one statement have the same."""

    issue_id: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Mendings:
    """`ready` are the issues that edits make go, `left` those that were looked at for it and why they stay. `files` are
    those that are edited, by path."""

    ready: tuple[Mending, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[Note, ...] = ()
    files: Mapping[str, CodeFile] = field(default_factory=dict[str, CodeFile])

    def joined(self, other: Mendings) -> Mendings:
        """Both. Where they want different things of the same place, the other's stay as they are."""
        taken = self.edits()
        ready, left = list(self.ready), {**other.left, **self.left}
        done = {each.issue_id for each in self.ready}
        for each in other.ready:
            if each.issue_id in done:
                continue
            try:
                for edit in each.edits:
                    rewritten(other.files[edit.file].text, (*taken.get(edit.file, ()), edit))
            except OverlappingEdits as error:
                left[each.issue_id] = str(error)
            else:
                ready.append(each)
        left = {name: why for name, why in left.items() if name not in {each.issue_id for each in ready}}
        return Mendings(tuple(ready), left, (*self.notes, *other.notes), {**other.files, **self.files})

    def without(self, issue_ids: Collection[str], files: Collection[str] = ()) -> Mendings:
        """All but what makes those issues go, or changes one of those files; nor what shares an edit with it, of which
        half would be done."""
        ready, gone = self.ready, set(issue_ids)
        gone |= {each.issue_id for each in ready if any(edit.file in files for edit in each.edits)}
        while True:
            lost = {edit for each in ready if each.issue_id in gone for edit in each.edits}
            more = {each.issue_id for each in ready if not lost.isdisjoint(each.edits)}
            if more <= gone:
                return replace(self, ready=tuple(each for each in ready if each.issue_id not in gone))
            gone |= more

    def edits(self, issue_ids: Iterable[str] | None = None) -> Mapping[str, tuple[Edit, ...]]:
        """The edits of those issues, or of all, by file."""
        wanted = None if issue_ids is None else set(issue_ids)
        found: defaultdict[str, set[Edit]] = defaultdict(set)
        for each in self.ready:
            for edit in each.edits if wanted is None or each.issue_id in wanted else ():
                found[edit.file].add(edit)
        return {path: tuple(sorted(found[path])) for path in sorted(found)}
