"""What `pg_get_constraintdef` says of a constraint, parsed, and the statements that make and unmake it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pglast
from pglast import ast
from pglast.enums import AlterTableType, ConstrType
from psycopg import sql

from ...catalog.snapshot import Table
from ...errors import PlanRefused
from ..composed import identifier, relation, statement, verbatim
from ..constraints.steps import constraint_probe
from ..dependents.definition import literal
from ..plan import Lock, Step
from .place import quote
from .stored import verified

_NOT_VALID = " NOT VALID"


@dataclass(frozen=True, slots=True)
class ConstraintDefinition:
    """A constraint of the table; `text` is what stands after its name, without NOT VALID."""

    table: Table
    text: str
    parsed: Any
    validated: bool

    @staticmethod
    def read(table: Table, name: str, text: str) -> ConstraintDefinition:
        """The definition; raises PlanRefused where it is anything but one constraint."""
        whole = f"alter table {quote(table.schema, table.name)} add constraint {quote(name)} {text}"
        try:
            statements: tuple[Any, ...] = pglast.parse_sql(whole)
        except pglast.Error as error:
            raise PlanRefused(f"The definition of constraint {name} does not parse ({error}): {text}") from error
        commands = statements[0].stmt.cmds if len(statements) == 1 else ()
        if len(commands) != 1 or not isinstance(commands[0].def_, ast.Constraint) or commands[0].def_.conname != name:
            raise PlanRefused(f"This is no definition of one constraint: {text}")
        parsed = commands[0].def_
        enforced = "NOT ENFORCED" not in text.upper() or bool(parsed.is_enforced)
        validated = not parsed.skip_validation or not enforced
        plain = text.removesuffix(_NOT_VALID) if enforced else text
        return ConstraintDefinition(table, plain, parsed, validated)

    @property
    def kind(self) -> ConstrType:
        """Check, unique, primary key …"""
        return ConstrType(self.parsed.contype)

    @property
    def enforced(self) -> bool:
        """Whether rows are checked at all (18 knows constraints that are not)."""
        return self.kind is not ConstrType.CONSTR_CHECK or bool(self.parsed.is_enforced)

    @property
    def name(self) -> str:
        """What the constraint is called."""
        return self.parsed.conname

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of a unique constraint or primary key."""
        return names_in(self.parsed.keys)

    @property
    def deferral(self) -> str:
        """DEFERRABLE and INITIALLY DEFERRED, where it is so."""
        if not self.parsed.deferrable:
            return ""
        return " deferrable initially deferred" if self.parsed.initdeferred else " deferrable"

    def add(self, name: str, *, valid: bool) -> str:
        """ALTER TABLE that adds it under that name; without `valid` it is for new rows only."""
        late = "" if valid or not self.enforced else _NOT_VALID
        text = f"add constraint {quote(name)} {self.text}{late}"
        return self.alter(text, AlterTableType.AT_AddConstraint)

    def drop(self, name: str) -> str:
        """ALTER TABLE that drops the constraint of that name."""
        return self.alter(f"drop constraint {quote(name)}", AlterTableType.AT_DropConstraint)

    def alter(self, action: str, command: AlterTableType) -> str:
        """ALTER TABLE with that one action."""
        objects = {(self.table.schema, self.table.name)}
        if self.parsed.pktable is not None and command is AlterTableType.AT_AddConstraint:
            objects.add((self.parsed.pktable.schemaname, self.parsed.pktable.relname))
        text = sql.SQL("alter table {} {}").format(relation(self.table), verbatim(action))
        return statement(text, ast.AlterTableStmt, *objects, commands=(command,))

    def adding(
        self, statement: str, locks: tuple[Lock, ...], comment: str | None, *, title: str = "", compares: bool = True
    ) -> Step:
        """The step that adds the constraint under its name by that statement, with its comment."""
        return Step(
            title=title or f"Add constraint {self.name}",
            statements=(statement, *self.comment(self.name, comment)),
            transactional=True,
            probe=constraint_probe(self.table, self.name, present="done", absent="before"),
            locks=locks,
            compares=compares,
        )

    def dropping(self, locks: tuple[Lock, ...], title: str = "") -> Step:
        """The step that drops it."""
        return Step(
            title=title or f"Drop constraint {self.name}",
            statements=(self.drop(self.name),),
            transactional=True,
            probe=constraint_probe(self.table, self.name, present="before", absent="done"),
            locks=locks,
        )

    def rename(self, old: str, new: str) -> str:
        """ALTER TABLE that gives a constraint another name."""
        text = sql.SQL("alter table {} rename constraint {} to {}").format(
            relation(self.table), identifier(old), identifier(new)
        )
        return statement(text, ast.RenameStmt, (self.table.schema, self.table.name))

    def comment(self, name: str, text: str | None) -> tuple[str, ...]:
        """COMMENT ON the constraint of that name, where there is something to say."""
        if text is None:
            return ()
        where = f"{quote(name)} on {quote(self.table.schema, self.table.name)}"
        return (verified(f"comment on constraint {where} is {literal(text)}", ast.CommentStmt),)


def names_in(strings: Sequence[Any] | None) -> tuple[str, ...]:
    """The names in a list of String nodes."""
    return tuple(part.sval for part in strings or ())
