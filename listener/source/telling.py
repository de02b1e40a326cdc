"""Calls that another function is told to make: `to_thread(f, x)` makes `f(x)`, a `transaction(f, x)` `f(conn, x)`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Final

from .drivers import sinks_named
from .facts import Argument, Call, Function, Module
from .namespace import Namespace

_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CONNECTION: Final = re.compile(r"(?i)_*(?:conn\w*|cur|cursor|db|tx|txn|trans|transaction|session|pool)")
# What these are told to call, they call with just the arguments.
_LIBRARIES: Final = frozenset(
    {
        *(
            "to_thread",
            "run_in_executor",
            "run_in_threadpool",
            "run_sync",
            "partial",
            "submit",
            "call_soon",
            "call_later",
        ),
        *("add_task", "apply", "apply_async", "spawn", "start_soon", "deferToThread", "callInThread"),
    }
)


def told(call: Call, module: Module, names: Namespace, definitions: Container[str]) -> Iterator[Call]:
    """The calls of drivers' methods and of functions of the tree that the call tells somebody to make. `definitions`
    are the names of these functions."""
    for place, argument in enumerate(call.arguments):
        receiver, _, name = argument.said.rpartition(".")
        is_sink = bool(receiver) and name in sinks_named()
        given = call.arguments[place + 1 :]
        if argument.key is not None or argument.starred or not given or not (is_sink or name in definitions):
            continue
        if not _DOTTED.fullmatch(argument.said):
            continue
        found = next(names.functions(receiver, name, module, call.function), None)
        if found is None and not is_sink:
            continue
        changes = call.name not in _LIBRARIES
        if found is not None and changes and _takes_connection(found[1], given[0]):
            # Whoever it is handed to has the connection, and puts it before the others.
            given = (Argument("", call.line, call.column), *given)
        yield replace(call, receiver=receiver, name=name, arguments=given, driver=None, typed="", told=changes)


def _takes_connection(function: Function, first: Argument) -> bool:
    """Whether the function takes a connection before what the first argument is for."""
    parameter = function.parameters[0] if function.parameters else ""
    return parameter not in (first.key, first.said) and _CONNECTION.fullmatch(parameter) is not None
