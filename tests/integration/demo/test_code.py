"""The sample application's code fits its schema until a column is renamed, and again once it is mended."""

from __future__ import annotations

import psycopg
from pgmend.api.demo.code import RENAME, VENUES, code
from pgmend.api.demo.deed import do
from pgmend.sql.install import install

from tests.support.database import Database


async def test_a_rename_breaks_three_statements_and_all_are_mended(demo: Database) -> None:
    with psycopg.connect(demo.dsn, autocommit=True) as connection:
        install(connection)
    async with code(demo.dsn, VENUES) as tree:
        assert await tree.issues() == 0
        await do(RENAME, demo.dsn)
        demo.execute(
            """
            insert into pgmend.change (table_oid, schema_name, table_name, kind, object_name, before, after)
            values ('venues'::regclass, 'public', 'venues', 'column_renamed', 'score',
              '{"name": "rating"}', '{"name": "score"}')
            """
        )
        broken, _ = await tree.until_broken(3)
        assert '+        "select v.name, v.score as rating, avg(r.rating) as by_guests "' in broken.patch
        assert (
            '+    return await count(conn, "venues", missing="score") + await count(conn, "reviews", missing="rating")'
            in broken.patch
        )
        applied = await tree.mend(broken)
    assert applied is not None
    assert applied.analysis.issues == ()
    assert demo.value("select count(*) from pgmend.fix_history where kind = 'change_code'") == 1
