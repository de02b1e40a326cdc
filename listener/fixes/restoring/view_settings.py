"""What ALTER, COMMENT and GRANT say of a view and of its columns: set where the query is as expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial

from pglast import ast
from pglast.enums import AlterTableType

from ...errors import PlanRefused
from ...expected.grants import column_grants_by
from ...expected.portrait import ObjectKind, Portrayed
from ..composed import statement, verbatim
from ..dependents.definition import literal
from .alteration import Alteration
from .comment import comment_statement
from .grants import GrantsChange
from .making import by_column, column_of, default_of
from .options import storage_turned
from .place import quote, said_of, spelled
from .rights import rights_of
from .subject import Subject

_ACCESS_METHOD_SINCE = 150000
_OPTIONS = "pg_catalog.array_to_string(o.reloptions, ', ')"
_ACCESS_METHOD = "(select m.amname::pg_catalog.text from pg_catalog.pg_am m where m.oid = o.relam)"
# In the words of sql/portrait/views.sql.
_COMMENTS = """
(select pg_catalog.jsonb_object_agg(v.attname, d.description)::pg_catalog.text from pg_catalog.pg_attribute v
    join pg_catalog.pg_description d on (d.objoid, d.objsubid) = (v.attrelid, v.attnum)
      and d.classoid = 'pg_catalog.pg_class'::regclass
  where v.attrelid = o.oid and v.attnum > 0)
"""
_DEFAULTS = """
(select pg_catalog.jsonb_object_agg(v.attname, pg_catalog.pg_get_expr(f.adbin, f.adrelid))::pg_catalog.text
  from pg_catalog.pg_attribute v join pg_catalog.pg_attrdef f on (f.adrelid, f.adnum) = (v.attrelid, v.attnum)
  where v.attrelid = o.oid)
"""
_GRANTS = """
(select pg_catalog.jsonb_object_agg(v.attname,
      array(select i.item::pg_catalog.text collate "C" from pg_catalog.unnest(v.attacl) as i (item) order by 1)
    )::pg_catalog.text
  from pg_catalog.pg_attribute v where v.attrelid = o.oid and v.attnum > 0 and v.attacl is not null)
"""


async def restore_view_settings(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    """What differs in options, access method, and the columns' comments, defaults and rights."""
    return (
        *_options(subject, found),
        *_access_method(subject, found),
        *_comments(subject, found),
        *_defaults(subject, found),
        *await _grants(subject, found),
    )


def _options(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("options"), found.fields.get("options")
    if wanted != there:
        yield Alteration(
            state=said_of(subject.name, _OPTIONS),
            wanted=wanted,
            there=tuple(storage_turned(partial(_alter, subject), there, wanted)),
            back=tuple(storage_turned(partial(_alter, subject), wanted, there)),
            approval="options of a view decide with whose rights it reads"
            if subject.name.kind is ObjectKind.VIEW
            else None,
        )


def _access_method(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = subject.expected.fields.get("access_method"), found.fields.get("access_method")
    if wanted == there or wanted is None or there is None:
        return
    if subject.site.connection.info.server_version < _ACCESS_METHOD_SINCE:
        raise PlanRefused(f"{subject.said} is stored by {there}, which PostgreSQL 14 cannot change to {wanted}.")
    yield Alteration(
        state=said_of(subject.name, _ACCESS_METHOD),
        wanted=wanted,
        there=(_alter(subject, f"set access method {quote(wanted)}", AlterTableType.AT_SetAccessMethod),),
        back=(_alter(subject, f"set access method {quote(there)}", AlterTableType.AT_SetAccessMethod),),
        approval="every row is written anew under a lock that keeps readers out",
        rewrites=True,
    )


def _comments(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = by_column(subject.expected, "column_comments"), by_column(found, "column_comments")
    if subject.declared:
        wanted = {**there, **wanted}
    if differing := _differing(wanted, there):
        yield Alteration(
            state=said_of(subject.name, _COMMENTS),
            wanted=None,
            left=_left(subject, _COMMENTS, wanted),
            there=tuple(comment_statement(column_of(subject.name, each), wanted.get(each)) for each in differing),
            back=tuple(comment_statement(column_of(subject.name, each), there.get(each)) for each in differing),
        )


def _defaults(subject: Subject, found: Portrayed) -> Iterator[Alteration]:
    wanted, there = by_column(subject.expected, "column_defaults"), by_column(found, "column_defaults")
    if differing := _differing(wanted, there):
        yield Alteration(
            state=said_of(subject.name, _DEFAULTS),
            wanted=None,
            left=_left(subject, _DEFAULTS, wanted),
            there=tuple(default_of(subject.name, each, wanted.get(each)) for each in differing),
            back=tuple(default_of(subject.name, each, there.get(each)) for each in differing),
        )


async def _grants(subject: Subject, found: Portrayed) -> tuple[Alteration, ...]:
    owner = found.owner or ""
    wanted = column_grants_by(subject.expected.fields.get("column_grants", ""), subject.expected.owner, owner)
    there = column_grants_by(found.fields.get("column_grants", ""), None, None)
    if subject.declared:
        wanted = {**there, **wanted}
    if not (differing := _differing(wanted, there)):
        return ()
    await subject.may_act_for(owner, makes=False)
    gives, takes = list[str](), list[str]()
    for column in differing:
        change = GrantsChange(column_of(subject.name, column), owner, subject.role)
        now, then = await rights_of(subject, there.get(column, ())), await rights_of(subject, wanted.get(column, ()))
        gives += change.statements(now, then)
        takes += change.statements(then, now)
    return (
        Alteration(
            state=said_of(subject.name, _GRANTS),
            wanted=None,
            left=_left(subject, _GRANTS, wanted),
            there=tuple(gives),
            back=tuple(takes),
            approval=f"it changes who has which rights: {'; '.join(gives)}",
        ),
    )


def _differing(wanted: Mapping[str, object], there: Mapping[str, object]) -> list[str]:
    return sorted(each for each in wanted.keys() | there.keys() if wanted.get(each) != there.get(each))


def _left(subject: Subject, state: str, wanted: Mapping[str, object]) -> str:
    told = f"{literal(json.dumps(wanted, ensure_ascii=False))}::pg_catalog.jsonb" if wanted else "null"
    return f"{said_of(subject.name, state)}::pg_catalog.jsonb is not distinct from {told}"


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    name = subject.name
    text = verbatim(f"alter {spelled(name)} {action}")
    return statement(text, ast.AlterTableStmt, (name.schema, name.name), commands=(command,))
