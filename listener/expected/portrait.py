"""A schema in words that mean the same in another database: names, never OIDs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class ObjectKind(StrEnum):
    """What is portrayed. The value is what `pgmend.expected_object.kind` holds; what others stand on comes first."""

    EXTENSION = "extension"
    SCHEMA = "schema"
    TYPE = "type"
    SEQUENCE = "sequence"
    FUNCTION = "function"
    TABLE = "table"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    INDEX = "index"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    RULE = "rule"
    TRIGGER = "trigger"
    POLICY = "policy"
    STATISTICS = "statistics"


class ObjectName(NamedTuple):
    """Which object. `relation` is the table or view that it is a part of, empty for what stands alone.

    `name` of a function is followed by its argument types, as in `pg_get_function_identity_arguments`.
    """

    kind: ObjectKind
    schema: str
    relation: str
    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where the object stood in the database that was portrayed: its catalog, its OID, and a column's number."""

    class_id: int
    object_id: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Portrayed:
    """One object.

    `definition` is the statement that makes it, everything qualified; of a column and a constraint what stands after
    its name in CREATE TABLE. `fields` are what can differ by itself and be brought back by itself: of a column `type`,
    `not_null`, `default`, `identity`, `generated`, `collation`; of a table `row_security`, `force_row_security`; of a
    trigger `enabled`. `not_null_name` is there where 18 calls NOT NULL otherwise than it usually would.

    `grants` are `grantee=privileges/grantor` as aclitem writes them, sorted, those of the owner
    included; None where nobody ever changed them. `tree` is a digest of the stored expressions, in which columns go by
    number: equal trees in one database are equal definitions whatever was renamed. `address` is None where the
    portrait was made elsewhere.
    """

    name: ObjectName
    definition: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str | None = None
    grants: tuple[str, ...] | None = None
    comment: str | None = None
    tree: str | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """Objects by name, as one database had them at one moment. `complete` says that nothing was passed over but what
    is left alone: only then does absence mean that an object is gone."""

    objects: Mapping[ObjectName, Portrayed]
    server_version: int
    complete: bool
