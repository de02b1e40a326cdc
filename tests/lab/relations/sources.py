"""Where the labelled schemas come from, and how one is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from ..debian import DebianSchema
from ..pypi import PypiSchema
from ..shipped import SCHEMAS, ShippedSchema

_SYNAPSE = "synapse/storage/schema"
_SHARED = ("bacula", "icinga2", "mediawiki", "pdns", "procrastinate", "roundcube")


@dataclass(frozen=True, slots=True)
class JoinedSchema:
    """What several packages make of one schema, one after the other."""

    parts: tuple[ShippedSchema, ...]

    def sql(self) -> str:
        """The text of the schema; raises Unavailable."""
        return "\n".join(part.sql() for part in self.parts)


_AWL = "usr/share/awl/dba"

SOURCES: dict[str, ShippedSchema | JoinedSchema] = {
    **{schema.name: schema for schema in SCHEMAS if schema.name in _SHARED},
    "davical": JoinedSchema(
        (
            DebianSchema("awl", "libawl-php", (f"{_AWL}/awl-tables.sql", f"{_AWL}/schema-management.sql")),
            DebianSchema("davical", "davical", ("usr/share/davical/dba/davical.sql",)),
        )
    ),
    "ejabberd": DebianSchema("ejabberd", "ejabberd", ("usr/share/ejabberd/sql/pg.new.sql",)),
    "icingadb": DebianSchema("icingadb", "icingadb", ("usr/share/icingadb/schema/pgsql/schema.sql",)),
    "icingaweb2": DebianSchema("icingaweb2", "icingaweb2", ("usr/share/icingaweb2/schema/pgsql.schema.sql",)),
    "kea": DebianSchema("kea", "kea-admin", ("usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql",)),
    "ledgersmb": DebianSchema("ledgersmb", "ledgersmb", ("usr/share/ledgersmb/sql/Pg-database.sql",)),
    "openqa": DebianSchema("openqa", "openqa", ("usr/share/openqa/dbicdh/PostgreSQL/deploy/98/001-auto.sql",)),
    "prelude": DebianSchema("prelude", "libpreludedb7-pgsql", ("usr/share/libpreludedb/classic/pgsql.sql",)),
    "rt": DebianSchema("rt", "request-tracker5", ("usr/share/request-tracker5/etc/schema.Pg",)),
    "synapse": PypiSchema(
        "synapse",
        "matrix-synapse",
        "1.163.2",
        tuple(f"{_SYNAPSE}/{part}/full_schemas/72/full.sql.postgres" for part in ("common", "main", "state")),
    ),
    "ttrss": DebianSchema("ttrss", "tt-rss", ("usr/share/dbconfig-common/data/tt-rss/install/pgsql",)),
    "zabbix": DebianSchema("zabbix", "zabbix-server-pgsql", ("usr/share/zabbix-server-pgsql/schema.sql.gz",)),
}

# What psql alone understands, and rows to be copied, of which none are needed here.
_COPIED = re.compile(r"^copy\s[^;]*\sfrom\s+stdin[^;]*;.*?^\\\.$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_OF_PSQL = re.compile(r"^\\.*$", re.MULTILINE)


def load(name: str, connection: psycopg.Connection) -> None:
    """The schema in an empty database, without a row; raises Unavailable where it cannot be had."""
    text = SOURCES[name].sql()
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
