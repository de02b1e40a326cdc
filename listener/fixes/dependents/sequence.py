"""Sequences that feed the column. An identity's own follows the column's type, a serial's keeps its own."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .dependent import Dependent, Subject, refused

_SEQUENCES = """
select pg_catalog.format('%%s.%%s', n.nspname, c.relname), d.deptype::text,
  pg_catalog.format_type(s.seqtypid, null), s.seqtypid <> %(new)s::oid, s.seqmax::text,
  pg_catalog.pg_sequence_last_value(c.oid)
from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
  join pg_catalog.pg_sequence s on s.seqrelid = c.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = %(table)s::oid and d.refobjsubid = %(column)s and d.deptype in ('a', 'i')
order by 1
"""
_LAST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


async def sequences(connection: AsyncConnection[TupleRow], subject: Subject) -> list[Dependent]:
    """The sequences that the column owns."""
    target = subject.cast.target
    parameters = {"table": subject.table.oid, "column": subject.column.number, "new": target.oid}
    found: list[Dependent] = []
    rows = await (await connection.execute(_SEQUENCES, parameters)).fetchall()
    for name, tie, type_name, differs, most, last in rows:
        described = f"sequence {name}"
        if tie == "i" and target.name not in _LAST:
            found.append(refused(described, "is the column's identity, which only an integer can have"))
        elif tie == "i" and last is not None and last > _LAST[target.name]:
            found.append(refused(described, f"is at {last}, more than {target.spelled} holds"))
        elif tie == "a" and differs and target.name in _LAST and subject.ties is None:
            found.append(Dependent(described, note=f"Sequence {name} stays {type_name} and ends at {most}."))
    return found
