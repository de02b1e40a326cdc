"""Which tables are left alone: an extension's, the hosting provider's, and those that the user named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

# What Supabase, RDS, Cloud SQL, Azure, Neon and Timescale put into a database for themselves.
HOSTS_SCHEMAS = frozenset(
    {
        "_analytics",
        "_realtime",
        "_supavisor",
        "auth",
        "aws_commons",
        "aws_lambda",
        "aws_s3",
        "azure",
        "azure_storage",
        "cron",
        "extensions",
        "google_ml",
        "google_vacuum_mgmt",
        "graphql",
        "graphql_public",
        "neon",
        "neon_auth",
        "neon_migration",
        "net",
        "partman",
        "pgbouncer",
        "pgmq",
        "pgsodium",
        "pgsodium_masks",
        "pgtle",
        "rdsadmin",
        "realtime",
        "repack",
        "storage",
        "supabase_functions",
        "supabase_migrations",
        "tiger",
        "tiger_data",
        "timescaledb_experimental",
        "timescaledb_information",
        "topology",
        "vault",
    }
)
_TIMESCALE = "_timescaledb_"


@dataclass(frozen=True)
class LeftAlone:
    """Says of a table whether it is left alone. `patterns` are on `schema.table` or `table`, with `*`, `?`, `[…]`."""

    patterns: tuple[str, ...] = ()

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return re.compile("|".join(translate(each) for each in self.patterns)) if self.patterns else None

    def covers(self, schema: str, table: str, of_extension: bool = False) -> bool:
        """Whether no issue is ever opened on that table."""
        if of_extension or schema in HOSTS_SCHEMAS or schema.startswith(_TIMESCALE):
            return True
        excluded = self._excluded
        return excluded is not None and bool(excluded.match(table) or excluded.match(f"{schema}.{table}"))


DEFAULT = LeftAlone()
