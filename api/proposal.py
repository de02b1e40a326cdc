"""An issue with its plan, as it is shown before anything is approved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from rich.console import Console, Group
from rich.text import Text

from ..listener.desk import Desk, IssueFilter, Preview, ShownIssue
from ..listener.errors import FixError, InvalidRequest, NoRemedy
from ..listener.fixes.order import ordered
from ..listener.fixes.preflight import objection
from ..listener.settings import Settings
from ..listener.written_code import WrittenCode
from .report.document import SCHEMA_VERSION, plan_document
from .report.plan_code import code_document, code_lines
from .report.printable import one_line, printable
from .report.script import comment, plan_lines, preamble
from .report.terminal import plan_text
from .report.view import view_shown

if TYPE_CHECKING:
    from ..listener.source.alongside import CodeAlongside
    from ..listener.source.rewriting.conversions import CodeConversions


@dataclass(frozen=True, slots=True)
class Proposal:
    """An issue with its plan, or with the error that says why there is none. `code` is what changes of the code below
    `root` with it, where somebody asked for that."""

    issue: ShownIssue
    preview: Preview | None
    error: FixError | None = None
    code: CodeConversions | None = None
    root: Path | None = None

    @property
    def feasible(self) -> bool:
        """Whether approving it would do something."""
        return self.objection is None

    @property
    def needs_a_person(self) -> bool:
        """Whether no program knows what to do about it."""
        return isinstance(self.error, NoRemedy)

    @property
    def refusal(self) -> str | None:
        """Why there is no plan."""
        return None if self.preview else str(self.error or "no plan")

    @property
    def told_code(self) -> tuple[CodeConversions, Path] | None:
        """What changes of the code, and where that is."""
        return None if self.code is None or self.root is None else (self.code, self.root)

    @property
    def objection(self) -> str | None:
        """Why it cannot be applied as things are: no plan, or one that a check speaks against."""
        if self.preview is None:
            return self.refusal
        plan = self.preview.plan
        if plan.refusal or plan.waits_for:
            return plan.refusal or f"waits for {plan.waits_for}"
        return objection(plan.proofs)


async def propose(
    desk: Desk,
    issue_ids: Sequence[str] | None = None,
    select: tuple[str, ...] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Proposal, ...]:
    """Plans for those issues, or for every open one; in the order in which they can be applied."""
    issues = (
        [await desk.issue(each) for each in issue_ids] if issue_ids is not None else await _open_issues(desk, select)
    )
    proposals: list[Proposal] = []
    for number, issue in enumerate(issues, 1):
        told(f"planning {number} of {len(issues)}: {issue.issue_type} {view_shown(issue).where}")
        proposals.append(await _propose(desk, issue))
    return tuple(ordered(proposals, key=lambda each: each.preview.plan if each.preview else None))


async def with_code(
    proposals: Sequence[Proposal], code: CodeAlongside, connection: AsyncConnection[TupleRow], settings: Settings
) -> tuple[Proposal, ...]:
    """The proposals, each with what changes of the code with it. `connection` is in autocommit mode and of its own."""
    found: list[Proposal] = []
    for each in proposals:
        remedy = each.preview.plan.remedy if each.preview is not None else None
        goes_with = None
        if remedy is not None and not isinstance(remedy, WrittenCode):
            goes_with = await code.goes_with(connection, remedy, settings)
        found.append(replace(each, code=goes_with, root=code.root))
    return tuple(found)


def render(proposals: Sequence[Proposal], form: str, *, colour: bool = False) -> str:
    """Proposals as text, as the JSON that `fix --plan` takes, or as a script for psql."""
    if form == "json":
        plans = [_document(each) for each in proposals]
        return json.dumps({"schema_version": SCHEMA_VERSION, "plans": plans}, ensure_ascii=False, indent=2)
    if form == "sql":
        return "\n".join([*preamble(), *(line for each in proposals for line in _script(each))])
    console = Console(soft_wrap=True, force_terminal=colour, no_color=not colour, width=160)
    with console.capture() as capture:
        for each in proposals:
            console.print(_block(each))
        feasible = sum(each.feasible for each in proposals)
        console.print(f"{feasible} of {len(proposals)} issues can be fixed.")
    return capture.get().rstrip()


def read_plan_file(file: Path) -> Mapping[str, str]:
    """Plan hashes by issue id, as `pgmend plan --format json` wrote them; raises InvalidRequest."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        plans = document["plans"]
        return {each["issue_id"]: each["plan"]["plan_hash"] for each in plans if each["plan"] is not None}
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidRequest(f"{file} is no plan file; make one with `pgmend plan --format json -o FILE`.") from error


async def _open_issues(desk: Desk, select: tuple[str, ...] | None) -> list[ShownIssue]:
    found: list[ShownIssue] = []
    while True:
        page = (await desk.issues(IssueFilter(issue_types=select), limit=500, offset=len(found))).page
        found += page.items
        if len(found) >= page.total or not page.items:
            return found


async def _propose(desk: Desk, issue: ShownIssue) -> Proposal:
    try:
        return Proposal(issue, await desk.preview(issue.issue_id))
    except FixError as error:
        return Proposal(issue, None, error)


def _document(proposal: Proposal) -> dict[str, object]:
    plan = proposal.preview.plan if proposal.preview else None
    return {
        "issue_id": proposal.issue.issue_id,
        "issue_type": proposal.issue.issue_type,
        "fix_id": str(proposal.preview.fix.fix_id) if proposal.preview else None,
        "refusal": proposal.refusal,
        "plan": None if plan is None else plan_document(plan),
        **({"code": code_document(*proposal.told_code)} if proposal.told_code is not None else {}),
    }


def _block(proposal: Proposal) -> Group:
    view = view_shown(proposal.issue)
    head = Text(f"{view.issue_type} {one_line(view.where)}  {view.issue_id}", style="bold underline")
    if proposal.preview is None:
        return Group(head, Text(f"no plan: {printable(proposal.refusal or '')}", style="magenta"))
    told = [Text(line, style="cyan") for line in code_lines(*proposal.told_code)] if proposal.told_code else []
    return Group(head, plan_text(proposal.preview.plan, only_read=proposal.objection), *told)


def _script(proposal: Proposal) -> Iterator[str]:
    view = view_shown(proposal.issue)
    yield from comment(f"{view.issue_type} {one_line(view.where)} ({view.issue_id}): {view.sentence}")
    if proposal.preview is None:
        yield from comment(f"no plan: {proposal.refusal or ''}")
    else:
        plan = proposal.preview.plan
        for proof in plan.proofs:
            yield from comment(f"{proof.name}: {proof.verdict.value}: {proof.figures}")
            for example in proof.counter_examples if proof.alone or proof.forecast else ():
                yield from comment(f"  {example}")
        yield from plan_lines(plan, only_read=proposal.objection)
        for line in code_lines(*proposal.told_code) if proposal.told_code is not None else ():
            yield from comment(line)
    yield ""
