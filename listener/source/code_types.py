"""The issue types that are found in code: told by the files of their judgements, none of which is imported for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

_FOLDER: Final = Path(__file__).with_name("judgements")


@cache
def code_types() -> tuple[str, ...]:
    """Their names, in order."""
    return tuple(sorted(each.name.upper() for each in iter_modules([str(_FOLDER)]) if each.name != "judgement"))
