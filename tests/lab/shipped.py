"""The schemas that the lab works on: what Debian ships, an application from PyPI, and one with everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .debian import DebianSchema
from .pypi import PypiSchema


@dataclass(frozen=True, slots=True)
class OwnSchema:
    """A schema that is kept here, since no real one has everything in it."""

    name: str
    path: Path

    def sql(self) -> str:
        """The text of the schema."""
        return self.path.read_text(encoding="utf-8")


ShippedSchema = DebianSchema | PypiSchema | OwnSchema

CLINIC = OwnSchema("clinic", Path(__file__).with_name("schemas") / "clinic.sql")

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
    CLINIC,
)
