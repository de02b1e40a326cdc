"""What the server that processes are forked from has imported: all of pgmend."""

from __future__ import annotations

import gc
from importlib import import_module
from pkgutil import walk_packages

import pgmend.api
import pgmend.listener

from . import mortal  # noqa: F401

for package in (pgmend.api, pgmend.listener):
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        import_module(module.name)

# A collection in a forked process would touch, and so copy, all that is shared.
gc.freeze()
