"""Casts in three classes (law 6), as SQL that tells of each value to which one it belongs.

Exact: the value comes back with the very bytes it had. Canonical: the same value, spelled otherwise. Lossy: all else,
what has no place in the target type included. A cast counts only where its way back is known too: that is the undo.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from ...errors import PlanRefused
from .cast_pairs import Conditions, always_exact, conditions, needs_rewrite
from .column_type import ColumnType

# A cast that somebody made between built-in types would run in place of the one that was proved.
_STRANGE_CAST = """
select pg_catalog.format('%%s to %%s', castsource::pg_catalog.regtype, casttarget::pg_catalog.regtype)
from pg_catalog.pg_cast
where oid >= 16384 and castmethod <> 'b' and castsource = any(%(types)s::oid[]) and casttarget = any(%(types)s::oid[])
  and not exists (
    select from pg_catalog.pg_depend d join pg_catalog.pg_extension e
      on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
    where d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass and d.objid = pg_cast.oid and d.deptype = 'e'
      and e.extname = 'citext')
"""
_TEXT_OID, _NUMERIC_OID = 25, 1700


@dataclass(frozen=True, slots=True)
class Cast:
    """The way from one type to another and back, for single values written as SQL.

    Its queries mean what they say under the session settings of `connection.prepare_session` alone.
    """

    source: ColumnType
    target: ColumnType
    forward: Conditions
    backward: Conditions

    @property
    def caveat(self) -> str | None:
        """Why no value ever passes."""
        return self.forward.caveat or self.backward.caveat

    @property
    def always_exact(self) -> bool:
        """Whether the types alone prove it, without a look at the rows."""
        return always_exact(self.source, self.target)

    @property
    def needs_rewrite(self) -> bool:
        """Whether changing a column's type this way writes the table anew."""
        return needs_rewrite(self.source, self.target)

    @property
    def changes_order(self) -> bool:
        """Whether ORDER BY puts the values in another order: '10' comes before '9', 10 after 9."""
        odd = {"citext", "bpchar"}
        return self.source.family != self.target.family or bool(odd & {self.source.name} ^ odd & {self.target.name})

    @property
    def keeps_text(self) -> bool:
        """Whether an exact value is written alike in both types; `true` is not 1, and no date its midnight."""
        families = {self.source.family, self.target.family}
        return "string" in families or families <= {"integer", "numeric"} or self.source.name == self.target.name

    @property
    def back(self) -> Cast:
        """The same way in the other direction."""
        return Cast(self.target, self.source, self.backward, self.forward)

    def converted(self, value: str) -> str:
        """The value in the target type; fails where it has no place there."""
        return f"({value})::{self.target.sql}"

    def returned(self, value: str) -> str:
        """What the value is after the way there and back."""
        return f"({value})::{self.target.sql}::{self.source.sql}"

    def castable(self, value: str) -> str:
        """Whether `converted` does not fail: true or false, never NULL, for a value that is not NULL."""
        return f"coalesce({_on(self.forward.castable, value)}, false)"

    def exact(self, value: str) -> str:
        """Whether the value comes back as it was; NULL does."""
        return f"{self._cases(value, 'true', 'false', 'false')}"

    def class_of(self, value: str) -> str:
        """`exact`, `canonical` or `lossy`."""
        return self._cases(value, "'exact'", "'canonical'", "'lossy'")

    def _cases(self, value: str, exact: str, canonical: str, lossy: str) -> str:
        there = self.converted(value)
        # CASE asks in order, where AND would not; what follows a condition may rely on it.
        conditions = (
            _on(self.forward.castable, value),
            _on(self.forward.lossless, value),
            _on(self.backward.castable, there),
            _on(self.backward.lossless, there),
        )
        refusals = "".join(
            f" when not coalesce({condition}, false) then {lossy}" for condition in conditions if condition != "true"
        )
        same = f"pg_catalog.record_image_eq(row({value}), row({self.returned(value)}))"
        return f"case when {value} is null then {exact}{refusals} when {same} then {exact} else {canonical} end"


def find_cast(source: ColumnType, target: ColumnType, server_version: int) -> Cast:
    """The cast between two types; raises PlanRefused where none is proved."""
    forward = conditions(source, target, server_version)
    backward = conditions(target, source, server_version)
    if forward is None or backward is None:
        raise PlanRefused(f"No proved cast from {source.spelled} to {target.spelled} and back.")
    return Cast(source, target, forward, backward)


async def refuse_strange_casts(connection: AsyncConnection[TupleRow], cast: Cast) -> None:
    """Raise PlanRefused where somebody has made a cast of his own between the types that ours passes through."""
    types = [cast.source.oid, cast.target.oid, _TEXT_OID, _NUMERIC_OID]
    rows = await (await connection.execute(_STRANGE_CAST, {"types": types})).fetchall()
    if rows:
        raise PlanRefused(f"The cast from {rows[0][0]} is not PostgreSQL's own; what it does is not proved.")


def _on(condition: str, value: str) -> str:
    return condition.replace("$v", value)
