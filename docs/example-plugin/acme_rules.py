"""What Acme agreed on for its tables."""

from __future__ import annotations

from collections.abc import Iterator

from pgmend.rules import CreateIndex, Finding, Reads, Scene, Severity, Table, fact, rule


@rule("ACME_TENANT_INDEX", severity=Severity.MEDIUM, reads=Reads.COLUMNS | Reads.INDEXES)
def tenant_index(table: Table, scene: Scene) -> Iterator[Finding]:
    """Tables whose tenant_id leads no index.

    Every query of ours filters by tenant; without an index that begins with tenant_id each of them reads the table.
    Partitions are passed over: their indexes are their parent's.
    """
    tenant = table.column_named("tenant_id")
    if tenant is None or table.is_partition or table.kind == "f":
        return
    if any(index.valid and index.columns[:1] == (tenant.number,) for index in table.indexes):
        return
    yield Finding(
        table.oid,
        current_state="No index begins with tenant_id.",
        expected_state="An index begins with tenant_id.",
        columns=(tenant.number,),
        evidence=(fact(f"None of the {len(table.indexes)} indexes has tenant_id as its first column."),),
        remedy=CreateIndex(table.oid, (tenant.number,)),
    )
