"""What a statement is planted on: a schema, a driver, and whether it is to be wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .names import mistaken
from .schema import Schema, Table
from .sender import Count, Sender, Style
from .words import Name, Sql, Value


@dataclass(frozen=True)
class Plant:
    """A statement. Where it is wrong, `missing` is the name that is not there, if it is one; `style` is how its
    placeholders are written instead of how the driver wants it, `count` how many values come with it."""

    words: Sql
    missing: str = ""
    style: Style | None = None
    count: Count = Count.RIGHT


class Needs(StrEnum):
    """What has to be known of a statement, so that the defect shows."""

    NAMES = "the names in it"
    TYPES = "what is compared with what"
    WHOLE = "all of its text"
    VALUES = "the values that come with it"


Planting = Callable[["Ground"], Plant]


@dataclass(frozen=True)
class Kind:
    """A way to be wrong: the type of issue that has to be told, and how it is done, for senders that it `suits`."""

    issue_type: str
    variant: str
    plant: Planting
    needs: Needs
    suits: Callable[[Sender], bool] = lambda _: True


class Ground:
    """Gives tables, columns and values, and one that is wrong where that is asked for."""

    def __init__(self, number: int, chance: random.Random, schema: Schema, sender: Sender, *, planted: bool) -> None:
        self.number = number
        self.chance = chance
        self.schema = schema
        self.sender = sender
        self.planted = planted
        self.mark = f"q{number:x}z"
        self.missing = ""
        self._values = 0

    def table(self, *others: Table) -> Table:
        """Any but those."""
        return self.chance.choice([each for each in self.schema.tables if each not in others])

    def spoilt_table(self, table: Table) -> Name:
        """The table's name, or one that is not there."""
        if not self.planted:
            return table.called
        self.missing = mistaken(table.name, self.mark, self.chance)
        return Name((*table.called.parts[:-1], self.missing))

    def spoilt(self, table: Table, role: str, alias: str = "") -> Name:
        """The column's name, or one that is not there."""
        name = table.columns[role]
        if self.planted:
            self.missing = name = mistaken(name, self.mark, self.chance)
        return Name((alias, name) if alias else (name,))

    def column(self, table: Table, role: str, alias: str = "") -> Name:
        """The column's name."""
        return Name((alias, table.columns[role]) if alias else (table.columns[role],))

    def value(self, kind: str) -> Value:
        """A value that the driver takes for that kind of column, proved or not."""
        said, annotation = self.chance.choice(_RIGHT[kind])
        return self.given(said, annotation)

    def given(self, said: str, annotation: str) -> Value:
        """A value by its expression, in which `x` is what the function is given."""
        self._values += 1
        name = f"x{self._values}"
        if annotation == "literal":
            return Value(said, "", self._values)
        if said.startswith("x"):
            said = name + said[1:]
        return Value(said.replace("(x)", f"({name})"), name + annotation, self._values)

    def plant(self, words: Sql, *, style: Style | None = None, count: Count = Count.RIGHT) -> Plant:
        """The statement as it is planted."""
        return Plant(words, self.missing, style, count)


_RIGHT: Final = {
    "key": (("x", ""), ("x", ": int"), ("5", "literal"), ("int(x)", ""), ("x", ": int | None"), ("len(x)", "")),
    "label": (("x", ""), ("x", ": str"), ("'it''s'", "literal"), ("str(x)", ""), ("x", ": Optional[str]")),
    "done": (("x", ""), ("x", ": bool"), ("True", "literal"), ("bool(x)", "")),
    "made": (("x", ""), ("x", ": datetime"), ("datetime.now(UTC)", "literal")),
    "day": (("x", ""), ("x", ": date"), ("date.today()", "literal")),
    "token": (("x", ""), ("x", ": UUID"), ("uuid4()", "literal"), ("UUID(x)", "")),
    "amount": (("x", ""), ("x", ": Decimal"), ("Decimal(x)", "")),
    "tags": (("x", ""), ("x", ": list[str]"), ("['a', 'b']", "literal")),
    "raw": (("x", ""), ("x", ": bytes"), ("b'abc'", "literal")),
}
