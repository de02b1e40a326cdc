"""The role that owns schema pgmend, and that its functions run as."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

from .errors import ForeignSchema, UnfitOwner
from .session import Connection, Statement, attempt, run, value

OWNER = "pgmend_owner"
SCHEMAS = ("pgmend", "pgmend_backup")

_CREATE = SQL("create role pgmend_owner nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls")
_COMMENT = SQL(
    "comment on role pgmend_owner is 'Owns schema pgmend and runs its functions; nobody logs in as it. "
    "A role that the pgmend listener connects as is made a member: grant pgmend_owner to that_role.'"
)
# The listener asks whether the session that ran DDL is still in a transaction; is_ours() when a backend started.
_STATISTICS = SQL("grant pg_read_all_stats to pgmend_owner")
_FIRST_WITH_GRANT_OPTIONS = 160000

_UNFIT = """
select string_agg(attribute, ', ') from pg_roles, lateral (values
  ('login', rolcanlogin), ('superuser', rolsuper), ('createrole', rolcreaterole), ('createdb', rolcreatedb),
  ('replication', rolreplication), ('bypassrls', rolbypassrls)) as has (attribute, it)
where rolname = %s and it
"""
_SCHEMA_OWNER = """
select owner.rolname,
  owner.rolname in ('pgmend_owner', current_user) or owner.rolsuper or owner.oid = database.datdba as trusted
from pg_namespace as schema
join pg_roles as owner on owner.oid = schema.nspowner
join pg_database as database on database.datname = current_database()
where schema.nspname = %s
"""
_STRANGERS = """
select string_agg(distinct format('%%s of role %%s', object.name, object.owner), ', ')
from (
  select relname, relowner::regrole, relnamespace from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select proname, proowner::regrole, pronamespace from pg_proc
) as object (name, owner, namespace)
join pg_namespace as schema on schema.oid = object.namespace
where schema.nspname = %s and object.owner <> schema.nspowner
"""


def schema_owner(connection: Connection, schema: str = "pgmend") -> str | None:
    """Who owns the schema; None where there is none. Raises ForeignSchema where an ordinary role made it."""
    row = connection.execute(_SCHEMA_OWNER, (schema,)).fetchone()
    if row is None:
        return None
    name, trusted = row
    if not trusted:
        raise ForeignSchema(f"schema {schema} belongs to role {name}, not to pgmend; rename or drop that schema")
    return name


def strangers(connection: Connection, schema: str) -> str | None:
    """What other roles own inside the schema, as a list for people."""
    found = value(connection, _STRANGERS, schema)
    return str(found) if found else None


def settle_owner(connection: Connection) -> str:
    """Who shall own the new schemas: pgmend_owner, made if need be, or else the current role."""
    for statement in _preparation(connection):
        attempt(connection, statement)
    _refuse_unfit(connection)
    if attempt(connection, SQL("set local role pgmend_owner"), SQL("reset role")) is None:
        return OWNER
    return str(value(connection, "select current_user"))


def owner_statements(connection: Connection) -> list[Statement]:
    """What `settle_owner` would try here."""
    _refuse_unfit(connection)
    return _preparation(connection)


@contextmanager
def acting_as(connection: Connection, owner: str) -> Generator[None]:
    """Make what is made belong to `owner`; when an error ends the transaction, so does the role."""
    role = value(connection, "select current_setting('role')")
    run(connection, SQL("set local role {}").format(Identifier(owner)))
    yield
    connection.execute("select set_config('role', %s, true)", (role,))


def drop_owner(connection: Connection) -> bool:
    """Drop pgmend_owner unless another database still needs it, or we may not; whether it is gone."""
    refusal = attempt(connection, SQL("drop role pgmend_owner"))
    if refusal is None or isinstance(refusal, psycopg.errors.UndefinedObject):
        return True
    if isinstance(refusal, psycopg.errors.DependentObjectsStillExist | psycopg.errors.InsufficientPrivilege):
        return False
    raise refusal


def _preparation(connection: Connection) -> list[Statement]:
    exists = value(connection, "select true from pg_roles where rolname = %s", OWNER)
    privileged = value(connection, "select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
    superuser = value(connection, "select rolsuper from pg_roles where rolname = current_user")
    statements: list[Statement] = [] if exists or not privileged else [_CREATE, _COMMENT]
    if not superuser:
        options = " with inherit true, set true" if connection.info.server_version >= _FIRST_WITH_GRANT_OPTIONS else ""
        statements.append(SQL("grant pgmend_owner to current_user" + options))
    return [*statements, _STATISTICS]


def _refuse_unfit(connection: Connection) -> None:
    if attributes := value(connection, _UNFIT, OWNER):
        raise UnfitOwner(
            f"role pgmend_owner exists with {attributes}, and our functions would run with that; "
            "alter role pgmend_owner nologin nosuperuser nocreaterole nocreatedb noreplication nobypassrls"
        )
