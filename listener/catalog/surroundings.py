"""What the catalogs said of the objects around the tables: views, routines, schemas, and the roles behind them.

They are judged together, as one subject: the database. Members of extensions are not here; what lies in a host's own
schema, or under a pattern that the user excluded, is `left_alone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

Oid = int

PUBLIC: Final = "public"
"""Stands for everyone among roles: PostgreSQL lets no role be called so."""


class Place(NamedTuple):
    """Where something is that is in no table: `name` is empty of a schema, `part` tells apart what is called alike."""

    schema: str
    name: str = ""
    part: str = ""


class View(NamedTuple):
    """One view (`kind` v) or materialized view (m).

    `reads` are the tables and views that its query names, `readers` the roles besides the owner to which SELECT was
    granted on it or on a column.
    """

    oid: Oid
    schema: str
    name: str
    kind: str
    owner: str
    security_invoker: bool
    security_barrier: bool
    reads: tuple[Oid, ...]
    readers: tuple[str, ...]
    left_alone: bool

    @property
    def place(self) -> Place:
        """What issues and changes call it."""
        return Place(self.schema, self.name)


class Routine(NamedTuple):
    """One function, procedure (`kind` p), window function or aggregate.

    `config` are its SET clauses as `name=value`, `body` a digest of what it runs. `early_bound` says that the body is
    parsed and bound to objects already (BEGIN ATOMIC). `callers` are the roles besides the owner to which EXECUTE was
    granted; they are told of a security definer only.
    """

    oid: Oid
    schema: str
    name: str
    kind: str
    arguments: str
    owner: str
    language: str
    security_definer: bool
    config: tuple[str, ...]
    volatility: str
    early_bound: bool
    body: int | None
    callers: tuple[str, ...]
    left_alone: bool

    @property
    def signature(self) -> str:
        """What tells it from others of its name."""
        return f"{self.name}({self.arguments})"

    @property
    def place(self) -> Place:
        """What issues and changes call it."""
        return Place(self.schema, self.name, self.signature)


class Schema(NamedTuple):
    """One schema that people made, or `public`. `creators` are the roles besides the owner that may create in it."""

    oid: Oid
    name: str
    owner: str
    creators: tuple[str, ...]
    left_alone: bool

    @property
    def public_may_create(self) -> bool:
        """Whether everyone may create in it."""
        return PUBLIC in self.creators

    @property
    def place(self) -> Place:
        """What issues and changes call it."""
        return Place(self.name)


class Role(NamedTuple):
    """A role that owns a view, or that row security does not bind. `has_rights_of` are other roles; a superuser has
    those of all, and none is named."""

    name: str
    superuser: bool
    bypasses_row_security: bool
    has_rights_of: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """Objects by OID, roles by name; `owner` is the database's. `search_paths` are those that sessions start with, by
    the server's settings, the database's and the roles', each once."""

    views: Mapping[Oid, View] = field(default_factory=dict[int, View])
    routines: Mapping[Oid, Routine] = field(default_factory=dict[int, Routine])
    schemas: Mapping[Oid, Schema] = field(default_factory=dict[int, Schema])
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    owner: str = ""
    search_paths: tuple[str, ...] = ()

    @cached_property
    def read_by_views(self) -> frozenset[Oid]:
        """Tables and views that some view reads."""
        return frozenset(oid for view in self.views.values() for oid in view.reads)
