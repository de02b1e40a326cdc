"""What statements want of the values that code gives them, gathered by where each value stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..drivers.driver import Driver, takes_all
from ..examined import Examined
from ..extracted import CodeStatement, Extraction, Site
from ..facts import Argument
from .shift import Shift
from .type_change import PYTHON, family


class Demand(NamedTuple):
    """The type of a parameter before and after, in a statement that a driver sends."""

    one: Examined
    number: int
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether it wants another Python type afterwards."""
        return family(self.before) != family(self.after)

    def takes_before(self, python: str) -> bool:
        """Whether such a value is right as things are."""
        return takes(self.one.driver, python, self.before)

    def takes_after(self, python: str) -> bool:
        """Whether such a value is right afterwards."""
        return takes(self.one.driver, python, self.after)


@dataclass(frozen=True, slots=True)
class Demands:
    """`at` are the demands on the value at a place; those in `unclear` go to statements, too, of which less is known.
    `lost` are shifts with parameters whose values could not be followed."""

    at: Mapping[Site, tuple[Demand, ...]]
    unclear: Mapping[Site, str]
    lost: tuple[tuple[Shift, int], ...]


def takes(driver: Driver | None, python: str, type_name: str) -> bool:
    """Whether the driver takes a value of the Python type for that type of a parameter, as far as it is known to.

    A str is a literal without a type to who writes literals or declares types, and so goes everywhere."""
    kind = family(type_name)
    if driver is not None and driver.sent:
        return python == "str" or family(driver.sent.get(python, "")) == kind
    if driver is not None and driver.refuses is not takes_all:
        return kind in PYTHON and driver.refuses(python, type_name, "") is None
    return PYTHON.get(kind) == python


def demands(shifts: Iterable[Shift], examined: Sequence[Examined], extraction: Extraction) -> Demands:
    """All demands on the values whose parameters change."""
    at: defaultdict[Site, list[Demand]] = defaultdict(list)
    lost: list[tuple[Shift, int]] = []
    shifted = {id(each.one): each for each in shifts}
    wanted: set[Site] = set()
    for shift in shifted.values():
        for number in shift.parameters if shift.doubt is None else ():
            places = _places(shift.one, number)
            if places:
                wanted |= places
            else:
                lost.append((shift, number))
    unclear: dict[Site, str] = {}
    seen: defaultdict[int, list[Examined]] = defaultdict(list)
    for one in examined:
        seen[id(one.statement)].append(one)
    for statement in extraction.statements:
        shared = {_site(each, statement) for each in statement.arguments or ()} & wanted
        for site in shared:
            found = [each for one in seen[id(statement)] for each in _demanded(one, site, shifted.get(id(one)))]
            if found and None not in found:
                at[site] += [each for each in found if each is not None]
            else:
                unclear[site] = f"{statement.call.file}:{statement.call.line} sends it with a text that is not judged"
    dynamic = {each.site for each in extraction.dynamic}
    for site, listed in at.items():
        for each in listed:
            if each.one.statement.call in dynamic:
                unclear[site] = f"{each.one.statement.call.file}:{each.one.statement.call.line} may send another text"
    return Demands({site: tuple(listed) for site, listed in at.items()}, unclear, tuple(lost))


def _demanded(one: Examined, site: Site, shift: Shift | None) -> list[Demand | None]:
    """The demands of a statement on the value at a place; None for one that is not known."""
    if shift is not None and shift.doubt is not None:
        return [None]
    known = one.described
    found: list[Demand | None] = []
    for mark in one.prepared.marks:
        argument = one.argument(mark)
        if argument is None or _site(argument, one.statement) != site:
            continue
        if known is None or mark.number > len(known.parameters):
            return [None]
        name = one.schema.type_name(known.parameters[mark.number - 1])
        before, after = shift.parameters.get(mark.number, (name, name)) if shift is not None else (name, name)
        found.append(Demand(one, mark.number, before, after))
    return found


def _places(one: Examined, number: int) -> set[Site]:
    """Where the value for the parameter stands; nothing where that is not known."""
    statement = one.statement
    if statement.rewrites or any(each.key == "**" for each in statement.arguments or ()):
        return set()
    found = [one.argument(mark) for mark in one.prepared.marks if mark.number == number]
    if any(each is None or each.starred for each in found):
        return set()
    return {_site(each, statement) for each in found if each is not None}


def _site(argument: Argument, statement: CodeStatement) -> Site:
    return Site(argument.file or statement.call.file, argument.line, argument.column)
