"""Calls of the libraries that make functions of the named queries in `.sql` files."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from .facts import Loaded
from .forms.form import called, dotted

_LIBRARIES: Final = frozenset({"aiosql", "pugsql"})
_LOADING: Final = frozenset({"from_path", "module"})


def loaded_by(call: ast.Call, imports: Mapping[str, str]) -> Loaded | None:
    """What such a call loads; None for any other call. A path that is not written out may be any."""
    if called(call) not in _LOADING or (name := dotted(call.func)) is None or not call.args:
        return None
    library = imports.get(name.partition(".")[0], "").partition(".")[0]
    if library not in _LIBRARIES:
        return None
    path, *others = call.args
    pattern = path.value if isinstance(path, ast.Constant) and isinstance(path.value, str) else ""
    match others:
        case [ast.Constant(value=str(driver)), *_]:
            return Loaded(pattern, library, call.lineno, driver)
        case _:
            return Loaded(pattern, library, call.lineno)
