"""Roles that belong to one test."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from pgmend.listener.embedded.password import Password
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Role:
    """A role and the password it logs in with."""

    name: str
    password: str

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)


class Roles:
    """Makes roles; `drop` takes them away with the databases they own and what they were granted."""

    def __init__(self, admin: psycopg.Connection) -> None:
        self._admin = admin
        self._made: list[Role] = []

    def __call__(self, options: LiteralString = "login", *, name: str | None = None) -> Role:
        """A new role with `options` of CREATE ROLE; without `name`, with one that no other test has."""
        password = Password.random()
        role = Role(name or f"pgmend_test_{secrets.token_hex(6)}", password.text)
        self._admin.execute(
            sql.SQL("create role {} password {} ").format(role.identifier, sql.Literal(password.verifier()))
            + sql.SQL(options)
        )
        self._made.append(role)
        return role

    def drop(self) -> None:
        """Drop all, the last made first; their objects are gone with the test's database."""
        for role in reversed(self._made):
            owned = self._admin.execute(
                "select datname from pg_database where datdba = (select oid from pg_roles where rolname = %s)",
                [role.name],
            )
            for (database,) in owned.fetchall():
                self._admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
            if self._exists(role):
                self._admin.execute(sql.SQL("drop owned by {}").format(role.identifier))
                self._admin.execute(sql.SQL("drop role {}").format(role.identifier))
        self._made.clear()

    def _exists(self, role: Role) -> bool:
        return self._admin.execute("select 1 from pg_roles where rolname = %s", [role.name]).fetchone() is not None
