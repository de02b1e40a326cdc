"""How far a sequence has come, and how far it can go in a column of some type."""

from __future__ import annotations

from typing import NamedTuple

from ..catalog.snapshot import Column, Oid

_SMALLINT, _INTEGER, _BIGINT, _NUMERIC = 21, 23, 20, 1700
_WHOLE = {_SMALLINT: 1 << 15, _INTEGER: 1 << 31, _BIGINT: 1 << 63}
_HEADER = 4


class Limits(NamedTuple):
    """The least and the greatest whole number that something can hold."""

    least: int
    greatest: int


class SequenceState(NamedTuple):
    """A sequence as it was read. `last` is the number given last, None where none was.

    `trouble` says why `last` could not be read (the role may not, somebody is changing the sequence) and says nothing.
    """

    oid: Oid
    schema: str
    name: str
    start: int
    increment: int
    least: int
    greatest: int
    cycles: bool
    last: int | None
    trouble: str | None = None

    def spent(self, limits: Limits | None = None) -> float | None:
        """Which share of the numbers that fit between the limits, too, are behind it: 1 where no next one is left.

        None where it begins anew before it comes to an end.
        """
        least, greatest = self.least, self.greatest
        if limits is not None:
            least, greatest = max(least, limits.least), min(greatest, limits.greatest)
        if self.cycles and (least, greatest) == (self.least, self.greatest):
            return None
        last = self.start - self.increment if self.last is None else self.last
        after = last + self.increment
        if after > greatest or after < least:
            return 1.0
        behind = last - least + 1 if self.increment > 0 else greatest - last + 1
        return max(0.0, behind / (greatest - least + 1))

    def ends_before(self, limits: Limits) -> bool:
        """Whether the sequence itself comes to its end while the limits would let it go on."""
        return self.greatest < limits.greatest if self.increment > 0 else self.least > limits.least


def limits_of(column: Column) -> Limits | None:
    """What the column's type can hold; None where it sets no limit that matters, or none that we know."""
    if column.type_oid in _WHOLE:
        beyond = _WHOLE[column.type_oid]
        return Limits(-beyond, beyond - 1)
    if column.type_oid == _NUMERIC and column.type_modifier >= _HEADER:
        precision, scale = divmod(column.type_modifier - _HEADER, 1 << 16)
        scale &= 0x7FF
        if scale <= precision:
            beyond = 10 ** (precision - scale)
            return Limits(1 - beyond, beyond - 1)
    return None
