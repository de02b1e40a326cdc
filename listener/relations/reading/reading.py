"""A reading: what was seen in code at one look, and what the look was about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..sighting import Sighting, Source, SourceKind
from ..wording import count

Place = tuple[SourceKind, str]
"""A source's kind and identity."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What each source compares. A source that was asked for and says nothing, or is gone, is in `asked` alone.

    `whole` are the kinds of which everything was read: whoever said something before and does not now is silent, or
    gone. `unread` counts, by kind, the texts that did not parse, were too long, or are kept from us.
    """

    seen: Mapping[Source, frozenset[Sighting]] = field(default_factory=dict[Source, frozenset[Sighting]])
    asked: frozenset[Place] = frozenset()
    whole: frozenset[SourceKind] = frozenset()
    unread: Mapping[SourceKind, int] = field(default_factory=dict[SourceKind, int])

    def gaps(self) -> Iterator[str]:
        """What was not read, a sentence for each kind."""
        for kind in SourceKind:
            if number := self.unread.get(kind):
                yield f"{count(number, kind.value)} could not be read: joins there speak for no relation."
