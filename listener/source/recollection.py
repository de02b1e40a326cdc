"""What was found good in a former analysis, as long as the server would say the same again.

It would if no row of a catalog that names and types are looked up in was written, no role, no setting, and the code
still makes the same objects itself. A row's xmin is that of the transaction which wrote it, and none comes twice: so
numbers of rows and sums over xmin tell. With a few thousand columns that takes a tenth of asking again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .asking import Taken
from .examined import Examined
from .extracted import CodeStatement
from .schema import Schema

_CATALOGS: Final = (
    *("pg_namespace", "pg_class", "pg_attribute", "pg_attrdef", "pg_inherits", "pg_constraint", "pg_index"),
    *("pg_rewrite", "pg_trigger", "pg_policy", "pg_type", "pg_enum", "pg_range", "pg_proc", "pg_aggregate"),
    *("pg_operator", "pg_cast", "pg_collation", "pg_opclass", "pg_opfamily", "pg_amop", "pg_amproc", "pg_language"),
    *("pg_ts_config", "pg_ts_dict", "pg_extension", "pg_partitioned_table", "pg_foreign_table", "pg_conversion"),
    *("pg_db_role_setting", "pg_auth_members", "pg_database", "pg_default_acl"),
)
_WRITTEN: Final = "count(*), sum(pg_catalog.hashtextextended(xmin::text, 0))"
_SHOWN: Final = "count(*), sum(pg_catalog.hashtextextended(shown::text, 0))"
_MARK: Final = " union all ".join(
    [
        "select 'session', (select oid::bigint from pg_catalog.pg_roles where rolname = current_user),"
        " oid::bigint::numeric from pg_catalog.pg_database where datname = pg_catalog.current_database()",
        *(f"select '{each}', {_WRITTEN} from pg_catalog.{each}" for each in _CATALOGS),
        f"select 'roles', {_SHOWN} from pg_catalog.pg_roles as shown",
        f"select 'settings', {_SHOWN} from (select name, setting, reset_val from pg_catalog.pg_settings) as shown",
    ]
)

Mark = tuple[object, ...]


async def read_mark(connection: AsyncConnection[TupleRow]) -> Mark:
    """What changes whenever the server could make something else of a statement."""
    rows = await (await connection.execute(_MARK.encode())).fetchall()
    info = connection.info
    return (*rows, info.parameter_status("server_version"), info.host, info.port)


class Recollection:
    """Of one analysis after the other, the statements that nothing was to be said against."""

    def __init__(self) -> None:
        self._mark: Mark | None = None
        self._schema = Schema()
        self._good: Mapping[CodeStatement, tuple[Examined, ...]] = {}

    def begin(self, mark: Mark, fresh: Schema) -> Schema:
        """The schema to judge by: the one of before where it still holds; else nothing is known any more."""
        known = self._schema
        if self._mark == mark and (known.made, known.objects) == (fresh.made, fresh.objects):
            return known
        self._mark, self._schema, self._good = mark, fresh, {}
        return fresh

    def parted(
        self, statements: Sequence[CodeStatement]
    ) -> tuple[list[CodeStatement], dict[CodeStatement, tuple[Examined, ...]]]:
        """The statements that are to be looked at, and what is known of the others."""
        known = {each: self._good[each] for each in statements if each in self._good}
        return [each for each in statements if each not in known], known

    def keep(self, examined: Iterable[Examined], defective: set[int]) -> None:
        """Remember those that were taken whole and have no defect (by their `id`), and no others."""
        by_statement: dict[CodeStatement, list[Examined]] = {}
        for one in examined:
            by_statement.setdefault(one.statement, []).append(one)
        self._good = {
            statement: tuple(parts)
            for statement, parts in by_statement.items()
            if all(_is_good(one) and id(one) not in defective for one in parts)
        }


def _is_good(one: Examined) -> bool:
    # What was hunted for is looked for again: what things were called before is told by other tables than catalogs.
    return isinstance(one.answer, Taken) and one.hunt is None and isinstance(one.typed, Taken | None)
