"""What a kind of fault is: where it can strike, with which statement, and which issues may tell of it."""

from __future__ import annotations

from dataclasses import dataclass

# Everything that is the application's own: neither the server's, nor pgmend's, nor an extension's.
_OWN = """
with own_schema as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
),
members as (select classid, objid from pg_catalog.pg_depend where deptype = 'e'),
own_table as (
  select c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relowner, c.relrowsecurity, c.relacl,
    pg_catalog.format('%%I.%%I', n.nspname, c.relname) as named
  from pg_catalog.pg_class as c
  join own_schema as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p')
    and not exists (select from members where classid = 'pg_catalog.pg_class'::regclass and objid = c.oid)
)
"""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way to break a schema.

    `victims` is a query over `own_schema`, `own_table` and `members`: schema, relation (empty where there is none),
    object and the statement that breaks it. Parameters: `role`, a role that owns nothing, and `word`, a new name.
    `announced_by` are the issue types that may tell of it. `blocked` is a kind whose statement, run by itself, is to
    give up behind an open transaction, and so to leave something half done.
    """

    name: str
    announced_by: frozenset[str]
    victims: str
    blocked: bool = False

    @property
    def query(self) -> str:
        """The whole query, in an order that the same schema always gives."""
        return (
            f"{_OWN} select * from ({self.victims}) as victim (schema, relation, object, statement) order by 1, 2, 3, 4"
        )


def fault_kind(name: str, announced_by: str, victims: str, *, blocked: bool = False) -> FaultKind:
    """A kind; `announced_by` is a list of issue types with spaces between."""
    return FaultKind(name, frozenset(announced_by.split()), victims, blocked)
