"""The real schemas that the lab works on: what Debian ships, and an application from PyPI."""

from __future__ import annotations

from .debian import DebianSchema
from .pypi import PypiSchema

ShippedSchema = DebianSchema | PypiSchema

SCHEMAS: tuple[ShippedSchema, ...] = (
    DebianSchema("roundcube", "roundcube-core", ("usr/share/roundcube/SQL/postgres.initial.sql",)),
    DebianSchema("pdns", "pdns-backend-pgsql", ("usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql",)),
    DebianSchema("icinga2", "icinga2-ido-pgsql", ("usr/share/icinga2-ido-pgsql/schema/pgsql.sql",)),
    DebianSchema(
        "mediawiki",
        "mediawiki",
        (
            "usr/share/mediawiki/maintenance/postgres/tables-generated.sql",
            "usr/share/mediawiki/maintenance/postgres/tables.sql",
        ),
    ),
    DebianSchema(
        "bacula", "bacula-director-pgsql", ("usr/share/dbconfig-common/data/bacula-director-pgsql/install/pgsql",)
    ),
    PypiSchema("procrastinate", "procrastinate", "3.10.0", ("procrastinate/sql/schema.sql",)),
)
