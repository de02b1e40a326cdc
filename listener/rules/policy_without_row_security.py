"""POLICY_WITHOUT_ROW_SECURITY: policies that nobody applies, since the table's row security is off."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, rule
from ..judging.row_security import was_switched_off
from ..judging.scene import Scene
from ..relations.wording import listed
from ..remedy import EnableRowSecurity


@rule(
    "POLICY_WITHOUT_ROW_SECURITY",
    Severity.CRITICAL,
    Reads.POLICIES,
    suspects=lambda docket: docket.with_policies,
)
def policy_without_row_security(table: Table, scene: Scene) -> Iterator[Finding]:
    """Tables with policies whose row security is off, and was not seen to be on."""
    if table.row_security or not table.policies or was_switched_off(table, scene):
        return
    name, policies = table.qualified_name, [policy.name for policy in table.policies]
    noun = "policy" if len(policies) == 1 else "policies"
    yield Finding(
        table.oid,
        current_state=f"{name} has the {noun} {listed(policies)}, and its row security is off: nobody applies them.",
        expected_state=f"Row security of {name} is on.",
        evidence=tuple(fact(f"pg_policy has {each} for {name}.") for each in policies),
        remedy=EnableRowSecurity(table.oid),
    )
