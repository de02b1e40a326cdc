"""Python's cyclic garbage collector, kept away from hundreds of thousands of values that hold no cycles.

Looking for some among them costs as much as making them, and it happens in the midst of a reaction.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Generator[None]:
    """No collection while a whole database is read or judged; what nobody refers to is freed all the same."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def put_by() -> None:
    """What lives now counts as what has lived for long: the next collection of what is young does not look at it.

    Freezing and thawing moves it there. Where something is frozen already all stays as it is: it would thaw too.
    """
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()


def keep_for_good() -> None:
    """What lives now is not looked at again: for a process whose big picture has just been made."""
    gc.collect()
    gc.freeze()
