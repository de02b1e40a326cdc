"""Puts schema pgmend into a database, brings it up to date, and makes a copied one its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import psycopg
from psycopg.sql import SQL, Composable, Identifier

from . import scripts
from .errors import EventTriggersRefused, ForeignSchema, InstallationError, NewerInstalled, NotInstalled
from .owner import OWNER, SCHEMAS, acting_as, owner_statements, schema_owner, settle_owner, strangers
from .removal import Removal, drop_event_triggers, uninstall
from .scripts import Script
from .session import Connection, Statement, attempt, changing, run, value

__all__ = ["InstallResult", "Removal", "adopt", "install", "installed_version", "statements", "uninstall"]

_COMMENTS = {
    "pgmend": "pgmend: heals this schema. select * from pgmend.status; \\d+ pgmend.* is the manual.",
    "pgmend_backup": "What pgmend needs to undo fixes; each table with no wider rights than its source.",
}
_REGISTER = SQL("""
insert into pgmend.instance (system_identifier, database_oid, schema_version)
select {system_identifier}, oid, {version} from pg_database where datname = current_database()
""")
_ADOPT = """
update pgmend.instance set instance_id = gen_random_uuid(), system_identifier = %s, database_oid = database.oid,
  installed_at = clock_timestamp(), installed_by = session_user
from pg_database as database where database.datname = current_database()
"""
# Where a copy was dumped and restored, its tables have other OIDs. The name of a backup has the id of its fix in it.
_FIND_BACKUPS = """
update pgmend.backup set relation_oid = pg_class.oid
from pg_class where relnamespace = to_regnamespace('pgmend_backup') and relkind = 'r' and relname = relation_name
"""
_WIDER = """
select kind, object, case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
from (
  select case when relkind = 'S' then 'sequence' else 'table' end, oid::regclass::text, relacl, relowner, relnamespace
  from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 'routine', oid::regprocedure::text, proacl, proowner, pronamespace from pg_proc
  union all
  select 'schema', oid::regnamespace::text, nspacl, nspowner, oid from pg_namespace
) as item (kind, object, acl, owner, namespace), lateral aclexplode(acl)
where namespace in ('pgmend'::regnamespace, 'pgmend_backup'::regnamespace) and grantee <> owner
"""


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What an install did."""

    version_before: int | None
    version: int
    migrations: tuple[str, ...]
    owner: str
    event_triggers: bool
    why_polling: str | None

    @property
    def detection(self) -> str:
        """`events` or `polling`."""
        return "events" if self.event_triggers else "polling"


def installed_version(connection: Connection) -> int | None:
    """The version of schema pgmend in this database; None where it is not installed."""
    if value(connection, "select pg_catalog.to_regclass('pgmend.instance')") is None:
        return None
    version = value(connection, "select schema_version from pgmend.instance")
    if not isinstance(version, int):
        raise InstallationError("pgmend.instance has no row: schema pgmend is incomplete; uninstall with --discard")
    return version


def install(
    connection: Connection, *, event_triggers: bool | None = None, root: Traversable | None = None
) -> InstallResult:
    """Install, upgrade, or apply again what is there, in one transaction of its own.

    Event triggers are tried where `event_triggers` is None, demanded where it is True, and taken away where it is
    False. Locks: none on anything that is not ours. Raises InstallationError.
    """
    root = root or scripts.packaged()
    with changing(connection):
        before = _version_to_upgrade(connection, root)
        owner = schema_owner(connection) or settle_owner(connection)
        pending = scripts.migrations(root, after=before or 0)
        if before is None:
            _run_all(connection, _schemas(owner))
        with acting_as(connection, owner):
            _run_scripts(connection, (script for migration in pending for script in migration.scripts))
            _run_scripts(connection, scripts.repeatable(root))
            version = scripts.latest_version(root)
            _write_version(connection, before, version)
            if before is None:
                _narrow(connection)
        refusal = _set_event_triggers(connection, scripts.event_triggers(root), event_triggers)
        # An upgrade's own GRANTs are nobody's DDL.
        connection.execute("delete from pgmend.ddl_log where transaction_id = pg_current_xact_id()")
    applied = tuple(migration.name for migration in pending)
    return InstallResult(before, version, applied, owner, refusal is None, refusal)


def statements(connection: Connection, *, root: Traversable | None = None) -> list[str]:
    """The SQL that `install` would run here, in order; nothing is run but catalog queries."""
    root = root or scripts.packaged()
    before = _version_to_upgrade(connection, root)
    listed: list[Statement] = []
    if before is None:
        listed.extend(owner_statements(connection))
        listed.extend(_schemas(OWNER))
    pending = [script for migration in scripts.migrations(root, after=before or 0) for script in migration.scripts]
    texts = [script.text for script in (*pending, *scripts.repeatable(root), *scripts.event_triggers(root))]
    return [*(_text(connection, statement) for statement in listed), *texts]


def adopt(connection: Connection) -> None:
    """Make pgmend take this database, a copy of one it was installed in, for its own: with a new instance id."""
    with changing(connection):
        if installed_version(connection) is None:
            raise NotInstalled("there is no schema pgmend in this database; run `pgmend install`")
        connection.execute(_ADOPT, (_system_identifier(connection),))
        connection.execute(_FIND_BACKUPS)
        connection.execute("delete from pgmend.lease")
        connection.execute("delete from pgmend.own_backend")
        connection.execute("insert into pgmend.audit (action, object) values ('instance.adopt', current_database())")


def _version_to_upgrade(connection: Connection, root: Traversable) -> int | None:
    """The version installed, after making sure that what is here is ours and not newer."""
    for schema in SCHEMAS:
        if schema_owner(connection, schema) and (others := strangers(connection, schema)):
            raise ForeignSchema(f"schema {schema} holds objects that are not pgmend's: {others}; drop or move them")
    before = installed_version(connection)
    if before is None:
        for schema in SCHEMAS:
            if schema_owner(connection, schema):
                raise ForeignSchema(f"schema {schema} exists, and pgmend did not make it; rename or drop that schema")
    elif before > (latest := scripts.latest_version(root)):
        raise NewerInstalled(f"schema pgmend has version {before}, this pgmend knows {latest}; upgrade pgmend")
    return before


def _schemas(owner: str) -> list[Statement]:
    return [
        statement
        for schema in SCHEMAS
        for statement in (
            SQL("create schema {} authorization {}").format(Identifier(schema), Identifier(owner)),
            SQL("comment on schema {} is {}").format(Identifier(schema), _COMMENTS[schema]),
        )
    ]


def _run_all(connection: Connection, several: Iterable[Statement]) -> None:
    for statement in several:
        run(connection, statement)


def _run_scripts(connection: Connection, several: Iterable[Script]) -> None:
    _run_all(connection, (script.text.encode() for script in several))


def _write_version(connection: Connection, before: int | None, version: int) -> None:
    if before is None:
        identifier = _system_identifier(connection)
        run(connection, _REGISTER.format(system_identifier=identifier, version=version))
    else:
        connection.execute("update pgmend.instance set schema_version = %s", (version,))


def _system_identifier(connection: Connection) -> str | None:
    query = "select system_identifier::text from pg_control_system()"
    if attempt(connection, query) is not None:
        return None  # a provider may keep it to itself
    return str(value(connection, query))


def _narrow(connection: Connection) -> None:
    """Take back what ALTER DEFAULT PRIVILEGES of the owner gave to others."""
    for kind, item, grantee in connection.execute(_WIDER).fetchall():
        run(connection, f"revoke all on {kind} {item} from {grantee}".encode())


def _set_event_triggers(connection: Connection, triggers: Iterable[Script], wanted: bool | None) -> str | None:
    """Create them, or drop them where `wanted` is False; why there are none, or None when there are."""
    if wanted is False:
        drop_event_triggers(connection)
        return "not wanted"
    refusal = attempt(connection, *(script.text.encode() for script in triggers))
    if refusal is None:
        return None
    reason = f"{refusal.diag.message_primary} (SQLSTATE {refusal.sqlstate})"
    if wanted:
        raise EventTriggersRefused(f"event triggers cannot be created: {reason}; install as a superuser") from refusal
    present = value(connection, "select count(*) = 2 from pg_event_trigger where evtname like 'pgmend\\_record\\_%%'")
    return None if present and isinstance(refusal, psycopg.errors.InsufficientPrivilege) else reason


def _text(connection: Connection, statement: Statement) -> str:
    if isinstance(statement, Composable):
        return f"{statement.as_string(connection)};\n"
    return statement.decode() if isinstance(statement, bytes) else statement
