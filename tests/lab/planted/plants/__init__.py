"""Every way to be wrong that is planted."""

from __future__ import annotations

from ..ground import Kind
from .columns import COLUMNS
from .statements import STATEMENTS
from .tables import TABLES
from .values import VALUES

KINDS: tuple[Kind, ...] = (*TABLES, *COLUMNS, *STATEMENTS, *VALUES)
