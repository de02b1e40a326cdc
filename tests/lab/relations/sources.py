"""Where the labelled schemas come from, and how one is loaded."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from ..debian import ShippedSchema
from ..wheel import WheelSchema

_MEDIAWIKI = "usr/share/mediawiki/maintenance/postgres"
_SYNAPSE = "synapse/storage/schema"

SOURCES: dict[str, tuple[ShippedSchema | WheelSchema, ...]] = {
    "bacula": (
        ShippedSchema(
            "bacula",
            "bacula-director-pgsql",
            "usr/share/dbconfig-common/data/bacula-director-pgsql/install/pgsql",
            "bacula-director-pgsql",
        ),
    ),
    "icinga2": (
        ShippedSchema(
            "icinga2", "icinga2-ido-pgsql", "usr/share/icinga2-ido-pgsql/schema/pgsql.sql", "icinga2-ido-pgsql"
        ),
    ),
    "icingaweb2": (
        ShippedSchema("icingaweb2", "icingaweb2", "usr/share/icingaweb2/schema/pgsql.schema.sql", "icingaweb2"),
    ),
    "ledgersmb": (ShippedSchema("ledgersmb", "ledgersmb", "usr/share/ledgersmb/sql/Pg-database.sql", "ledgersmb"),),
    "mediawiki": tuple(
        ShippedSchema("mediawiki", "mediawiki", f"{_MEDIAWIKI}/{file}.sql", "mediawiki")
        for file in ("tables-generated", "tables")
    ),
    "openqa": (
        ShippedSchema("openqa", "openqa", "usr/share/openqa/dbicdh/PostgreSQL/deploy/98/001-auto.sql", "openqa"),
    ),
    "pdns": (
        ShippedSchema(
            "pdns", "pdns-backend-pgsql", "usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql", "pdns-backend-pgsql"
        ),
    ),
    "prelude": (
        ShippedSchema(
            "prelude", "libpreludedb7-pgsql", "usr/share/libpreludedb/classic/pgsql.sql", "libpreludedb7-pgsql"
        ),
    ),
    "procrastinate": (WheelSchema("procrastinate", "procrastinate", "3.10.0", ("procrastinate/sql/schema.sql",)),),
    "roundcube": (
        ShippedSchema("roundcube", "roundcube-core", "usr/share/roundcube/SQL/postgres.initial.sql", "roundcube-pgsql"),
    ),
    "rt": (ShippedSchema("rt", "request-tracker5", "usr/share/request-tracker5/etc/schema.Pg", "rt5-db-postgresql"),),
    "synapse": (
        WheelSchema(
            "synapse",
            "matrix-synapse",
            "1.163.2",
            tuple(f"{_SYNAPSE}/{part}/full_schemas/72/full.sql.postgres" for part in ("common", "main", "state")),
        ),
    ),
    "ttrss": (ShippedSchema("ttrss", "tt-rss", "usr/share/dbconfig-common/data/tt-rss/install/pgsql", "tt-rss"),),
    "zabbix": (
        ShippedSchema("zabbix", "zabbix-server-pgsql", "usr/share/zabbix-server-pgsql/schema.sql.gz", "zabbix-pgsql"),
    ),
}

# What psql alone understands, and rows to be copied, of which none are needed here.
_COPIED = re.compile(r"^copy\s[^;]*\sfrom\s+stdin[^;]*;.*?^\\\.$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_OF_PSQL = re.compile(r"^\\.*$", re.MULTILINE)


def load(name: str, connection: psycopg.Connection) -> None:
    """The schema in an empty database, without a row; raises Unavailable where it cannot be had."""
    text = "\n".join(source.sql() for source in SOURCES[name])
    connection.execute(_OF_PSQL.sub("", _COPIED.sub("", text)).encode())
    connection.commit()  # of a script that begins a transaction and leaves its end to psql
    connection.execute("reset all")
    tables = connection.execute("""
        select n.nspname, c.relname from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    """).fetchall()
    connection.execute("set session_replication_role = replica")
    for schema, table in tables:
        connection.execute(sql.SQL("delete from {}").format(sql.Identifier(schema, table)))
    connection.execute("reset session_replication_role")
