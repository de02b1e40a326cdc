"""Whatever else stands on the column: what no kind here knows of can't be promised to survive."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_KNOWN = (
    *("pg_rewrite", "pg_policy", "pg_trigger", "pg_constraint", "pg_class", "pg_attrdef", "pg_statistic_ext"),
    *("pg_proc", "pg_publication_rel"),
)
_UNKNOWN = """
select distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
from pg_catalog.pg_depend d
where d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s
  and not d.classid = any(%(known)s::pg_catalog.regclass[])
order by 1
"""


async def unknown(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """Dependents of kinds that no module here is about."""
    parameters = {
        "table": subject.table.oid,
        "column": subject.column.number,
        "known": [f"pg_catalog.{name}" for name in _KNOWN],
    }
    rows = await (await connection.execute(_UNKNOWN, parameters)).fetchall()
    return [refused(name, "depends on the column in a way that is not known here") for (name,) in rows]
