"""All that can be mended of an analysis: each mender in turn, the surest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ..analysis import Analysis
from .mended import Mendings
from .needless import mend_needless
from .patch import FilePatch, patches
from .renamed_code import mend_renames, mend_sql_renames

Mender = Callable[[AsyncConnection[TupleRow], Analysis, Path], Awaitable[Mendings]]
SUREST: Final[tuple[Mender, ...]] = (mend_sql_renames,)
"""Those that may act alone: the server said what was wrong, takes what is right, and nobody else reads the text."""
MENDERS: Final[tuple[Mender, ...]] = (mend_renames, mend_needless)


async def mend(
    connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path, menders: Sequence[Mender] = MENDERS
) -> Mendings:
    """The edits that are ready, per issue. `connection` is that of the analysis, `root` the folder that its files are
    in, or the one file; files are read, and nothing is written."""
    found = Mendings()
    for mender in menders:
        found = found.joined(await mender(connection, analysis, folder_of(root)))
    return found


async def ready_patches(
    connection: AsyncConnection[TupleRow], analysis: Analysis, root: Path
) -> dict[str, tuple[FilePatch, ...]]:
    """What `git apply` takes to make an issue go, by its id: of those that can be mended."""
    found = await mend(connection, analysis, root)
    return {each.issue_id: patches(folder_of(root), found.files, found.edits((each.issue_id,))) for each in found.ready}


def folder_of(root: Path) -> Path:
    """The folder that paths of an analysis are in."""
    return root.parent if root.is_file() else root
