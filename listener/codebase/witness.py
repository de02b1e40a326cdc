"""Whether what code gives a parameter is taken when its type is another one, by the rules of the driver."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from ..catalog.snapshot import Oid
from ..source.drivers import drivers
from ..statements.comparison import Change
from ..statements.statement import Statement


@dataclass(frozen=True, slots=True)
class CodeWitness:
    """Goes by the values that statements come with, and so proves the same for the same statement.

    What the application does with a result of another type nobody follows: that is never harmless. Values are proved to
    be of a Python type, and of an int not how large it is.
    """

    def is_harmless(self, change: Change) -> bool:
        """Whether nothing but parameters changes, and each is given what the driver makes the new type of."""
        if change.results or change.error is not None or not change.parameters:
            return False
        return all(_bears(change.statement, int(name.removeprefix("$")), new) for name, _, new in change.parameters)


def _bears(statement: Statement, parameter: int, new: Oid) -> bool:
    # Types that are no built-in ones have other OIDs wherever they are made.
    described = psycopg.adapters.types.get(new)
    if described is None:
        return False
    given = [each for each in statement.values if each.parameter == parameter]
    return bool(given) and all(drivers()[each.driver].bears(each.python, described.regtype) for each in given)
