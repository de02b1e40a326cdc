"""DISABLED_ROW_SECURITY: row security that was on, and is off."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.row_security import was_switched_off
from ..judging.scene import Scene
from ..relations.weights import DECLARED
from ..relations.wording import count
from ..remedy import EnableRowSecurity


@rule("DISABLED_ROW_SECURITY", Severity.CRITICAL, Reads.POLICIES, suspects=lambda docket: docket.changed)
def disabled_row_security(table: Table, scene: Scene) -> Iterator[Finding]:
    """Tables whose row security somebody switched off, as far back as changes are remembered."""
    if not was_switched_off(table, scene):
        return
    name = table.qualified_name
    policies = count(len(table.policies), "policy", "policies")
    yield Finding(
        table.oid,
        current_state=f"Row security of {name} is off: whoever may read or write it reads and writes every row.",
        expected_state=f"Row security of {name} is on.",
        evidence=(
            Evidence("history", DECLARED, f"Row security of {name} was on before it was switched off."),
            fact(f"{name} has {policies}."),
        ),
        remedy=EnableRowSecurity(table.oid),
    )
