"""What import statements make known."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def imported(node: ast.Import | ast.ImportFrom, module: str, *, package: bool) -> Iterator[tuple[str, str, str]]:
    """The local name, the dotted name that it stands for, and all of what is imported, for each name.

    `module` is where the statement stands; whether that is a `package` decides where relative imports begin.
    """
    if isinstance(node, ast.Import):
        for each in node.names:
            first = each.name.partition(".")[0]
            yield each.asname or first, each.name if each.asname else first, each.name
        return
    origin = node.module or ""
    if node.level:
        parts = module.split(".")
        kept = parts[: max(0, len(parts) - node.level + (1 if package else 0))]
        origin = ".".join([*kept, *([origin] if origin else [])])
    for each in node.names:
        target = f"{origin}.{each.name}" if origin else each.name
        yield each.asname or each.name, target, target
