"""Trees of code that tests write, and what is found in them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from pgmend.listener.source.extracted import Extraction
from pgmend.listener.source.extraction import extract


def read(folder: Path, **files: str) -> Extraction:
    """What is found in files of these names: `app__views` is `app/views.py`, `app__queries_sql` a `.sql` file."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path = path.with_suffix(".sql") if name.endswith("_sql") else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return extract(folder)


def texts(extraction: Extraction) -> list[str]:
    """The statements, with holes in braces."""
    return sorted(each.sql for each in extraction.statements)
