"""One rule per file. A rule reads a scene and yields findings; it never queries and never changes anything.

A module in this folder that holds a function under `@rule(…)` is a rule; nothing else has to know of it.
"""
