"""SECURITY_DEFINER_VIEW: a view that shows others the rows which row security keeps from them."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import DATABASE, Oid, Table
from ..catalog.surroundings import Surroundings, View
from ..issue import Finding, Severity
from ..judging.fact import fact
from ..judging.registry import Reads, database_rule
from ..judging.scene import Scene
from ..relations.wording import listed
from ..remedy import SetSecurityInvoker

_SECURITY_INVOKER_SINCE = 150000


@database_rule("SECURITY_DEFINER_VIEW", Severity.MEDIUM, Reads.VIEWS | Reads.POLICIES)
def security_definer_view(scene: Scene) -> Iterator[Finding]:
    """Views without security_invoker that read, for others too, tables whose row security does not bind their owner."""
    if scene.snapshot.server_version < _SECURITY_INVOKER_SINCE:
        return
    around = scene.surroundings
    for view in around.views.values():
        if view.kind == "v" and not view.left_alone and not view.security_invoker:
            unbound = [table for table in _unbound(view, scene) if _hides(table, view, around)]
            if unbound:
                yield _finding(view, unbound)


def _finding(view: View, tables: list[Table]) -> Finding:
    names = listed(sorted(table.qualified_name for table in tables))
    where = f"{view.schema}.{view.name}"
    return Finding(
        DATABASE,
        current_state=f"{where} reads {names} with the rights of {view.owner}, whom row security does not bind there;"
        f" it shows every row to {listed(view.readers)}.",
        expected_state=f"{where} reads with the rights of whoever asks it (security_invoker).",
        evidence=(
            *(fact(f"Row security of {table.qualified_name} is on.") for table in tables),
            fact(f"SELECT on {where} is granted to {listed(view.readers)}."),
        ),
        remedy=SetSecurityInvoker(view.oid),
        place=view.place,
    )


def _unbound(view: View, scene: Scene) -> list[Table]:
    """Tables with row security that the view reads for someone whom that does not bind."""
    around, tables = scene.surroundings, scene.snapshot.tables
    found: dict[Oid, Table] = {}
    seen: set[tuple[Oid, str]] = set()
    waiting = [(oid, view.owner) for oid in view.reads]
    while waiting:
        oid, reader = waiting.pop()
        if (oid, reader) in seen:
            continue
        seen.add((oid, reader))
        table, inner = tables.get(oid), around.views.get(oid)
        if table is not None and table.row_security and _is_unbound(reader, table, around):
            found[oid] = table
        elif inner is not None and inner.kind == "v":
            through = reader if inner.security_invoker else inner.owner
            waiting += [(each, through) for each in inner.reads]
    return list(found.values())


def _is_unbound(role: str, table: Table, around: Surroundings) -> bool:
    known = around.roles.get(role)
    if known is not None and (known.superuser or known.bypasses_row_security):
        return True
    has_rights = role == table.owner or (known is not None and table.owner in known.has_rights_of)
    return has_rights and not table.force_row_security


def _hides(table: Table, view: View, around: Surroundings) -> bool:
    """Whether row security hides rows of the table from someone who may read the view."""
    return any(not _is_unbound(role, table, around) for role in view.readers)
