"""Judging: one rule per file. A rule reads a scene and yields findings; it never queries and never changes anything.

A module in this folder that holds a function under `@rule(…)` is a rule; nothing else has to know of it.
"""

from .registry import Rule, builtin_rules, rule

__all__ = ["Rule", "builtin_rules", "rule"]
