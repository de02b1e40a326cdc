"""Differences from an expected schema, without a database."""

from __future__ import annotations

from dataclasses import replace

from pgmend.listener.catalog.snapshot import DATABASE, Oid, Snapshot
from pgmend.listener.expected.difference import Aspect, Difference
from pgmend.listener.expected.portrait import ObjectKind, ObjectName, Portrayed
from pgmend.listener.expected.state import Expected
from pgmend.listener.issue import Issue
from pgmend.listener.judging.judge import Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.judging.scene import Scene
from pgmend.listener.store.expected import Expectation

from .snapshots import scene

LOCKED = Expectation("captured", True, None, None, 180_004)


def expecting(
    of: Snapshot, *differences: Difference, only_reports: str | None = None, unseen: str | None = None
) -> Scene:
    """A scene in which the database differs so from the expected schema."""
    by_table: dict[Oid, tuple[Difference, ...]] = {}
    for each in differences:
        by_table[each.table] = (*by_table.get(each.table, ()), each)
    return replace(scene(of), expected=Expected(LOCKED, by_table, only_reports, unseen))


def difference(
    kind: ObjectKind,
    name: str,
    aspect: Aspect = "existence",
    before: str = "as it should be",
    after: str = "",
    *,
    relation: str = "",
    table: Oid = 0,
    number: int = 0,
    found: Portrayed | None = None,
    **fields: str,
) -> Difference:
    """One difference in schema public; what is not missing is found with fields of its own."""
    wanted = Portrayed(ObjectName(kind, "public", relation, name), before, fields, tree="known")
    there = found if found is not None or aspect == "existence" else replace(wanted, definition=after, fields={})
    return Difference(wanted.name, aspect, before, after, wanted, there, table, number)


def issues(where: Scene, stem: str) -> list[Issue]:
    """What that rule opens, in the tables and in none; every table counts as critical."""
    rule = next(rule for rule in builtin_rules() if rule.stem == stem)
    return list(Judge([rule], critical_tables=("*",)).judge(where, (*where.snapshot.tables, DATABASE)).issues)
