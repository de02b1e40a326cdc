"""An object taken from one state to another and back, each way in one transaction.

Catalogs have no fingerprint for most objects: what a plan saw is kept as text and compared again before the first
statement. What the fix left is known by the rows that it wrote in the catalogs: they carry its transaction's number, as
does the record of the step, which committed with them. Whoever changes the object afterwards writes another number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from pglast import ast

from ...catalog.reread import READ_ANEW
from ...expected.portrait import ObjectName
from ..dependents.definition import literal
from ..execution.guard import guard
from ..plan import Check, Lock, Step
from ..sqlstates import MOVED
from .place import CATALOGS, condition
from .stored import verified

SEEN = "what is mended is as the plan saw it"
"""The check that stands first in the step that goes there."""
_ABSENT = "it is not there"
_FIRST_GROUP = "\\1"


@dataclass(frozen=True, slots=True)
class Turn:
    """The two ways. `state` is SQL of type text that tells the state; `before` is what it says now.

    `left` is an SQL condition: the object is as the fix left it. `locks` are those of both ways.
    """

    title: str
    undo_title: str
    state: str
    before: str | None
    left: str
    statements: tuple[str, ...]
    undo: tuple[str, ...]
    locks: tuple[Lock, ...] = field(default=())

    @property
    def taken_back(self) -> str:
        """An SQL condition: the object is as it was before the fix."""
        before = "null" if self.before is None else anew(literal(self.before))
        return f"{anew(self.state)} is not distinct from {before}"

    @property
    def untouched(self) -> Check:
        """The check that nobody has changed it since, for an undo that has something to make before it goes back."""
        changed = f"not ({self.left}) and not coalesce({self.taken_back}, false)"
        text = f"select coalesce({self.state}, {literal(_ABSENT)}) as now where {changed}"
        return Check("what is taken back is as the fix left it", text, "It was changed since.")

    def step(self, *, compares: bool = True) -> Step:
        """There."""
        before = "null" if self.before is None else literal(self.before)
        moved = f"select coalesce({self.state}, {literal(_ABSENT)}) as now where {self.state} is distinct from {before}"
        seen = Check(SEEN, moved, "It was changed since.")
        return Step(
            title=self.title,
            statements=(guard(seen, MOVED), *self.statements),
            transactional=True,
            probe=_probe(self.left),
            locks=self.locks,
            compares=compares,
        )

    def inverse(self) -> Step:
        """And back."""
        changed = f"select coalesce({self.state}, {literal(_ABSENT)}) as now where not ({self.left})"
        left = Check("what is taken back is as the fix left it", changed, "It was changed since.")
        return Step(
            title=self.undo_title,
            statements=(guard(left, MOVED), *self.undo),
            transactional=True,
            probe=_probe(self.taken_back),
            locks=self.locks,
        )


def anew(text: str) -> str:
    """SQL of that text as PostgreSQL writes it however often it has read it."""
    for pattern in READ_ANEW:
        text = f"pg_catalog.regexp_replace({text}, {literal(pattern)}, {literal(_FIRST_GROUP)}, 'g')"
    return text


def written_by(fix_id: UUID, name: ObjectName, ordinal: int = 1) -> str:
    """An SQL condition: the object's row in its catalog is still the one that this step of the fix wrote."""
    return row_written_by(fix_id, CATALOGS[name.kind].table, condition(name), ordinal)


def row_written_by(fix_id: UUID, catalog: str, where: str, ordinal: int = 1) -> str:
    """The same of a row `o` of any catalog."""
    step = (
        "(select s.xmin from pgmend.fix_step s"
        f" where s.fix_id = {literal(str(fix_id))}::uuid and s.direction = 'apply' and s.ordinal = {ordinal}"
        " and s.state = 'done' order by s.attempt desc limit 1)"
    )
    return f"exists (select from pg_catalog.{catalog} as o where {where} and o.xmin = {step})"


def _probe(done: str) -> str:
    return verified(f"select case when {done} then 'done' else 'before' end", ast.SelectStmt)
