"""Schemas written as SQL: a file, or a folder of files in the order of their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pglast
import psycopg
from pglast import ast
from pglast.enums import AlterTableType, ObjectType
from pglast.visitors import Visitor
from psycopg import AsyncConnection

from ..errors import CouldNotLook, InvalidRequest
from ..journal import redact

_META: Final = re.compile(r"^\\(?:un)?restrict\b.*$", re.MULTILINE)
_OTHER_META: Final = re.compile(r"^\\[a-z!].*$", re.MULTILINE | re.IGNORECASE)
_NUMBER: Final = re.compile(r"(\d+)")
_SHOWN: Final = 120
# They are of the whole server, and would reach beyond the scratch database.
_OF_THE_SERVER: Final = (
    ast.CreateRoleStmt,
    ast.AlterRoleStmt,
    ast.AlterRoleSetStmt,
    ast.DropRoleStmt,
    ast.GrantRoleStmt,
    ast.ReassignOwnedStmt,
    ast.CreatedbStmt,
    ast.DropdbStmt,
    ast.AlterDatabaseStmt,
    ast.AlterDatabaseSetStmt,
    ast.AlterSystemStmt,
    ast.CreateTableSpaceStmt,
    ast.DropTableSpaceStmt,
)
# No part of a portrait, and a subscription would connect to its publisher.
_PASSED_OVER: Final = (
    ast.CreateEventTrigStmt,
    ast.AlterEventTrigStmt,
    ast.CreateSubscriptionStmt,
    ast.AlterSubscriptionStmt,
    ast.DropSubscriptionStmt,
)
# Who owns what and who may what: of no account where one role has everything to itself.
_OF_ROLES: Final = (
    ast.CreateRoleStmt,
    ast.AlterRoleStmt,
    ast.AlterRoleSetStmt,
    ast.DropRoleStmt,
    ast.GrantRoleStmt,
    ast.ReassignOwnedStmt,
    ast.DropOwnedStmt,
    ast.AlterOwnerStmt,
    ast.GrantStmt,
    ast.AlterDefaultPrivilegesStmt,
)
_WHO_ONE_IS: Final = frozenset({"role", "session_authorization"})
_UNKNOWN_SETTING: Final = "42704"


def scripts_of(path: Path) -> tuple[Path, ...]:
    """The file, or the folder's `.sql` files: `2_x.sql` before `10_y.sql`, none that undoes another (`.down.sql`)."""
    if path.is_file():
        return (path,)
    if not path.is_dir():
        raise InvalidRequest(f"{path}: there is no such file or folder.")
    found = [each for each in path.iterdir() if each.suffix == ".sql" and not each.name.endswith(".down.sql")]
    if not found:
        raise InvalidRequest(f"{path}: there is no .sql file in this folder.")
    return tuple(sorted(found, key=lambda each: [int(x) if x.isdigit() else x for x in _NUMBER.split(each.name)]))


async def replay(connection: AsyncConnection[Any], script: Path, *, alone: bool = False) -> None:
    """Run the script in the scratch database, statement by statement as psql does. On a server where one role has
    everything `alone`, what is about owners and rights is passed over. Raises CouldNotLook naming the statement that
    the server refused, InvalidRequest where the file is none that can be replayed."""
    for text, node in _statements(script, alone=alone):
        if isinstance(node, _PASSED_OVER) or _is_about_event_trigger(node) or (alone and _is_about_roles(node)):
            continue
        try:
            await connection.execute(text.encode())
        except psycopg.Error as error:
            if isinstance(node, ast.VariableSetStmt) and error.sqlstate == _UNKNOWN_SETTING:
                continue  # a dump of a newer server
            raise CouldNotLook(f"{script}: the server refused {_shown(text)}: {redact(str(error).strip())}") from error


def roles_named(scripts: Iterable[Path]) -> frozenset[str]:
    """The roles that the scripts name."""
    names = _Roles()
    for script in scripts:
        for _, node in _statements(script, alone=True):
            names(node)
    return frozenset(names.found)


class _Roles(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_RoleSpec(self, _: object, node: Any) -> None:  # noqa: N802 - pglast calls it so
        if node.rolename is not None:
            self.found.add(node.rolename)


def _is_about_roles(node: Any) -> bool:
    match node:
        case ast.AlterTableStmt(cmds=commands):
            return all(each.subtype == AlterTableType.AT_ChangeOwner for each in commands or ())
        case ast.VariableSetStmt(name=name):
            return name in _WHO_ONE_IS
        case _:
            return isinstance(node, _OF_ROLES)


def _statements(script: Path, *, alone: bool) -> Iterator[tuple[str, Any]]:
    try:
        text = _META.sub("", script.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{script}: cannot be read ({error}).") from None
    if "\0" in text:
        raise InvalidRequest(f"{script}: holds a NUL character.")
    try:
        parts = pglast.parser.split(text)
    except pglast.Error as error:
        meta = _OTHER_META.search(text)
        why = f"psql's command {meta[0].split()[0]} is not understood" if meta else redact(str(error))
        raise InvalidRequest(f"{script}: {why}. A file of pg_dump --schema-only, or plain SQL, is.") from None
    for part in parts:
        node: Any = pglast.parse_sql(part)[0].stmt
        if isinstance(node, _OF_THE_SERVER) and not (alone and isinstance(node, _OF_ROLES)):
            raise InvalidRequest(f"{script}: {_shown(part)} reaches beyond one database; leave it out.")
        if isinstance(node, ast.CopyStmt) and node.filename is None and node.is_from:
            raise InvalidRequest(f"{script}: {_shown(part)} brings rows; take pg_dump --schema-only.")
        yield part, node


def _is_about_event_trigger(node: Any) -> bool:
    kinds = [getattr(node, name, None) for name in ("objectType", "objtype", "removeType", "renameType")]
    return any(kind == ObjectType.OBJECT_EVENT_TRIGGER for kind in kinds)


def _shown(text: str) -> str:
    line = redact(" ".join(text.split()))
    return f"`{line[:_SHOWN]}…`" if len(line) > _SHOWN else f"`{line}`"
