"""Code of others in a definition, which would run with our rights where a fix computes it (law 14)."""

from __future__ import annotations

from typing import Any

from pglast import ast
from pglast.visitors import Visitor

from .subject import Subject

# A superuser's code has more rights than we can lend it; our own has as many.
_OWNED_BY_OTHERS = """
select pg_catalog.concat(n.nspname, '.', coalesce(p.proname, y.typname)), r.rolname::text
from rows from (pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])) as used (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = used.schema
  left join pg_catalog.pg_operator o on o.oprnamespace = n.oid and o.oprname = used.name
  left join pg_catalog.pg_type y on y.typnamespace = n.oid and y.typname = used.name and y.typtype in ('d', 'b')
  left join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = used.name or p.oid = o.oprcode
  join pg_catalog.pg_roles r on r.oid = coalesce(p.proowner, y.typowner)
where not r.rolsuper and r.rolname <> current_user
order by 1, 2 limit 1
"""


async def strange_code(subject: Subject, *nodes: ast.Node) -> str | None:
    """What the nodes call that neither a superuser nor we have made, with its owner; None where there is nothing.

    The nodes are of text that the server wrote under search_path `pg_catalog`: what has no schema is PostgreSQL's own.
    """
    names = _Names()
    for node in nodes:
        names(node)
    parameters = {"schemas": [schema for schema, _ in names.found], "names": [name for _, name in names.found]}
    row = await (await subject.site.connection.execute(_OWNED_BY_OTHERS, parameters)).fetchone()
    return f"{row[0]} of role {row[1]}" if row else None


class _Names(Visitor):
    """Collects the functions, operators and types that are named with their schema."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def _see(self, names: Any) -> None:
        parts = [part.sval for part in names or ()]
        if len(parts) == 2:
            self.found.add((parts[0], parts[1]))

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802 - pglast finds it by this name
        self._see(node.funcname)

    def visit_A_Expr(self, _: object, node: ast.A_Expr) -> None:  # noqa: N802
        self._see(node.name)

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802
        self._see(node.names)
