"""One statement of the code with all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from .adapters import ALL
from .asking import Answer, Refused, Taken, Unasked
from .drivers import drivers
from .drivers.driver import Binding, Driver
from .extracted import CodeStatement, Site
from .facts import Argument
from .operands import LITERAL, NULL, Operands, operands
from .parsed import Parsed, looked_into, parse
from .prepared import Mark, Prepared
from .schema import Relation, Schema
from .unknown import Hunt

INDETERMINATE: Final = "42P18"
_SYNTAX: Final = "42601"
_NOT_OF_THE_STATEMENT: Final = (
    *("08", "0A", "25", "28", "3D", "3F", "40", "53", "54", "55", "57", "58", "F0", "XX"),
    "42501",
)
"""Classes of SQLSTATEs, or one, that are of the moment, of rights, of limits, or of what this server lacks."""
_UNDEFINED: Final = ("42883", "42704", "42P01")
_WORD: Final = re.compile(r"\w+")
_BAD_LITERAL: Final = "22"
_BY_TYPE: Final = frozenset({"42725", "42883", "42804", "42846", "42P08", INDETERMINATE})
"""Objections that go by the types of operands."""
_OF_OPERATORS: Final = frozenset({"42725", "42883"})
_BY_PLACE: Final = frozenset({"42804", "42846", "42803"})
"""Objections to the type or the place of one expression."""
_BY_EXPRESSION: Final = frozenset({"42803", "42P10"})
"""Two literals are one expression, which two parameters never are."""
_OF_NAMES: Final = frozenset({"42P01", "42703", "42702"})
_PLACEHOLDER: Final = re.compile(r"\(?\$\d")


@dataclass(frozen=True)
class Examined:
    """A statement, or one of several in its text: `offset` is where it begins in that. `answer` is the server's; where
    that misses a name, `hunt` tells all that miss. `typed` is its answer with the types that are `declared` by the
    driver for values of proved types, by the number of the parameter. Its literals are `masked` where one may be a
    password."""

    statement: CodeStatement
    prepared: Prepared
    schema: Schema
    sql: str
    offset: int
    alone: bool
    answer: Answer
    hunt: Hunt | None = None
    typed: Answer | None = None
    masked: bool = False
    declared: Mapping[int, str] = field(default_factory=dict[int, str])

    @cached_property
    def parsed(self) -> Parsed | None:
        """The names in it; None where it does not parse."""
        return self.hunt.parsed if self.hunt is not None else parse(self.sql)

    @property
    def driver(self) -> Driver | None:
        """The driver that sends it."""
        return drivers().get(self.statement.driver or "")

    @property
    def refused(self) -> Refused | None:
        """The server's objection, if it matters: one that client-side binding takes away does not."""
        if not isinstance(self.answer, Refused):
            return None
        if self.unseen is not None or (self.masked and self.answer.sqlstate.startswith(_BAD_LITERAL)):
            return None
        if self.answer.sqlstate in _UNDEFINED and self._may_be_made():
            return None
        driver = self.driver
        if self.answer.sqlstate == INDETERMINATE and (driver is None or driver.client_binds or driver.sent):
            return None
        return None if self.undecided else self.answer

    @cached_property
    def undecided(self) -> bool:
        """Whether the server objects to what it may take with values: of other types than it thinks of, written into
        the text, or in a hole."""
        answer = self.answer
        if not isinstance(answer, Refused):
            return False
        if (self.prepared.filled or self.prepared.quoted) and not self._settled(answer):
            return True
        driver = self.driver
        if not self.prepared.marks or (driver is not None and not driver.client_binds and not driver.sent):
            return False
        if answer.sqlstate in _BY_TYPE:
            return not self.closed(answer, frozenset())
        if driver is not None and not driver.client_binds:
            return False
        literal = answer.sqlstate == _SYNTAX and _PLACEHOLDER.match(self.sql, max(0, answer.position)) is not None
        return literal or (answer.sqlstate in _BY_EXPRESSION and not self.closed(answer, frozenset()))

    def _settled(self, answer: Refused) -> bool:
        """Whether no value in a hole takes the objection away."""
        if answer.sqlstate in _BY_TYPE:
            return self.closed(answer, frozenset(), nulls=True)
        at_column = self.parsed is not None and any(each.location == answer.position for each in self.parsed.columns)
        at_table = self.hunt is not None and bool(self.hunt.tables or self.hunt.supposed)
        return answer.sqlstate in _OF_NAMES and (at_column or at_table or bool(self.hunt and self.hunt.columns))

    def closed(self, answer: Refused, known: Set[int], *, nulls: bool = False) -> bool:
        """Whether an objection to an operator or a function has nothing to do with parameters but the `known`; nor, if
        so asked, with literals."""
        parsed = self.parsed
        if parsed is None or not (answer.sqlstate in _OF_OPERATORS or answer.sqlstate in _BY_PLACE or known):
            return False
        beside = known | ({LITERAL} if nulls else {LITERAL, NULL})
        found = operands(self.sql, answer.position)
        apart = set[int]() if found is not None and self._of_tables(found) else parsed.open_apart
        if answer.sqlstate in _BY_PLACE and not known:
            return found is not None and not found.mixed and found.numbers <= beside and apart <= beside
        within = parsed.open_at.get(answer.position)
        if within is None:
            within = set[int]().union(*parsed.open_at.values()) if known else set[int]()
        return apart <= beside and within <= beside

    def _of_tables(self, found: Operands) -> bool:
        """Whether all of its columns are those of tables, whose types nothing in the statement changes."""
        parsed = self.parsed
        called = (
            set[str]() if parsed is None else {each.called for each in parsed.ranges if each.name not in parsed.names}
        )
        return all(len(parts) > 1 and parts[-2] in called for parts in found.columns)

    def _may_be_made(self) -> bool:
        """Whether the code makes a function, a type or a sequence of a name in the statement, or an extension."""
        objects = self.schema.objects
        return "" in objects or not objects.isdisjoint(each.lower() for each in _WORD.findall(self.sql))

    @property
    def described(self) -> Taken | None:
        """What the server says of it."""
        return self.answer if isinstance(self.answer, Taken) else None

    @property
    def unseen(self) -> str | None:
        """Why the server did not look at it, though it should have."""
        if isinstance(self.answer, Unasked):
            return self.answer.reason if self.answer.gap else None
        for answer in (self.answer, self.hunt.last if self.hunt is not None else None):
            if isinstance(answer, Refused) and answer.sqlstate.startswith(_NOT_OF_THE_STATEMENT):
                return f"the server did not look at it: {answer.message} ({answer.sqlstate})"
        return None

    @property
    def judged(self) -> bool:
        """Whether all of it was judged: nothing was put in the place of a clause or a name, and somebody looked at
        what it names."""
        if isinstance(self.answer, Unasked) or self.unseen is not None:
            return False
        if isinstance(self.answer, Taken) and not looked_into(self.sql):
            return False
        if isinstance(self.answer, Refused) and self.refused is None and (self.masked or self.schema.objects):
            return False
        unclear = self.prepared.filled and isinstance(self.answer, Refused) and self.answer.sqlstate == _SYNTAX
        return (
            self.prepared.whole
            and not unclear
            and not self.undecided
            and not (self.hunt is not None and self.hunt.supposed)
        )

    def site(self, position: int) -> Site:
        """Where that offset of `sql` stands in the file."""
        return self.prepared.site(self.offset + max(0, position))

    def relations(self) -> tuple[Relation, ...]:
        """The relations that it names and that are there."""
        if self.parsed is None:
            return ()
        found = [self.schema.relations.get((each.schema, each.name)) for each in self.parsed.relations]
        return tuple({each.qualified: each for each in found if each is not None}.values())

    def argument(self, mark: Mark) -> Argument | None:
        """The value for a placeholder, where it is known; proved only where the driver sends such a type as it does by
        itself."""
        given, adapted = self._argument(mark), self.statement.adapted
        if given is not None and given.proof is not None and adapted & {ALL, given.proof.type}:
            return given._replace(proof=None)
        return given

    def _argument(self, mark: Mark) -> Argument | None:
        given = self.statement.arguments
        if given is None:
            return None
        if mark.key is not None:
            return next((each for each in given if each.key == mark.key), None)
        if self.statement.keyed or self.prepared.quoted or any(each.starred for each in given[: mark.number]):
            return None
        return given[mark.number - 1] if mark.number <= len(given) else None

    @cached_property
    def proved(self) -> frozenset[int]:
        """The parameters whose values are of a type that the driver is known to send."""
        sent = {*self.driver.sent, "str"} if self.driver is not None else set[str]()
        return frozenset(
            mark.number
            for mark in self.prepared.marks
            if (argument := self.argument(mark)) is not None
            and argument.proof is not None
            and argument.proof.type in sent
        )

    @property
    def numbers(self) -> frozenset[int]:
        """Those of all parameters."""
        return frozenset(mark.number for mark in self.prepared.marks)

    @property
    def counted(self) -> int | None:
        """How many values it is given; None where that is not known."""
        given = self.statement.arguments
        if given is None or self.statement.keyed or any(each.starred or each.key == "**" for each in given):
            return None
        if self.statement.binding not in (Binding.SPREAD, Binding.TOGETHER):
            return None
        return len(given)
