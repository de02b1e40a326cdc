"""Where an object stands in the catalogs, looked up by its name: what SQL says of it, and how SQL spells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from ...expected.consequence import unquoted
from ...expected.portrait import ObjectKind, ObjectName
from ..composed import identifier
from ..dependents.definition import literal


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog with its columns for schema, name, owner and rights; `kinds` are the relkinds that count."""

    table: str
    name: str
    schema: str | None = None
    owner: str | None = None
    rights: str | None = None
    kinds: str = ""
    relation: str | None = None


CATALOGS: Mapping[ObjectKind, Catalog] = {
    ObjectKind.EXTENSION: Catalog("pg_extension", "extname"),
    ObjectKind.SCHEMA: Catalog("pg_namespace", "nspname", owner="nspowner", rights="nspacl"),
    ObjectKind.TYPE: Catalog("pg_type", "typname", "typnamespace", "typowner", "typacl"),
    ObjectKind.SEQUENCE: Catalog("pg_class", "relname", "relnamespace", "relowner", "relacl", "S"),
    ObjectKind.FUNCTION: Catalog("pg_proc", "proname", "pronamespace", "proowner", "proacl"),
    ObjectKind.TABLE: Catalog("pg_class", "relname", "relnamespace", "relowner", "relacl", "rpf"),
    ObjectKind.COLUMN: Catalog("pg_attribute", "attname", rights="attacl", relation="attrelid"),
    ObjectKind.CONSTRAINT: Catalog("pg_constraint", "conname", relation="conrelid"),
    ObjectKind.INDEX: Catalog("pg_class", "relname", "relnamespace", kinds="iI"),
    ObjectKind.VIEW: Catalog("pg_class", "relname", "relnamespace", "relowner", "relacl", "v"),
    ObjectKind.MATERIALIZED_VIEW: Catalog("pg_class", "relname", "relnamespace", "relowner", "relacl", "m"),
    ObjectKind.RULE: Catalog("pg_rewrite", "rulename", relation="ev_class"),
    ObjectKind.TRIGGER: Catalog("pg_trigger", "tgname", relation="tgrelid"),
    ObjectKind.POLICY: Catalog("pg_policy", "polname", relation="polrelid"),
    ObjectKind.STATISTICS: Catalog("pg_statistic_ext", "stxname", "stxnamespace", "stxowner"),
}
_WORDS: Mapping[ObjectKind, str] = {
    ObjectKind.FUNCTION: "routine",
    ObjectKind.MATERIALIZED_VIEW: "materialized view",
}
_RELATIONS = "rpfvm"


def condition(name: ObjectName) -> str:
    """An SQL condition on the row `o` of the object's catalog that holds for the object alone."""
    catalog = CATALOGS[name.kind]
    if name.kind is ObjectKind.FUNCTION:
        said = "pg_catalog.concat(o.proname, '(', pg_catalog.pg_get_function_identity_arguments(o.oid), ')')"
        return f"{said} = {literal(name.name)} and {_in_schema('o.pronamespace', name.schema)}"
    schema, own = own_name(name)
    conditions = [f"o.{catalog.name} = {literal(own)}"]
    if catalog.schema:
        conditions.append(_in_schema(f"o.{catalog.schema}", schema))
    if catalog.relation:
        conditions.append(f"o.{catalog.relation} = {relation_oid(name)}")
    if catalog.kinds:
        conditions.append(f"o.relkind in ({', '.join(literal(kind) for kind in catalog.kinds)})")
    if name.kind is ObjectKind.COLUMN:
        conditions.append("o.attnum > 0 and not o.attisdropped")
    if name.kind is ObjectKind.TRIGGER:
        conditions.append("not o.tgisinternal")
    return " and ".join(conditions)


def said_of(name: ObjectName, expression: str) -> str:
    """A scalar subquery: what the expression on the catalog's row `o` comes to; NULL where the object is not there."""
    return f"(select {expression} from pg_catalog.{CATALOGS[name.kind].table} as o where {condition(name)})"


def exists(name: ObjectName, and_also: str = "true") -> str:
    """An SQL condition: the object is there, and that holds of its row `o`."""
    where = f"{condition(name)} and {and_also}"
    return f"exists (select from pg_catalog.{CATALOGS[name.kind].table} as o where {where})"


def comment(name: ObjectName) -> str:
    """What its comment says, as SQL."""
    catalog = CATALOGS[name.kind].table
    if name.kind is ObjectKind.COLUMN:
        return said_of(name, "pg_catalog.col_description(o.attrelid, o.attnum)")
    return said_of(name, f"pg_catalog.obj_description(o.oid, '{catalog}')")


def relation_oid(name: ObjectName) -> str:
    """The OID of the relation that the object is a part of, as SQL."""
    kinds = ", ".join(literal(kind) for kind in _RELATIONS)
    return (
        f"(select c.oid from pg_catalog.pg_class c where c.relname = {literal(name.relation)}"
        f" and {_in_schema('c.relnamespace', name.schema)} and c.relkind in ({kinds}))"
    )


def own_name(name: ObjectName) -> tuple[str, str]:
    """The schema that the object itself is in, and its plain name: statistics may live elsewhere than their table."""
    if name.kind is ObjectKind.STATISTICS and (parts := unquoted(name.name)) and len(parts) == 2:
        return parts[0], parts[1]
    return name.schema, name.name


def spelled(name: ObjectName, *, called: str | None = None) -> str:
    """The object as COMMENT ON, ALTER and DROP name it, with its kind; `called` is a routine's plain name."""
    word = _WORDS.get(name.kind, name.kind.value)
    unquotable = (ObjectKind.FUNCTION, ObjectKind.STATISTICS)
    quoted = "" if name.kind in unquotable else quote(name.name)
    match name.kind:
        case ObjectKind.EXTENSION | ObjectKind.SCHEMA:
            return f"{word} {quoted}"
        case ObjectKind.COLUMN:
            return f"{word} {quote(name.schema, name.relation, name.name)}"
        case ObjectKind.CONSTRAINT | ObjectKind.TRIGGER | ObjectKind.POLICY | ObjectKind.RULE:
            return f"{word} {quoted} on {quote(name.schema, name.relation)}"
        case ObjectKind.FUNCTION:
            plain = called or name.name.partition("(")[0]
            return f"{word} {quote(name.schema, plain)}{name.name.removeprefix(plain)}"
        case _:
            return f"{word} {quote(*own_name(name))}"


def quote(*names: str) -> str:
    """A quoted, dotted name."""
    return identifier(*names).as_string()


def described(name: ObjectName) -> str:
    """The object in words, as people say it; never for use in SQL."""
    kind = name.kind.value.replace("_", " ")
    match name.kind:
        case ObjectKind.EXTENSION | ObjectKind.SCHEMA:
            return f"{kind} {name.name}"
        case ObjectKind.COLUMN:
            return f"{kind} {name.schema}.{name.relation}.{name.name}"
        case ObjectKind.CONSTRAINT | ObjectKind.TRIGGER | ObjectKind.POLICY | ObjectKind.RULE:
            return f"{kind} {name.name} on {name.schema}.{name.relation}"
        case _:
            return f"{kind} {name.schema}.{name.name}"


def _in_schema(column: str, schema: str) -> str:
    return (
        f"{column} = (select n.oid from pg_catalog.pg_namespace n where n.nspname = {sql.Literal(schema).as_string()})"
    )
