"""What own rules are written with.

    from pgmend.rules import Finding, Reads, Scene, Severity, Table, fact, rule

    @rule("ACME_NO_MONEY", severity=Severity.LOW, reads=Reads.COLUMNS)
    def no_money(table: Table, scene: Scene):
        \"\"\"Columns of type money.\"\"\"
        for column in table.columns:
            if column.type_name == "money":
                yield Finding(table.oid, f"{column.name} is money.", "It is numeric.", columns=(column.number,))

A package offers its rules as entry points of the group `pgmend.rules`; the setting `rules` names a folder of files with
rules. `pgmend.testing` tests them without a server. docs/own-rules.md is the guide.
"""

from ..listener.catalog.change import Change, ChangeKind
from ..listener.catalog.snapshot import Column, Constraint, Index, Snapshot, Table, Trigger
from ..listener.errors import RuleFailed, RuleRefused
from ..listener.evidence import Evidence
from ..listener.issue import Finding, Severity
from ..listener.judging.fact import fact
from ..listener.judging.own_rule import own_rule as rule
from ..listener.judging.registry import Reads, Rule
from ..listener.judging.scene import NotCounted, Scene, Undecided
from ..listener.remedy import (
    AddForeignKey,
    ChangeColumnType,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    Remedy,
    ValidateConstraint,
)

__all__ = [
    "AddForeignKey",
    "Change",
    "ChangeColumnType",
    "ChangeKind",
    "Column",
    "Constraint",
    "CreateIndex",
    "DropIndex",
    "Evidence",
    "Finding",
    "Index",
    "NotCounted",
    "Reads",
    "RebuildIndex",
    "Remedy",
    "Rule",
    "RuleFailed",
    "RuleRefused",
    "Scene",
    "Severity",
    "Snapshot",
    "Table",
    "Trigger",
    "Undecided",
    "ValidateConstraint",
    "fact",
    "rule",
]
