"""The rules of Acme, tried without a server."""

from __future__ import annotations

import pytest
from acme_rules import tenant_index
from pgmend.rules import CreateIndex
from pgmend.testing import altered, judged, snapshot, table

SILENT = {
    "no tenant": "countries: code text pk",
    "index": "orders: id int pk, tenant_id int, index(tenant_id)",
    "it leads a composite key": "orders: tenant_id int, id int, pk(tenant_id, id)",
    "partition": "orders [partitioned]: tenant_id int, index(tenant_id)\npart [partition of=orders]: tenant_id int",
}


@pytest.mark.parametrize("schema", SILENT.values(), ids=SILENT)
def test_silent(schema: str) -> None:
    assert judged(schema, tenant_index) == []


def test_a_table_without_one_gets_one() -> None:
    shop = snapshot("sales.orders: id int pk, tenant_id int, index(id, tenant_id)")
    (issue,) = judged(shop, tenant_index)
    assert (issue.schema, issue.table, issue.column) == ("sales", "orders", "tenant_id")
    assert issue.remedy == CreateIndex(table(shop, "sales.orders").oid, (2,))


def test_an_invalid_index_does_not_count() -> None:
    shop = snapshot("orders: id int pk, tenant_id int, by_tenant=index(tenant_id)")
    assert len(judged(altered(shop, "orders", "by_tenant", valid=False), tenant_index)) == 1
