"""What looks like SQL, and like the object of a database, by the words in it."""

from __future__ import annotations

import re
from typing import Final

from .extracted import CodeStatement
from .parsed import parse, slices
from .prepared import prepared

SQL: Final = re.compile(
    r"(?:[\s(]++|--[^\n]*+\n|/\*.*?\*/)*+(?:select|insert|update|delete|with|merge|values|create|alter|drop|truncate|grant"
    r"|revoke|comment|lock|copy|call|do|listen|notify|unlisten|set|reset|show|begin|start|commit|rollback|savepoint"
    r"|release|explain|analyze|vacuum|refresh|reindex|cluster|declare|fetch|move|close|prepare|execute|deallocate"
    r"|table|discard|checkpoint|security|import|reassign|end|abort)\b",
    re.IGNORECASE | re.DOTALL,
)
TELLING: Final = re.compile(r"(?i)sql|quer|stmt|statement")
OF_DATABASES: Final = re.compile(
    r"(?i)(?:^|[._])(?:\w*conn\w*|cur|curs|cursor|\w*_cur|\w*cursor|db|database|\w*_db|pool|\w*_pool|session|tx"
    r"|transaction|engine|driver|pg|txn|trans|postgres\w*|objects)(?:$|[._(\[])"
)


def names_a_table(statement: CodeStatement) -> bool:
    """Whether a text is SQL for sure: by English words and commands of other things no table can be meant."""
    parts = [parse(sql) for _, sql in slices(prepared(statement).sql) if sql.strip()]
    return (
        bool(parts)
        and all(each is not None for each in parts)
        and any(each and (each.ranges or each.made) for each in parts)
    )
