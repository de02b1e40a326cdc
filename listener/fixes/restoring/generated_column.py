"""What a column is computed of. From 17 on PostgreSQL can change that; else the column is made anew.

A column that is made anew comes last in its table. It is made only where no row loses a value: what is there is what
the expression gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pglast import ast
from pglast.enums import AlterTableType
from psycopg import sql

from ...errors import PlanRefused
from ...expected.portrait import ObjectKind, Portrayed
from ..composed import columns, identifier, query, relation, verbatim
from ..dependents.definition import literal
from ..plan import Check, Hazard
from .alteration import Alteration, alter_table
from .column import add_column, dressed, drop_column
from .found import read_relations
from .index import made_again
from .place import quote, said_of
from .reading import wait_until_readable
from .stored import parsed, verified
from .strange_code import strange_code
from .subject import Subject
from .turn import row_written_by

_SET_EXPRESSION_SINCE = 170000
_STORED, _VIRTUAL = " STORED", " VIRTUAL"
_OF_COLUMN = "o.adrelid = {table} and o.adnum = {number}"
_STATE = """
(select pg_catalog.concat('(', pg_catalog.pg_get_expr(f.adbin, f.adrelid), ') ',
    case o.attgenerated when 's' then 'STORED' when 'v' then 'VIRTUAL' end)
  from pg_catalog.pg_attrdef f where f.adrelid = o.attrelid and f.adnum = o.attnum and o.attgenerated <> '')
"""
# A NOT NULL constraint, the expression itself and the indexes are made anew with the column.
_STANDING = """
(select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, 0), ', ')
  from pg_catalog.pg_depend d
    left join pg_catalog.pg_attrdef f on d.classid = 'pg_catalog.pg_attrdef'::regclass and f.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = d.objid
    left join pg_catalog.pg_index i on d.classid = 'pg_catalog.pg_class'::regclass and i.indexrelid = d.objid
    left join pg_catalog.pg_class x on x.oid = i.indexrelid
  where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = o.attrelid and d.refobjsubid = o.attnum
    and (f.adrelid, f.adnum) is distinct from (o.attrelid, o.attnum) and k.contype is distinct from 'n'
    and not (i.indexrelid is not null and i.indisvalid and not i.indisreplident and x.reltablespace = 0))
"""
_INDEXES = """
array(select {what} from pg_catalog.pg_depend d
    join pg_catalog.pg_index i on i.indexrelid = d.objid join pg_catalog.pg_class x on x.oid = i.indexrelid
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = o.attrelid and d.refobjsubid = o.attnum)
"""
_OTHER_INDEXES = """
select x.relname, pg_catalog.pg_get_indexdef(x.oid) as definition from pg_catalog.pg_class x
where x.oid = any({indexes}) and pg_catalog.pg_get_indexdef(x.oid) <> all(array[{known}]::pg_catalog.text[])
"""
_APPROVAL = "every row is written anew under a lock that keeps readers and writers out"


@dataclass(frozen=True, slots=True)
class Generation:
    """How the column comes to be computed as expected. `anew` says that it is dropped and made again, with all that
    the expected schema says of it."""

    alteration: Alteration
    anew: bool = False


async def restore_generation(subject: Subject, found: Portrayed) -> Generation | None:
    """The expression set, dropped, or given by a new column; None where it is as expected."""
    wanted, there = subject.expected.fields.get("generated"), found.fields.get("generated")
    if wanted == there:
        return None
    await _require_own_code(subject, wanted, there)
    if wanted is None:
        return _dropped(subject, found) if str(there).endswith(_STORED) else await _anew(subject, found)
    changes = subject.site.connection.info.server_version >= _SET_EXPRESSION_SINCE
    if there is not None and changes and _kind(wanted) == _kind(there):
        return _changed(subject, wanted, there)
    return await _anew(subject, found)


async def _require_own_code(subject: Subject, *generated: str | None) -> None:
    table = quote(subject.name.schema, subject.name.relation)
    for each in generated:
        if each is None:
            continue
        if code := await strange_code(subject, parsed(f"select {_expression(each)}", ast.SelectStmt)):
            raise PlanRefused(
                f"{subject.said} calls {code}, which would run with our rights for every row."
                " Cure: change the column as the table's owner."
            )
    if generated[0] is not None:
        await wait_until_readable(subject, f"select {_expression(generated[0])} from {table}")


def _changed(subject: Subject, wanted: str, there: str) -> Generation:
    stored = wanted.endswith(_STORED)
    return Generation(
        Alteration(
            state=said_of(subject.name, _STATE),
            wanted=wanted,
            left=_written(subject),
            there=(_alter(subject, f"set expression as {_expression(wanted)}", AlterTableType.AT_SetExpression),),
            back=(_alter(subject, f"set expression as {_expression(there)}", AlterTableType.AT_SetExpression),),
            rewrites=stored,
            approval=_APPROVAL if stored else None,
        )
    )


def _dropped(subject: Subject, found: Portrayed) -> Generation:
    """Rows keep their values. Going back, the column is made anew, if they are what the expression gives."""
    expression = found.fields["generated"]
    drop = _alter(subject, "drop expression", AlterTableType.AT_DropExpression)
    again = (drop_column(subject.table, subject.name.name), *_made(subject, found, _expression(expression)))
    return Generation(
        Alteration(
            state=said_of(subject.name, _STATE),
            wanted=None,
            there=(drop,),
            back=again,
            undo_checks=(_values_given_by(subject, _expression(expression)),),
            notes=("Taken back, the column comes last in its table.",),
        )
    )


async def _anew(subject: Subject, found: Portrayed) -> Generation:
    await _refuse_dependents(subject)
    indexes = await _indexes(subject)
    again = [statement for index in indexes for statement in made_again(subject, index)]
    with_indexes = f", with {', '.join(index.name.name for index in indexes)}" if indexes else ""
    kept = replace(subject.expected, comment=found.comment, grants=found.grants)
    owner, name = subject.table.owner, subject.name.name
    wanted, old = subject.expected.fields.get("generated"), found.fields.get("generated")
    drop, computed = drop_column(subject.table, name), _expression(wanted or old or "")
    there = (drop, *_made(subject, kept, computed), *await dressed(subject, kept, owner), *again)
    back = (drop, *_made(subject, found, computed), *await dressed(subject, found, owner), *again)
    none_else = _no_other_index(subject, indexes)
    return Generation(
        Alteration(
            state=said_of(subject.name, _STATE),
            wanted=wanted,
            left=_written(subject) if wanted else None,
            there=there,
            back=back,
            rewrites=_STORED in f"{wanted} {old}" or None in (wanted, old),
            approval=f"the column is dropped and made anew{with_indexes}, as the last of its table, and {_APPROVAL}",
            hazards=(Hazard.COLUMN_ORDER, Hazard.FULL_SCAN, *((Hazard.INDEX_BUILD,) if indexes else ())),
            checks=(*((_values_given_by(subject, computed),) if wanted and not old else ()), none_else),
            undo_checks=(*((_values_given_by(subject, computed),) if old and not wanted else ()), none_else),
        ),
        anew=True,
    )


def _made(subject: Subject, each: Portrayed, computed: str) -> tuple[str, ...]:
    """The column made. A plain one, too, is computed first, so that every row has what it held."""
    table, name, fields = subject.table, subject.name.name, each.fields
    not_null = fields.get("not_null") == "true"
    if "generated" in fields:
        return (add_column(table, name, fields, not_null=not_null),)
    stored: Mapping[str, str] = {**fields, "generated": f"{computed}{_STORED}"}
    drop = _alter(subject, "drop expression", AlterTableType.AT_DropExpression)
    default = [f"set default {fields['default']}"] if "default" in fields else []
    return (
        add_column(table, name, stored, not_null=not_null),
        drop,
        *(_alter(subject, action, AlterTableType.AT_ColumnDefault) for action in default),
    )


def _values_given_by(subject: Subject, expression: str) -> Check:
    """The check that every row holds what the expression gives."""
    table, key, name = subject.table, subject.table.primary_key, subject.name.name
    shown = columns((*(table.names(key.columns) if key else ()), name))
    text = sql.SQL("select {} from {} where {} is distinct from {}").format(
        shown, relation(table), identifier(name), verbatim(expression)
    )
    meaning = f"Rows in which {name} is not what the expression gives; making the column anew would lose that."
    return Check("values are what the expression gives", query(text, (table.schema, table.name)), meaning)


async def _indexes(subject: Subject) -> list[Portrayed]:
    """The indexes in which the column is, all of which go with it."""
    names = await subject.value(said_of(subject.name, _INDEXES.format(what="x.relname::pg_catalog.text")))
    if not names:
        return []
    portrait = await read_relations(subject, [subject.table.oid])
    objects = (each for each in portrait.objects.values() if each.name.kind is ObjectKind.INDEX)
    return [each for each in objects if each.name.name in names]


def _no_other_index(subject: Subject, known: Sequence[Portrayed]) -> Check:
    """The check that no index goes with the column that is not made again."""
    there = f"coalesce({said_of(subject.name, _INDEXES.format(what='x.oid'))}, '{{}}')"
    text = _OTHER_INDEXES.format(indexes=there, known=", ".join(literal(each.definition) for each in known))
    return Check(
        "no other index goes",
        verified(text, ast.SelectStmt),
        f"Indexes that would go with {subject.name.name}: somebody made or changed them since.",
    )


async def _refuse_dependents(subject: Subject) -> None:
    standing = await subject.value(said_of(subject.name, _STANDING))
    if standing:
        raise PlanRefused(
            f"{subject.said} has to be dropped and made anew to be computed as expected, and this stands on it:"
            f" {standing}. Cure: drop that, approve this fix, and make it again."
        )
    if subject.table.oid in subject.site.snapshot.children:
        raise PlanRefused(
            f"{subject.said} has to be dropped and made anew to be computed as expected, and other tables inherit it."
            " Cure: ALTER TABLE … DROP COLUMN and ADD COLUMN on the parent when nobody uses it."
        )


def _written(subject: Subject) -> str:
    column = said_of(subject.name, "o.attnum")
    table = said_of(subject.name, "o.attrelid")
    return row_written_by(subject.site.fix_id, "pg_attrdef", _OF_COLUMN.format(table=table, number=column))


def _kind(generated: str) -> str:
    return generated.rpartition(" ")[2]


def _expression(generated: str) -> str:
    """The expression in its parentheses."""
    return generated.removesuffix(_STORED).removesuffix(_VIRTUAL)


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    name = subject.name
    return alter_table((name.schema, name.relation), f"alter column {quote(name.name)} {action}", command)
