"""An own rule: the decorator that makes a function of somebody else's one, and the supervision under which it judges.

Whatever such a function does, the listener goes on: what it raises, how long it takes and what it yields are its own
affair, told as `could_not_run` of this one rule.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast
from weakref import ref

import structlog

from ..catalog.snapshot import Table
from ..errors import CouldNotLook, RuleFailed, RuleRefused
from ..issue import Finding, Severity
from .own_finding import checked
from .registry import Reads, Rule, builtin_rules
from .scene import Scene

OWN = "own"
LONGEST_LOOK = 2.0  # seconds for all tables of one look; the listener's heartbeat waits meanwhile
_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_LONGEST_NAME = 63
# First words of issue types that are found without a rule, or that the next version may find.
_OURS = frozenset({"CHANGED", "DISABLED", "OPERATOR", "PARAMETER", "PGMEND", "UNKNOWN", "UNSAFE", "UNUSED"})
OwnJudge = Callable[[Table, Scene], Iterable[Finding]]
E = TypeVar("E")
log = structlog.get_logger()


def own_rule(name: str, *, severity: Severity | str, reads: Reads) -> Callable[[OwnJudge], Rule]:
    """Make a function that judges one table a rule of that name, which begins with a prefix of one's own (`ACME_…`).

    The function takes a table and the scene and yields findings on that table. The first line of its docstring says in
    a list of rules what it finds, the whole of it what `pgmend rule NAME` shows. Raises RuleRefused.
    """
    _check_name(name)
    try:
        known = Severity(severity)
    except ValueError:
        raise RuleRefused(f"{name}: there is no severity {severity!r}; write critical, medium or low.") from None
    if not isinstance(cast("object", reads), Reads) or not reads:
        raise RuleRefused(f"{name}: reads={reads!r} says nothing; write for instance Reads.COLUMNS | Reads.INDEXES.")

    def make(judge: OwnJudge) -> Rule:
        _check_signature(name, judge)
        return Rule(name, known, reads, Supervised(name, judge), name.lower(), source=OWN)

    return make


class Supervised:
    """Judges as the function does. Raises RuleFailed for everything that may not stop the others.

    What it may take is counted for each look, which is known by its scene; so is what has been written to the log.
    """

    def __init__(self, name: str, judge: OwnJudge) -> None:
        self.__doc__ = inspect.getdoc(judge) or ""
        self._name = name
        self._judge = judge
        self._look: ref[Scene] | None = None
        self._spent = 0.0
        self._told = False

    def __call__(self, table: Table, scene: Scene) -> Iterator[Finding]:
        """The findings on one table."""
        self._begin(scene)
        if self._spent > LONGEST_LOOK:
            raise RuleFailed(
                f"{self._name} was stopped before {table.qualified_name}: it had taken {self._spent:.1f} s, and one"
                f" look has {LONGEST_LOOK:g} s for it. Let it look up what it needs instead of walking all tables."
            )
        started = time.perf_counter()
        try:
            for number, finding in enumerate(self._found(table, scene)):
                yield checked(finding, table, scene, number)
        except CouldNotLook:
            raise
        except (Exception, SystemExit) as error:
            if not self._told:
                log.exception("own rule failed", rule=self._name, table=table.qualified_name)
                self._told = True
            raise RuleFailed(self._reason(error, table)) from error
        finally:
            self._spent += time.perf_counter() - started

    def _found(self, table: Table, scene: Scene) -> Iterable[object]:
        found = cast("object", self._judge(table, scene))
        if not isinstance(found, Iterable):
            raise TypeError(f"it returned {found!r}, which is no findings: `yield Finding(…)` makes some")
        return cast("Iterable[object]", found)

    def _begin(self, scene: Scene) -> None:
        if self._look is None or self._look() is not scene:
            self._look, self._spent, self._told = ref(scene), 0.0, False

    def _reason(self, error: BaseException, table: Table) -> str:
        """What it raised, and in which line of whose file."""
        said = f"{type(error).__name__}: {error}"
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        where = f" ({traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno})" if traceback is not None else ""
        return f"{self._name} failed on {table.qualified_name}: {said}{where}; the log has the traceback"


def _check_name(name: object) -> None:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
        raise RuleRefused(
            f"{name!r} cannot name a rule: write capitals, digits and underscores, with a prefix of your own in front,"
            f" such as ACME_MONEY; at most {_LONGEST_NAME} of them."
        )
    prefix = name.partition("_")[0]
    if prefix in _OURS or prefix in {rule.issue_type.partition("_")[0] for rule in builtin_rules()}:
        raise RuleRefused(
            f"{name}: names that begin with {prefix}_ are pgmend's own; take another prefix (ACME_{name})."
        )


def _check_signature(name: str, judge: object) -> None:
    if not callable(judge):
        raise RuleRefused(f"{name}: {judge!r} is no function.")
    if inspect.iscoroutinefunction(judge) or inspect.isasyncgenfunction(judge):
        raise RuleRefused(f"{name}: a rule is no async function: it asks nobody, all it needs is in the scene.")
    try:
        inspect.signature(judge).bind(None, None)
    except TypeError:
        raise RuleRefused(f"{name}: a rule is a function of (table, scene).") from None
