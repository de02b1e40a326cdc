"""One direction of the online change, step by step. There and back are the same with the types changed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..composed import query, verbatim
from ..dependents import Dependents, Subject
from ..dependents.definition import literal, verified
from ..dependents.description import Description, as_left, as_planned, unchanged_but
from ..dependents.newcomer import no_newcomers
from ..execution.guard import guard
from ..plan import Check, Lock, Step
from ..retyping.backup import key_columns
from .backfill import fill_step, sweep_of
from .carried import Carried
from .heirs import Heir, uncast_step
from .shadow import Shadow, quoted

_NAMED_NOT_NULL = 180000


@dataclass(frozen=True, slots=True)
class Way:
    """From one type to the other. `collation` and `default` are those of the column at its end, as SQL.

    `filled` is the name of the CHECK by which the column is known to hold no NULL.
    """

    shadow: Shadow
    dependents: Dependents
    carried: Carried
    heirs: tuple[Heir, ...]
    collation: str | None
    default: str | None
    filled: str
    as_replica: bool
    server_version: int
    known: frozenset[str]
    back: bool

    @property
    def subject(self) -> Subject:
        """The column and its cast this way."""
        return self.shadow.subject

    @property
    def makes(self) -> tuple[str, ...]:
        """Names of the indexes and constraints that it makes before the swap."""
        return (self.shadow.uncast, self.filled, *(heir.interim for heir in self.heirs))

    @property
    def adds(self) -> tuple[str, ...]:
        """Names of the column and the triggers that it adds."""
        return (self.shadow.name, *self.shadow.triggers)

    @property
    def newcomers(self) -> Check:
        """The check that nothing else has come to stand on the column."""
        return no_newcomers(self.subject.table.oid, self._number, self.known)

    def steps(self) -> Iterator[Step]:
        """All steps in order."""
        yield self._prepare()
        yield fill_step(self.shadow, as_replica=self.as_replica)
        if self._filled_before:
            yield self._promise()
            yield self._validate(self.filled, of_shadow=True)
        for heir in self.heirs:
            yield heir.step(self.shadow)
        yield uncast_step(self.shadow)
        yield self._swap()
        for name in self._validated_after:
            yield self._validate(name, of_shadow=False)
        if self.carried.not_null and not self._filled_before and self.server_version < _NAMED_NOT_NULL:
            yield self._set_not_null()
        for heir in self._keyed_later:
            yield heir.step_again(self.shadow, self._keyed)
            yield self._key(heir)

    def clear(self) -> Step:
        """The step that takes away what a change that went no further than to its swap has made."""
        return Step(
            title=f"Take column {self.shadow.name} away again",
            statements=tuple(self.shadow.taken_away()),
            transactional=True,
            probe=query(verbatim(f"select case when {self.shadow.present} then 'before' else 'done' end"), _ATTRIBUTES),
            locks=(Lock("ACCESS EXCLUSIVE", self.subject.table_name),),
            compares=False,
            clears=True,
        )

    def _prepare(self) -> Step:
        shadow = self.shadow
        return Step(
            title=f"Add column {shadow.name} and keep it in step",
            statements=(
                guard(self._standing()),
                *shadow.made(self.collation),
                *self.carried.told(shadow.name),
            ),
            transactional=True,
            probe=shadow.probe(f"when {shadow.kept} then 'done' when {shadow.present} then 'partial'"),
            locks=(Lock("ACCESS EXCLUSIVE", self.subject.table_name),),
        )

    def _promise(self) -> Step:
        """Every value has its like, so that no write fails of this; with it, NOT NULL needs no scan in the swap."""
        table = self.subject.table_name
        return Step(
            title=f"Let {self.shadow.name} take no NULL",
            statements=(
                verified(
                    f"alter table only {table} add constraint {quoted(self.filled)}"
                    f" check ({self.shadow.quoted} is not null) not valid"
                ),
                verified(
                    f"comment on constraint {quoted(self.filled)} on {table} is"
                    f" {literal(f'Column {self.shadow.name} is filled.')}"
                ),
            ),
            transactional=True,
            probe=self.shadow.probe(f"when {self._constrained(self.filled)} then 'done'"),
            locks=(Lock("ACCESS EXCLUSIVE", table),),
        )

    def _validate(self, name: str, *, of_shadow: bool) -> Step:
        valid = self._constrained(name, " and t.convalidated")
        if of_shadow:
            probe = self.shadow.probe(f"when {valid} then 'done'")
        else:
            held = f"({valid} or {self._holds_no_null})" if name == self.filled else valid
            probe = self._probe(f"{self.shadow.arrived} and {held}")
        return Step(
            title=f"Validate {name} for the rows that are there",
            statements=(verified(f"alter table {self.subject.table_name} validate constraint {quoted(name)}"),),
            transactional=True,
            probe=probe,
            locks=(Lock("SHARE UPDATE EXCLUSIVE", self.subject.table_name),),
            long_running=True,
            compares=of_shadow,
        )

    def _swap(self) -> Step:
        subject = self.subject
        return Step(
            title=f"Put {self.shadow.name} in the place of {subject.column.name}",
            statements=tuple(self._swapped()),
            transactional=True,
            probe=self.shadow.probe(""),
            locks=(Lock("ACCESS EXCLUSIVE", subject.table_name), *self.dependents.locks),
            checks=(self._arrived(), self._unchanged()),
            ahead=self._description.ahead,
            after_sweep=sweep_of(self.shadow, as_replica=self.as_replica),
            defaults_of=((subject.table.oid, subject.column.name),),
        )

    def _swapped(self) -> Iterator[str]:
        """The transaction: nothing is touched before all was proved again, under the locks."""
        subject, dependents, shadow = self.subject, self.dependents, self.shadow
        yield guard(self._standing())
        yield guard(shadow.in_step())
        yield guard(shadow.all_cast(tuple(column.name for column in key_columns(subject.table))))
        yield guard(self.newcomers)
        yield from dependents.held
        yield self._description.kept_before()
        if dependents.recreated:
            described, roots = dependents.described, dependents.recreated
            yield guard(as_left(described, roots, dependents.strip) if self.back else as_planned(described, roots))
        yield from dependents.down
        yield from shadow.no_longer_kept()
        yield from self.carried.down(shadow.name)
        for heir in self.heirs:
            yield from heir.down()
        yield from shadow.swapped()
        if self.default is not None:
            yield verified(f"{self._alter} set default {self.default}")
        yield from self._not_null()
        for heir in self.heirs:
            yield from heir.up(shadow.name, primary=heir.is_primary and not self._keyed_later)
        yield from self.carried.up()
        yield from dependents.up
        yield self._description.kept_after()

    def _not_null(self) -> Iterator[str]:
        """NOT NULL for whoever writes from now on; without a scan."""
        if not self.carried.not_null:
            return
        table, named = self.subject.table_name, self.carried.named_not_null
        if self._filled_before:
            if named is None:
                yield verified(f"{self._alter} set not null")
            else:
                text = f"add constraint {quoted(named.name)} {named.definition}"
                yield verified(f"alter table only {table} {text}")
                yield from named.commented(table)
            yield verified(f"alter table only {table} drop constraint {quoted(self.filled)}")
        elif named is not None:
            yield from named.added(table)
        else:
            check = f"check ({self.subject.quoted_column} is not null) not valid"
            yield verified(f"alter table only {table} add constraint {quoted(self.filled)} {check}")
            said = literal("Will be NOT NULL once it is validated.")
            yield verified(f"comment on constraint {quoted(self.filled)} on {table} is {said}")

    def _key(self, heir: Heir) -> Step:
        """What was unique becomes the primary key, with an index of its own: that of a constraint goes with it."""
        return Step(
            title=f"Make {heir.facts.name} the primary key",
            statements=(*heir.down(), *heir.up(self.subject.column.name, primary=True)),
            transactional=True,
            probe=self._probe(self._keyed),
            locks=(Lock("ACCESS EXCLUSIVE", self.subject.table_name),),
            compares=False,
        )

    def _set_not_null(self) -> Step:
        """Before 18: what the CHECK proves becomes NOT NULL, and the CHECK goes."""
        table = self.subject.table_name
        held = f"{self.shadow.arrived} and {self._holds_no_null} and not {self._constrained(self.filled)}"
        return Step(
            title=f"Let {self.subject.column.name} take no NULL",
            statements=(
                verified(f"{self._alter} set not null"),
                verified(f"alter table only {table} drop constraint {quoted(self.filled)}"),
            ),
            transactional=True,
            probe=self._probe(held),
            locks=(Lock("ACCESS EXCLUSIVE", table),),
            compares=False,
        )

    @property
    def _filled_before(self) -> bool:
        """Whether NOT NULL can be promised before the swap: no write could ever fail of it."""
        return self.carried.not_null and self.subject.cast.always_exact

    @property
    def _keyed_later(self) -> list[Heir]:
        """The index of the primary key, where it is no more than unique at first: a key takes no NULL, which is proved
        only after the swap."""
        return [] if self._filled_before else [heir for heir in self.heirs if heir.is_primary]

    @property
    def _keyed(self) -> str:
        name = self.carried.primary_key.name if self.carried.primary_key else ""
        return f"{self.shadow.arrived} and {self._constrained(name, _PRIMARY)}"

    @property
    def _validated_after(self) -> list[str]:
        """Constraints that come back for new rows first."""
        names = [each.name for each in self.carried.checks if each.validated and each.enforced]
        if self.carried.not_null and not self._filled_before:
            named = self.carried.named_not_null
            names += [self.filled] if named is None else [named.name] if named.validated else []
        return names

    @property
    def _alter(self) -> str:
        return f"alter table only {self.subject.table_name} alter column {self.subject.quoted_column}"

    @property
    def _number(self) -> str:
        return (
            f"(select a.attnum from pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(self.subject.column.name)})"
        )

    @property
    def _description(self) -> Description:
        return replace(self.dependents.description, column_called=self.subject.column.name)

    def _constrained(self, name: str, more: str = "") -> str:
        return (
            "exists (select from pg_catalog.pg_constraint t"
            f" where t.conrelid = {self.subject.table.oid}::oid and t.conname = {literal(name)}{more})"
        )

    @property
    def _holds_no_null(self) -> str:
        return (
            f"exists (select from pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(self.subject.column.name)} and a.attnotnull)"
        )

    def _probe(self, done: str) -> str:
        text = f"select case when {done} then 'done' else 'before' end"
        return query(verbatim(text), _ATTRIBUTES, _CONSTRAINTS)

    def _standing(self) -> Check:
        """The check that the column is called as it was and has the type that it changes from."""
        source = self.subject.cast.source
        text = (
            f"select {literal(self.subject.column.name)} as column where not exists (select from"
            f" pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(self.subject.column.name)}"
            f" and a.atttypid = {source.oid}::oid and a.atttypmod = {source.modifier})"
        )
        return Check(
            f"the column is {source.spelled}", query(verbatim(text), _ATTRIBUTES), "It was renamed, dropped or changed."
        )

    def _arrived(self) -> Check:
        target = self.subject.cast.target
        own = f"{100 if target.collatable else 0}::oid"
        collation = f"{literal(self.collation)}::pg_catalog.regcollation" if self.collation else own
        text = (
            f"select {literal(self.subject.column.name)} as column where not exists (select from"
            f" pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attname = {literal(self.subject.column.name)} and a.atttypid = {target.oid}::oid"
            f" and a.atttypmod = {target.modifier} and a.attcollation = {collation})"
        )
        return Check(
            f"the column is {target.spelled}",
            query(verbatim(text), _ATTRIBUTES),
            "It is not what it was to be.",
            in_transaction=True,
        )

    def _unchanged(self) -> Check:
        """The check that all is described after the swap as before it, but for what comes later or cannot be."""
        table = f"{self.subject.table.schema}.{self.subject.table.name}"
        column = f"column {table}.{self.subject.column.name}"
        standing = (*self.carried.checks, self.carried.named_not_null, self.carried.primary_key)
        later = [each.name for each in standing if each is not None]
        return unchanged_but(
            self.dependents.strip,
            objects=[
                f"column {table}.{self.shadow.name}",
                *(f"trigger {name} on {table}" for name in self.shadow.triggers),
                *(f"index {self.subject.table.schema}.{name}" for name in self.makes),
                f"constraint {self.filled} on {table}",
            ],
            aspects=[
                (column, "position"),
                *([] if self.server_version >= _NAMED_NOT_NULL else [(column, "not null")]),
                *((f"constraint {name} on {table}", "validated") for name in later),
                *((f"constraint {name} on {table}", "definition") for name in later),
                # Its columns are listed by their numbers.
                *((f"statistics {said}", "definition") for _, said, *_ in self.carried.statistics),
                *((f"sequence {said}", "owned by") for _, said in self.carried.sequences),
            ],
        )


_PRIMARY = " and t.contype = 'p'"
_ATTRIBUTES = ("pg_catalog", "pg_attribute")
_CONSTRAINTS = ("pg_catalog", "pg_constraint")
