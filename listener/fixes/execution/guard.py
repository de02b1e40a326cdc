"""A check as a statement that fails where it finds a row: it stands before what must not run then, in one pipeline."""

from __future__ import annotations

from psycopg import sql

from ...hand import MARK
from ..composed import verbatim
from ..plan import Check
from ..shown import shown_in_sql
from ..sqlstates import REFUTED

_EXAMPLES = 10
# The variable's name cannot be taken for a column of the query's: columns win.
_BODY = """
#variable_conflict use_column
declare counter_examples text;
begin
  {mark} select pg_catalog.string_agg(shown.said, pg_catalog.chr(10)) into counter_examples
  from (select * from ({query}) as found limit {limit}) as example,
    lateral (
      select pg_catalog.string_agg(each.key || '=' || coalesce({value}, 'NULL'), ', ') as said
      from pg_catalog.json_each_text(pg_catalog.to_json(example)) as each
    ) as shown;
  if counter_examples is not null then
    raise exception using errcode = {sqlstate}, message = {message}, detail = counter_examples;
  end if;
end
"""


def guard(check: Check, sqlstate: str = REFUTED) -> str:
    """The statement; its error has that SQLSTATE (`sqlstates.REFUTED` or `MOVED`), the counter-examples as detail."""
    body = sql.SQL(_BODY).format(
        mark=sql.SQL(MARK),
        query=verbatim(check.query),
        limit=sql.Literal(_EXAMPLES),
        value=verbatim(shown_in_sql("each.value")),
        sqlstate=sql.Literal(sqlstate),
        message=sql.Literal(f"{check.name} does not hold ({check.meaning})"),
    )
    return sql.SQL("do {}").format(sql.Literal(body.as_string())).as_string()
