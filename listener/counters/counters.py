"""What was read of the server's own counters, for rules to judge from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.snapshot import Oid
from .idle import Idleness
from .sequence import SequenceState


@dataclass(frozen=True)
class Counters:
    """Sequences by OID; one that is not here was not read. `idleness` is None where nobody watches the indexes' use."""

    sequences: Mapping[Oid, SequenceState] = field(default_factory=dict[Oid, SequenceState])
    idleness: Idleness | None = None
