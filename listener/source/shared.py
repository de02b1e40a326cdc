"""Which defects are sure where a call may send several texts.

Conditions that go together are followed each by itself, so that some of the texts may never be sent. A defect is sure
if all texts have it, or at least all those with the piece of code that it is in: then any of them that is sent has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from .examined import Examined
from .extracted import CodeStatement, Site
from .judgements.judgement import Defect, Judgement
from .sqltext import Written

Found = tuple[Judgement, Examined, Defect]


def sure(found: Sequence[Found], examined: Sequence[Examined]) -> Iterator[Found]:
    """The defects without those that only some texts of their call have."""
    texts: defaultdict[Site, dict[int, CodeStatement]] = defaultdict(dict)
    for one in examined:
        texts[one.statement.call][id(one.statement)] = one.statement
    having: defaultdict[tuple[object, ...], set[int]] = defaultdict(set)
    for judgement, one, defect in found:
        having[_key(judgement, one, defect)].add(id(one.statement))
    for judgement, one, defect in found:
        of_call = texts[one.statement.call]
        if len(of_call) == 1 or not (judgement.of_all or judgement.of_piece):
            yield judgement, one, defect
            continue
        piece = None if judgement.of_all else _piece(one.statement, defect.site)
        wanted = {name for name, text in of_call.items() if piece is None or piece in _places(text)}
        if wanted <= having[_key(judgement, one, defect)]:
            yield judgement, one, defect


def _key(judgement: Judgement, one: Examined, defect: Defect) -> tuple[object, ...]:
    if judgement.of_all:
        return judgement.issue_type, one.statement.call
    return judgement.issue_type, one.statement.call, defect.site, defect.column


def _piece(statement: CodeStatement, site: Site) -> Site | None:
    """Where the piece begins that such a place is in; None where that is not known."""
    before = [each for each in _places(statement) if each <= site and each.file == site.file]
    return max(before, default=None)


def _places(statement: CodeStatement) -> set[Site]:
    return {
        Site(each.file or statement.call.file, each.line, each.column)
        for each in statement.text
        if isinstance(each, Written) and each.line
    }
