"""A table that was dropped: back as structure with its columns, keys, checks, owner and rights; its rows are gone.

Foreign keys, indexes, triggers and policies come back afterwards, each by itself: they stand on other things, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast
from pglast.enums import ConstrType
from pglast.parser import scan

from ...errors import PlanRefused
from ...expected.consequence import unquoted
from ...expected.portrait import ObjectKind, ObjectName, Portrayed
from ...store.expected import read_expected_parts, read_owned_sequences
from ..composed import lock, query, verbatim
from ..dependents.definition import literal
from ..execution.guard import guard
from ..names import free_relation_name
from ..plan import Check, Plan
from .column import GONE, dressed
from .comment import comment_statement
from .making import as_owner, make, owner_of
from .place import exists, quote, said_of
from .rights import given
from .stored import definition, parsed, verified
from .subject import Subject
from .turn import Turn, row_written_by

_TABLES = (ast.CreateStmt, ast.CreateForeignTableStmt)


async def restore_table(subject: Subject) -> Plan:
    """The table without a row, all in one transaction: nobody can use it before that."""
    name = subject.name
    if await free_relation_name(subject.site.connection, name.schema, name.name, "") != name.name:
        raise PlanRefused(f"Something called {name.schema}.{name.name} is there by now.")
    owner, _ = await owner_of(subject, subject.expected)
    columns = await read_expected_parts(subject.site.connection, name, ObjectKind.COLUMN)
    constraints = await read_expected_parts(subject.site.connection, name, ObjectKind.CONSTRAINT)
    before, after = await _sequences(subject)
    keys = [text for each in constraints if (text := _constraint(each)) is not None]
    statements = [
        *before,
        *as_owner(subject, owner, [_create(subject.expected, columns), *keys]),
        *after,
        *_settings(subject),
        *await given(subject, name, owner or subject.role, subject.expected.grants),
        *([comment_statement(name, subject.expected.comment)] if subject.expected.comment is not None else []),
        *[comment_statement(each.name, each.comment) for each in constraints if each.comment and _constraint(each)],
    ]
    for each in columns:
        statements += await dressed(subject, each, owner or subject.role)
    rows = _no_rows(name)
    turn = Turn(
        title=f"Make {subject.said}, without a row",
        undo_title=f"Drop {subject.said}",
        state=said_of(name, "'there'"),
        before=None,
        # The table's row in pg_class changes with each trigger and foreign key; that of its type does not.
        left=row_written_by(subject.site.fix_id, "pg_type", f"o.oid = {said_of(name, 'o.reltype')}"),
        statements=tuple(statements),
        undo=(
            lock(quote(name.schema, name.name), "ACCESS EXCLUSIVE"),
            guard(rows),
            verified(f"drop table {quote(name.schema, name.name)}", ast.DropStmt),
        ),
    )
    return subject.plan(
        f"Make {subject.said} again, without its rows. {GONE}",
        [turn.step()],
        [turn.inverse()],
        approval=f"it undoes a DROP TABLE. {GONE}",
        inverse_checks=(rows,),
        notes=(GONE, "Its foreign keys, indexes, triggers and policies come back afterwards, each by itself."),
    )


def _create(expected: Portrayed, columns: Sequence[Portrayed]) -> str:
    """CREATE TABLE with all that its columns are, in their order."""
    text, node = definition(expected, *_TABLES)
    elements = _elements(node)
    wholes = {each.name.name: each.definition for each in columns}
    if not elements or _base(node).partbound is not None:
        return text
    listed = ", ".join(f"{quote(each.colname)} {wholes[each.colname]}" for each in elements if each.colname in wholes)
    if len(wholes.keys() & {each.colname for each in elements}) != len(elements):
        raise PlanRefused(f"The expected schema does not tell all columns of {expected.name.name}.")
    opening, closing = _parentheses(text)
    composed = verified(f"{text[: opening + 1]}{listed}{text[closing:]}", *_TABLES)
    made = [each.colname for each in _elements(parsed(composed, *_TABLES))]
    if made != [each.colname for each in elements]:
        raise PlanRefused(f"Composed another table than was meant: {composed}")
    return composed


def _elements(node: Any) -> tuple[Any, ...]:
    return _base(node).tableElts or ()


def _base(node: Any) -> Any:
    return node.base if isinstance(node, ast.CreateForeignTableStmt) else node


def _parentheses(text: str) -> tuple[int, int]:
    """Where the list of columns begins and ends."""
    depth, opening = 0, -1
    for token in scan(text):
        if token.name == "ASCII_40":
            opening = token.start if opening < 0 else opening
            depth += 1
        elif token.name == "ASCII_41":
            depth -= 1
            if depth == 0:
                return opening, token.start
    raise PlanRefused(f"A table without a list of columns: {text}")


def _constraint(each: Portrayed) -> str | None:
    """ALTER TABLE that adds it, or None for a foreign key: what it refers to has to be there."""
    name = each.name
    where = quote(name.schema, name.relation)
    text = f"alter table {where} add constraint {quote(name.name)} {each.definition}"
    node: Any = parsed(text, ast.AlterTableStmt)
    if len(node.cmds) != 1 or not isinstance(node.cmds[0].def_, ast.Constraint):
        raise PlanRefused(f"This is no definition of one constraint: {each.definition}")
    return None if node.cmds[0].def_.contype == ConstrType.CONSTR_FOREIGN else text


async def _sequences(subject: Subject) -> tuple[list[str], list[str]]:
    """What makes the sequences that went with the table, and what gives them to its columns."""
    before, after = list[str](), list[str]()
    for each in await read_owned_sequences(subject.site.connection):
        owned_by = each.fields["owned_by"]
        if unquoted(owned_by)[:2] != (subject.name.schema, subject.name.name):
            continue
        if await subject.value(exists(each.name)):
            continue
        bare = Portrayed(each.name, each.definition, {}, each.owner, each.grants, each.comment)
        before += (await make(subject, bare)).statements
        text = f"alter sequence {quote(each.name.schema, each.name.name)} owned by {owned_by}"
        after.append(verified(text, ast.AlterSeqStmt))
    return before, after


def _settings(subject: Subject) -> list[str]:
    where = f"alter table {quote(subject.name.schema, subject.name.name)}"
    actions = [
        *(["enable row level security"] if subject.flag("row_security") else []),
        *(["force row level security"] if subject.flag("force_row_security") else []),
    ]
    identity = subject.expected.fields.get("replica_identity")
    if identity in {"FULL", "NOTHING"}:
        actions.append(f"replica identity {identity}")
    return [verified(f"{where} {action}", ast.AlterTableStmt) for action in actions]


def _no_rows(name: ObjectName) -> Check:
    where = quote(name.schema, name.name)
    text = verbatim(f"select {literal(where)} as has_rows from {where} limit 1")
    return Check("no rows", query(text, (name.schema, name.name)), "It holds rows that were written since.")
