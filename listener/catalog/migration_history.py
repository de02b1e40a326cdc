"""The tables in which migration tools write down what they have run."""

from __future__ import annotations

from typing import Final

HISTORY_TABLES: Final = frozenset(
    {
        "alembic_version",
        "django_migrations",
        "schema_migrations",
        "_prisma_migrations",
        "flyway_schema_history",
        "knex_migrations",
        "goose_db_version",
        "atlas_schema_revisions",
        "databasechangelog",
        "pgmigrations",
        "yoyo_migrations",
        "__drizzle_migrations",
        "aerich",
        "sqitch_changes",
    }
)
