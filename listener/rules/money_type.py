"""MONEY_TYPE: a column of type money, whose amounts mean what the locale of whoever reads them says."""

from __future__ import annotations

from ..catalog.snapshot import Column
from ..issue import Severity
from ..judging.registry import Fault, column_rule

_BETTER = {790: "numeric", 791: "numeric[]"}


@column_rule("MONEY_TYPE", Severity.LOW)
def money_type(column: Column) -> Fault | None:
    """Columns of money, or of arrays of it."""
    better = _BETTER.get(column.type_oid)
    if better is None:
        return None
    return Fault(
        f"{column.name} is {column.type_name}: lc_monetary decides its currency and how many decimals it keeps.",
        f"{column.name} is {better}, with the currency in a column of its own where there are several.",
        f"pg_attribute says that {column.name} is {column.type_name}.",
    )
