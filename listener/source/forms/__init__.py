"""Forms of expressions find themselves: one per module of this package that has a FORM or FORMS."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..sqltext import Alternatives
from .form import Form, Reading, called


def read(node: ast.expr, reading: Reading) -> Alternatives | None:
    """The texts that the first form makes of the expression; None where it is none."""
    plain, calls, any_call = _forms()
    if isinstance(node, ast.Call):
        for form in (*calls.get(called(node), ()), *any_call):
            if (found := form.read(node, reading)) is not None:
                return found
        return None
    form = plain.get(type(node))
    return None if form is None else form.read(node, reading)


@cache
def _forms() -> tuple[Mapping[type[ast.expr], Form], Mapping[str, tuple[Form, ...]], tuple[Form, ...]]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    several = [form for module in modules for form in getattr(module, "FORMS", ())]
    single = [form for module in modules if isinstance(form := getattr(module, "FORM", None), Form)]
    found = sorted([*several, *single], key=lambda form: form.order)
    by_name: dict[str, tuple[Form, ...]] = {}
    for form in found:
        for name in form.names or ():
            by_name[name] = (*by_name.get(name, ()), form)
    plain = {form.node: form for form in found if form.node is not ast.Call}
    return plain, by_name, tuple(form for form in found if form.node is ast.Call and form.names is None)
