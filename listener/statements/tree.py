"""A statement as the server has resolved it: its own tree, read from the text that it writes of it (pg_node_tree).

A tree names each column with its type, each operator and each function by OID, so that two statements of one tree do
the same. How it is written is in PostgreSQL's `outfuncs.c`: `{NODE :field value …}` and `(…)`, a backslash before what
would end a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

_WORD: Final = re.compile(r"[(){}]|(?:\\.|[^ \n\t(){}\\])+", re.DOTALL)


@dataclass(slots=True, eq=False)
class Node:
    """A node by its kind (`VAR`, `OPEXPR`); a field of several words has them as a list."""

    kind: str
    fields: dict[str, Value] = field(default_factory=dict[str, "Value"])

    def word(self, name: str) -> str | None:
        """A field that is one word."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None


Value = str | Node | list["Value"]


def tree_of(text: str) -> Value:
    """The tree that the server wrote, however deep it is nested."""
    whole: list[Value] = []
    above: list[tuple[Node | list[Value], str | None]] = []
    here: Node | list[Value] = whole
    label: str | None = None
    awaits_kind = False
    for word in _WORD.findall(text):
        if awaits_kind and isinstance(here, Node):
            here.kind, awaits_kind = word, False
        elif word in {"{", "("}:
            above.append((here, label))
            here, label, awaits_kind = (Node("") if word == "{" else list[Value]()), None, word == "{"
        elif word in {"}", ")"}:
            done = here
            here, label = above.pop()
            _put(here, label, done)
        elif isinstance(here, Node) and word.startswith(":") and (label is None or label in here.fields):
            label = word
        else:
            _put(here, label, word)
    return whole


def nodes_in(value: Value, without: Collection[str] = ()) -> Iterator[Node]:
    """All nodes of a tree, but for those below the fields that it is to be `without`."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Node):
            yield each
            waiting.extend(below for name, below in each.fields.items() if name not in without)
        elif isinstance(each, list):
            waiting.extend(each)


def _put(here: Node | list[Value], label: str | None, value: Value) -> None:
    if isinstance(here, list):
        here.append(value)
    elif label is not None:
        there = here.fields.get(label)
        if there is None:
            here.fields[label] = value
        else:
            # A constant's value, say: its length and its bytes.
            here.fields[label] = [*there, value] if isinstance(there, list) else [there, value]
