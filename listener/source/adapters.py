"""Types that code teaches a driver to send in its own way: what it does by itself is not said then."""

from __future__ import annotations

import ast
from typing import Final

from .forms.form import called, dotted

ALL: Final = "*"
"""Stands for every type, where the code does not say which."""
_OF_PYTHON: Final = frozenset({"register_dumper", "register_adapter"})
_OF_SERVER: Final = frozenset({"set_type_codec", "set_builtin_type_codec"})
# What drivers refuse of JSON is not said anyway.
_HARMLESS: Final = frozenset({"json", "jsonb", "hstore"})


def adapted_by(call: ast.Call) -> str | None:
    """The Python type that a call teaches a driver, `*` for one that is not said; None for other calls."""
    name = called(call)
    if name not in _OF_PYTHON and name not in _OF_SERVER:
        return None
    first = call.args[0] if call.args else None
    if name in _OF_PYTHON:
        kind = (dotted(first) or "").rpartition(".")[2] if first is not None else ""
        return kind if kind in _TYPES else ALL
    said = first.value if isinstance(first, ast.Constant) else None
    return None if said in _HARMLESS else ALL


_TYPES: Final = frozenset(
    {
        *("str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple"),
        *("UUID", "Decimal", "timedelta", "datetime", "date"),
    }
)
