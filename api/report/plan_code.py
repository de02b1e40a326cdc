"""The changes of code that go with a plan, as people and scripts read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...listener.source.extracted import Site
from ...listener.source.rewriting.conversions import CodeConversions
from ...listener.source.rewriting.menders import folder_of
from ...listener.source.rewriting.patch import diff, patches
from .printable import one_line, printable


def code_document(code: CodeConversions, root: Path) -> dict[str, Any]:
    """What changes in which order, what is left to a person, and the patch that `git apply` takes."""
    return {
        "affected": [_place(each) for each in code.affected],
        "changes": [{**_place(each.site), "order": each.order.value, "why": each.why} for each in code.changes],
        "left": [{**_place(each.site), "why": each.why} for each in code.told],
        "order": list(code.order),
        "patch": code_patch(code, root),
    }


def code_lines(code: CodeConversions, root: Path) -> Iterator[str]:
    """The same, line by line."""
    if not code.affected:
        yield "code: no statement of the code names the column"
        return
    yield f"code: {len(code.affected)} statements name the column: {', '.join(_said(each) for each in code.affected)}"
    for said in code.order:
        yield f"  {one_line(said)}"
    for each in code.told:
        yield f"  left to you: {_said(each.site)}: {one_line(each.why)}"
    for line in code_patch(code, root).splitlines():
        yield printable(line)


def code_patch(code: CodeConversions, root: Path) -> str:
    """All edits as one patch; what is not UTF-8 in it is escaped for people."""
    folder = folder_of(root)
    return diff(folder, patches(folder, code.files, code.edits)).decode(errors="backslashreplace")


def _place(site: Site) -> dict[str, Any]:
    return {"file": site.file, "line": site.line, "column_offset": site.column}


def _said(site: Site) -> str:
    return one_line(f"{site.file}:{site.line}")
