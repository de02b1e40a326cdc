"""Whether this role on this server can do a listener's work; each lack with the statement that cures it."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import AsyncConnection, Error, errors, sql
from psycopg.rows import TupleRow, class_row

from .catalog.exclusion import LeftAlone
from .errors import CouldNotLook
from .store.instance import require_installation

_FIRST_WITH_GRANT_OPTIONS = 160000

_READ_ONLY = """
select pg_is_in_recovery() as standby, s.setting = 'on' as forbidden, s.source,
  current_user::text as role, current_database()::text as database
from pg_settings as s where s.name = 'default_transaction_read_only'
"""
_OWNERS = """
select owner.rolname::text as owner, owner.rolsuper as superuser, pg_has_role(owner.oid, 'usage') as used
from pg_namespace as schema join pg_roles as owner on owner.oid = schema.nspowner where schema.nspname = 'pgmend'
"""
_OTHERS = """
select owner.rolname::text, owner.rolsuper, schema.nspname::text, pg_class.relname::text,
  exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
from pg_class
join pg_roles as owner on owner.oid = relowner
join pg_namespace as schema on schema.oid = relnamespace
where relkind in ('r', 'p') and relpersistence <> 't' and not pg_has_role(owner.oid, 'usage')
  and nspname not in ('information_schema', 'pgmend', 'pgmend_backup') and nspname not like 'pg\\_%'
order by 1, 3, 4
"""
_NOT_TO_GRANT = "give it an owner that is no superuser (alter table … owner to …), and grant that one"


@dataclass(frozen=True, slots=True)
class Unmendable:
    """Tables whose owner's rights this role has not: their issues are found, and their fixes refused. `cure`
    says what helps, `one` names one of them."""

    owner: str
    tables: int
    one: str
    cure: str


@dataclass(frozen=True, slots=True)
class _Writes:
    standby: bool
    forbidden: bool
    source: str
    role: str
    database: str


async def require_ready(connection: AsyncConnection[TupleRow]) -> None:
    """Raise CouldNotLook, with the cure, where no listener could lead here: read-only, not installed, no rights."""
    if why := await why_read_only(connection):
        raise CouldNotLook(why)
    try:
        await require_installation(connection)
        await connection.execute("select from pgmend.lease for update limit 0")
    except errors.InsufficientPrivilege as error:
        raise CouldNotLook(await why_denied(connection, error)) from error


async def unmendable(connection: AsyncConnection[TupleRow], left_alone: LeftAlone) -> tuple[Unmendable, ...]:
    """By owner, the tables that this role may not mend; without those that are left alone."""
    found: dict[tuple[str, bool], list[str]] = {}
    for owner, superuser, schema, table, of_extension in await (await connection.execute(_OTHERS)).fetchall():
        if not left_alone.covers(schema, table, of_extension):
            found.setdefault((owner, superuser), []).append(f"{schema}.{table}")
    return tuple(
        [
            Unmendable(owner, len(tables), tables[0], how_to_own(connection, owner, superuser=superuser))
            for (owner, superuser), tables in found.items()
        ]
    )


def how_to_own(connection: AsyncConnection[TupleRow], owner: str, *, superuser: bool) -> str:
    """What gives this role the rights of a table's owner."""
    return _NOT_TO_GRANT if superuser else _grant(connection, owner)


async def why_read_only(connection: AsyncConnection[TupleRow]) -> str | None:
    """Why nothing can be written over such connections, with the cure; None where it can."""

    async with connection.cursor(row_factory=class_row(_Writes)) as cursor:
        found = await (await cursor.execute(_READ_ONLY)).fetchone()
    assert found is not None
    where = f"{connection.info.host}:{connection.info.port}"
    if found.standby:
        return f"The server at {where} is a standby and takes no writes: connect to its primary."
    if not found.forbidden:
        return None
    database, role = _quoted(connection, found.database), _quoted(connection, found.role)
    off = "default_transaction_read_only = off"
    cure = {
        "database": f"alter database {database} set {off}",
        "user": f"alter role {role} set {off}",
        "database user": f"alter role {role} in database {database} set {off}",
    }.get(found.source, f"alter database {database} set {off}")
    return (
        f"Database {found.database} on {where} takes no writes: default_transaction_read_only is on"
        f" (set by: {found.source}). set {off}; {cure};"
    )


async def why_denied(connection: AsyncConnection[TupleRow], error: Error) -> str:
    """What the server refused this role, and the GRANT that cures it."""
    said = f"A right is missing: {error.diag.message_primary}."
    row = await (await connection.execute(_OWNERS)).fetchone()
    if row is None:
        return f"{said} pgmend is not installed in this database: run `pgmend install`."
    owner, superuser, used = row
    if used:
        return f"{said} {connection.info.user} has all rights on schema pgmend: this one is a table owner's to grant."
    if superuser:
        return f"{said} Schema pgmend belongs to the superuser {owner}: connect as that role, or install as another."
    return f"{said} As a superuser, or as who made {owner}: {_grant(connection, owner)}"


def _grant(connection: AsyncConnection[TupleRow], owner: str) -> str:
    """Membership that also counts for a role with NOINHERIT (16 and newer can say so)."""
    inherits = " with inherit true" if connection.info.server_version >= _FIRST_WITH_GRANT_OPTIONS else ""
    return f"grant {_quoted(connection, owner)} to {_quoted(connection, connection.info.user)}{inherits};"


def _quoted(connection: AsyncConnection[TupleRow], name: str) -> str:
    return sql.Identifier(name).as_string(connection)
