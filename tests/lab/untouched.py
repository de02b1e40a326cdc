"""Whether what a fault broke is as the fault left it, where other faults of the same case were mended.

The dumps are compared line by line: a table's columns stand in one statement, and each may have a fault of its own.
"""

from __future__ import annotations

import re
from collections import Counter

from .injector import Fault
from .subject import State


def is_untouched(fault: Fault, sound: State, broken: State, healed: State) -> bool:
    """Whether the lines that name the fault's object, and the rows of its relation, are as the fault left them, or as
    they were before it where others' mending made them so; anything else was changed half-way."""
    before, left, now = (_lines(fault, state.dump) for state in (sound, broken, healed))
    if any(now[line] not in (left[line], before[line]) for line in left.keys() | now.keys()):
        return False
    relation = f"{fault.schema}.{fault.relation}"
    return healed.content.get(relation) in (broken.content.get(relation), sound.content.get(relation))


def _lines(fault: Fault, dump: str) -> Counter[str]:
    """The lines that name it, of the statements that name its relation too."""
    own = _word(*fault.names)
    whole = _word(fault.relation) if fault.relation else own
    entries = [entry for entry in dump.split("\n\n") if whole.search(entry)]
    return Counter(line.strip().rstrip(",") for entry in entries for line in entry.splitlines() if own.search(line))


def _word(*names: str) -> re.Pattern[str]:
    """Any of the names, bare or quoted, and not a part of another."""
    words = (name.replace('"', '""') for name in names)
    return re.compile("|".join(rf'(?<![\w"]){re.escape(word)}(?![\w"])|"{re.escape(word)}"' for word in words))
