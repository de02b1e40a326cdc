"""What a change does to statements: each described before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ..catalog.snapshot import Oid
from .description import Described, Description, Failed
from .meaning import COMPUTES, Meaning
from .statement import Origin, Statement

_MORE: Final = 3


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that is another one afterwards: `parameters` and `results` say what (number or name, from, to);
    `error` is what the server objects by now, `otherwise` what it does otherwise though no type of it tells so."""

    statement: Statement
    parameters: tuple[tuple[str, Oid, Oid], ...] = ()
    results: tuple[tuple[str, Oid, Oid], ...] = ()
    error: Failed | None = None
    otherwise: tuple[str, ...] = ()

    @property
    def is_seen(self) -> bool:
        """Whether whoever sends the statement sees it in the types, or in an error."""
        return bool(self.parameters or self.results or self.error)

    def told(self, types: Mapping[Oid, str]) -> str:
        """The statement with its old types and its new ones."""
        said = [f"parameter {name} {types.get(old)} becomes {types.get(new)}" for name, old, new in self.parameters]
        said += [f"result {name} {types.get(old)} becomes {types.get(new)}" for name, old, new in self.results]
        if self.error is not None:
            said.append(f"it fails: {self.error.message} (SQLSTATE {self.error.sqlstate})")
        said += self.otherwise
        more = f" and {len(said) - _MORE} more" if len(said) > _MORE else ""
        return f"{self.statement.name}: {'; '.join(said[:_MORE])}{more}"


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A statement that could not be described, or not looked into, so that nothing is known of it."""

    statement: Statement
    error: Failed

    def told(self) -> str:
        """The statement with the server's objection."""
        return f"{self.statement.name}: {self.error.message} (SQLSTATE {self.error.sqlstate})"


class Witness(Protocol):
    """Proves of a change that every place that sends the statement can bear its types, as an analysis of the code may.

    What it does otherwise stays a doubt.
    """

    def is_harmless(self, change: Change) -> bool:
        """Whether that is proved."""
        ...


def compare(
    before: Mapping[Statement, Description], after: Mapping[Statement, Description], meaning: Meaning
) -> Iterator[Change | Undescribed]:
    """What differs. A statement that fails before and not after was no use to anybody, if the database itself has it;
    if somebody ran it, then where the names meant something else."""
    for statement, described in before.items():
        now = after[statement]
        if statement.behind is not None and described != before.get(statement.behind):
            continue
        if isinstance(described, Failed):
            if not statement.inner and not (statement.origin is Origin.FUNCTION and isinstance(now, Described)):
                yield Undescribed(statement, described)
        elif isinstance(now, Failed):
            yield Change(statement, error=now)
        elif now != described:
            yield _change(statement, described, now, meaning)
        elif described.tree is None or now.tree is None:
            yield Undescribed(statement, described.opaque or now.opaque or Failed("", "the server has no tree of it"))
        elif otherwise := meaning.differences(described.tree, now.tree):
            yield Change(statement, otherwise=otherwise)


def types_in(changes: Iterator[Change] | list[Change]) -> set[Oid]:
    """The types that the changes are about."""
    return {oid for each in changes for _, old, new in (*each.parameters, *each.results) for oid in (old, new)}


def _change(statement: Statement, before: Described, now: Described, meaning: Meaning) -> Change:
    parameters = tuple(
        (f"${number}", old, new)
        for number, (old, new) in enumerate(zip(before.parameters, now.parameters, strict=False), start=1)
        if old != new
    )
    results = tuple(
        (name, old, new) for (name, old), (_, new) in zip(before.results, now.results, strict=False) if old != new
    )
    if parameters or results:
        # That it has other types is told already.
        found = meaning.differences(before.tree, now.tree) if before.tree and now.tree else ()
        return Change(statement, parameters, results, otherwise=tuple(each for each in found if each != COMPUTES))
    return Change(statement, error=Failed("", "it has other parameters or columns than before"))
