"""Snapshots written as text and what built-in rules find in them; the language is that of `pgmend.testing.text`."""

from __future__ import annotations

from pgmend.listener.catalog.snapshot import DATABASE
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.judging.scene import Scene
from pgmend.testing import (
    FIRST_TABLE,
    NOON,
    STEP,
    TYPES,
    altered,
    counted,
    counting,
    dropped,
    link,
    put,
    retyped,
    scene,
    snapshot,
    table,
    without,
)

__all__ = [
    "FIRST_TABLE",
    "NOON",
    "STEP",
    "TYPES",
    "altered",
    "counted",
    "counting",
    "dropped",
    "judged",
    "link",
    "put",
    "retyped",
    "scene",
    "snapshot",
    "table",
    "without",
]


def judged(scene: Scene, stem: str) -> list[Issue]:
    """What one built-in rule finds in all tables and around them; every table counts as critical."""
    rule = next(rule for rule in builtin_rules() if rule.stem == stem)
    return list(Judge([rule], critical_tables=("*",)).judge(scene, (*scene.snapshot.tables, DATABASE)).issues)
