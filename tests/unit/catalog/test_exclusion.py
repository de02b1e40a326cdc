from __future__ import annotations

import pytest
from pgmend.listener.catalog.exclusion import DEFAULT, LeftAlone


@pytest.mark.parametrize(
    ("patterns", "schema", "table", "expected"),
    [
        ((), "public", "users", False),
        (("users",), "public", "users", True),
        (("public.users",), "public", "users", True),
        (("public.users",), "app", "users", False),
        (("public.*",), "public", "users", True),
        (("*.tmp_?",), "a", "tmp_1", True),
        (("tmp_?",), "a", "tmp_12", False),
        (("users",), "public", "Users", False),
        (("users",), "public", "users_old", False),
        (("[ab]*", "zz"), "public", "beta", True),
        (("größe*",), "public", "größen", True),
        (("a|b",), "public", "b", False),
        (("(",), "public", "(", True),
    ],
)
def test_patterns_are_on_schema_and_table_or_table(
    patterns: tuple[str, ...], schema: str, table: str, expected: bool
) -> None:
    assert LeftAlone(patterns).covers(schema, table) is expected


@pytest.mark.parametrize(
    "schema", ["auth", "storage", "realtime", "vault", "cron", "_timescaledb_internal", "rdsadmin"]
)
def test_hosts_schemas_are_left_alone(schema: str) -> None:
    assert DEFAULT.covers(schema, "anything")
    assert not DEFAULT.covers(f"{schema}_of_mine", "anything") or schema.startswith("_timescaledb_")


def test_tables_of_extensions_are_left_alone() -> None:
    assert DEFAULT.covers("public", "spatial_ref_sys", of_extension=True)
