"""One direction of the online change, step by step. There and back are the same with the types changed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..dependents import Dependents, Subject
from ..dependents.definition import literal, verified
from ..dependents.description import Description, as_left, as_planned, unchanged_but
from ..dependents.newcomer import no_newcomers
from ..execution.guard import guard
from ..plan import Check, Lock, Step
from ..retyping.backup import key_columns
from ..retyping.retyped_default import RetypedDefault
from ..sqlstates import MOVED
from .backfill import fill_step, sweep_of
from .carried import Carried
from .hanging import nothing_else_hangs
from .heirs import Heir, uncast_step
from .shadow import Shadow, quoted
from .standing import asking, no_strange_code

_NAMED_NOT_NULL = 180000


@dataclass(frozen=True, slots=True)
class Way:
    """From one type to the other. `collation` is that of the column at its end, as SQL.

    `filled` is the name of the CHECK by which the column is known to hold no NULL, `replan` what makes open sessions
    look again at the column's type.
    """

    shadow: Shadow
    dependents: Dependents
    carried: Carried
    heirs: tuple[Heir, ...]
    collation: str | None
    default: RetypedDefault
    filled: str
    known: frozenset[str]
    replan: tuple[str, ...]
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
        return no_newcomers(self.subject.table.oid, self.shadow.replaces, self.known)

    def steps(self) -> Iterator[Step]:
        """All steps in order."""
        yield self._prepare()
        yield fill_step(self.shadow)
        for heir in self.heirs:
            yield heir.step(self.shadow)
        yield uncast_step(self.shadow)
        if self._filled_before:
            yield self._promise()
            yield self._validate(self.filled, of_shadow=True)
        yield self._swap()
        for name in self._validated_after:
            yield self._validate(name, of_shadow=False)
        if self.carried.not_null and not self._filled_before and self._unnamed_not_null:
            yield self._set_not_null()

    def clear(self) -> Iterator[Step]:
        """The steps that take away what a change that went no further than to its swap has made, by its numbers.

        What keeps the column in step goes first: that goes even where somebody has made a view of the column.
        """
        for title, statement, there in (
            (f"Keep {self.shadow.name} in step no more", self.shadow.no_longer_kept(), self.shadow.kept),
            (f"Take column {self.shadow.name} away again", self.shadow.taken_away(), self.shadow.present),
        ):
            yield Step(
                title=title,
                statements=(statement,),
                transactional=True,
                probe=asking(f"select case when {there} then 'before' else 'done' end"),
                locks=(Lock("ACCESS EXCLUSIVE", self.subject.table_name),),
                compares=False,
                clears=True,
            )

    def _prepare(self) -> Step:
        shadow = self.shadow
        return Step(
            title=f"Add column {shadow.name} and keep it in step",
            statements=(
                guard(self._standing(), MOVED),
                guard(shadow.free(), MOVED),
                *shadow.made(self.collation),
                *self.carried.told(shadow.name),
                *shadow.noted(),
            ),
            transactional=True,
            probe=shadow.probe(f"when {shadow.present} then 'done'"),
            locks=(Lock("ACCESS EXCLUSIVE", self.subject.table_name),),
        )

    def _promise(self) -> Step:
        """With it, NOT NULL needs no scan in the swap, and a primary key takes nothing less."""
        table = self.subject.table_name
        return Step(
            title=f"Let {self.shadow.name} take no NULL",
            statements=(
                guard(self.shadow.untouched(), MOVED),
                guard(self.shadow.all_cast(tuple(column.name for column in key_columns(self.subject.table)))),
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
            # It stands for as short as can be: what the swap would wait for is waited for before it.
            after_sweep=sweep_of(self.shadow),
        )

    def _validate(self, name: str, *, of_shadow: bool) -> Step:
        valid = self._constrained(name, " and t.convalidated")
        if of_shadow:
            probe = self.shadow.probe(f"when {valid} then 'done'")
            stands = guard(self.shadow.untouched(), MOVED)
        else:
            held = f"({valid} or {self._holds_no_null})" if name == self.filled else valid
            probe = self._probe(f"{self.shadow.arrived} and {held}")
            stands = guard(no_strange_code(self.shadow.footing), MOVED)
        return Step(
            title=f"Validate {name} for the rows that are there",
            statements=(stands, verified(f"alter table {self.subject.table_name} validate constraint {quoted(name)}")),
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
            after_sweep=sweep_of(self.shadow),
            defaults_of=((subject.table.oid, subject.column.name),),
        )

    def _swapped(self) -> Iterator[str]:
        """The transaction: nothing is touched before all was proved again, under the locks."""
        subject, dependents, shadow = self.subject, self.dependents, self.shadow
        yield guard(self._standing(), MOVED)
        yield guard(shadow.untouched(), MOVED)
        yield guard(shadow.all_cast(tuple(column.name for column in key_columns(subject.table))))
        yield guard(self.newcomers)
        yield guard(nothing_else_hangs(subject.table.oid, shadow.replaces, self._hanging))
        yield from dependents.held
        yield self._description.kept_before()
        if self.back or dependents.recreated:
            yield guard(self._as_it_was())
        yield from dependents.down
        yield shadow.no_longer_kept()
        yield from self.carried.down(shadow.name)
        for heir in self.heirs:
            yield from heir.down()
        yield from shadow.swapped()
        default = self.default.before if self.back else self.default.after
        if default is not None:
            yield verified(f"{self._alter} set default {default}")
        yield from self._not_null()
        for heir in self.heirs:
            yield from heir.up(shadow.name)
        yield from self.carried.up()
        yield from dependents.up
        yield from self.replan
        yield self._description.kept_after()

    def _as_it_was(self) -> Check:
        """The check that what is made anew is as it was when the plan was made, or as the fix left it."""
        table, described, roots = self.subject.table, self.dependents.described, self.dependents.recreated
        if not self.back:
            return as_planned(described, roots)
        where = f"{table.schema}.{table.name}"
        roots = (
            *roots,
            f"column {where}.{self.subject.column.name}",
            *(f"index {heir.facts.schema}.{heir.facts.name}" for heir in self.heirs),
            *(f"constraint {each.name} on {where}" for each in self.carried.constraints),
        )
        return as_left(described, roots, self.dependents.strip, apart=_OF_THE_WAY)

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
        """Whether NOT NULL is promised before the swap, which only a primary key needs."""
        return self.carried.primary_key is not None

    @property
    def _unnamed_not_null(self) -> bool:
        return self.shadow.footing.server_version < _NAMED_NOT_NULL

    @property
    def _hanging(self) -> frozenset[str]:
        """What is known to stand on the column, as `hanging.py` calls it."""
        return frozenset(
            {f"index {name}" for name in (self.shadow.uncast, *(heir.facts.name for heir in self.heirs))}
            | {f"constraint {name}" for name in (self.filled, *(each.name for each in self.carried.constraints))}
            | {f"statistics {said}" for _, said, *_ in self.carried.statistics}
            | {f"sequence {said}" for _, said in self.carried.sequences}
        )

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
            f" and a.attnum = {self.shadow.number} and a.attnotnull)"
        )

    def _probe(self, done: str) -> str:
        return asking(f"select case when {done} then 'done' else 'before' end")

    def _standing(self) -> Check:
        """The check that the column is called as it was and has the type that it changes from."""
        source = self.subject.cast.source
        text = (
            f"select {literal(self.subject.column.name)} as column where not exists (select from"
            f" pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attnum = {self.shadow.replaces} and a.attname = {literal(self.subject.column.name)}"
            f" and a.atttypid = {source.oid}::oid and a.atttypmod = {source.modifier})"
        )
        return Check(f"the column is {source.spelled}", asking(text), "It was renamed, dropped or changed.")

    def _arrived(self) -> Check:
        target = self.subject.cast.target
        own = f"{100 if target.collatable else 0}::oid"
        collation = f"{literal(self.collation)}::pg_catalog.regcollation" if self.collation else own
        text = (
            f"select {literal(self.subject.column.name)} as column where not exists (select from"
            f" pg_catalog.pg_attribute a where a.attrelid = {self.subject.table.oid}::oid"
            f" and a.attnum = {self.shadow.number} and a.attname = {literal(self.subject.column.name)}"
            f" and a.atttypid = {target.oid}::oid and a.atttypmod = {target.modifier}"
            f" and a.attcollation = {collation})"
        )
        return Check(
            f"the column is {target.spelled}",
            asking(text),
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
                *([] if not self._unnamed_not_null else [(column, "not null")]),
                *((f"constraint {name} on {table}", "validated") for name in later),
                *((f"constraint {name} on {table}", "definition") for name in later),
                # Its columns are listed by their numbers.
                *((f"statistics {said}", "definition") for _, said, *_ in self.carried.statistics),
                *((f"sequence {said}", "owned by") for _, said in self.carried.sequences),
            ],
        )


# What is another one, or not there yet, after a change that is on its way or done.
_OF_THE_WAY = ("position", "not null", "validated")
