"""What is kept no longer goes with the leader's first look, and every face says so."""

from __future__ import annotations

from aiohttp import ClientSession

from tests.acceptance.listener import OPERATOR, listen
from tests.support.database import Database
from tests.support.eventually import eventually
from tests.support.process import Processes

APP = """
create table users (id integer primary key, email text);
insert into users select n, 'user' || n from generate_series(1, 200) as n;
create table sessions (id integer primary key, user_id integer not null references users);
create table orders (id integer primary key, user_id integer not null references users);
create table visits (id integer primary key, user_id text);
insert into sessions select id, id from users; insert into orders select id, id from users;
insert into visits select id, lpad(id::text, 3, '0') from users;
create index on sessions (user_id); create index on orders (user_id); analyze;
"""


async def test_an_expired_backup_goes_and_its_undo_is_refused_everywhere(
    pgmend: Processes, installed: Database
) -> None:
    installed.execute(APP)
    listener = await listen(pgmend, installed, rollback_window="2d", backup_retention="5d")
    issue = await listener.issue("TYPE_MISMATCH", "visits")
    proposed = await listener.fix(issue["issue_id"], "proposed")
    installed.fetch("select pgmend.approve(%s)", (proposed["fix_id"],))
    fix = await listener.fix(issue["issue_id"], "applied")
    (kept,) = installed.fetch(
        "select extract(days from undo_until - applied_at), extract(days from backup_expires_at - applied_at),"
        " rebuilds_from_backup from pgmend.rollbacks_available"
    )
    assert kept == (2, 5, False)
    await listener.process.terminate()

    installed.execute("update pgmend.fix set undo_until = now() where state = 'applied'")
    installed.execute("update pgmend.backup set expires_at = now()")
    installed.execute("insert into pgmend.audit (occurred_at, action) values (now() - interval '100 days', 'old')")
    listener = await listen(pgmend, installed)
    await eventually(lambda: installed.value("select count(*) from pgmend.backup") == 0)
    assert installed.value("select count(*) from pgmend.audit where action = 'old'") == 0
    assert installed.value("select count(*) from pg_class where relname like 'spelling%' and relkind = 'r'") == 0

    url = f"{listener.address}/api/database-health/fixes/{fix['fix_id']}/rollback"
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    async with ClientSession(headers=headers) as session, session.post(url, json={}) as answer:
        problem = await answer.json(content_type=None)
    assert (answer.status, "any more: its backup has expired" in problem["detail"]) == (409, True)
    said = await pgmend.run("rollback", fix["fix_id"], "--yes", "--dsn", installed.dsn)
    assert said.code == 1
    assert "cannot be undone any more: its backup has expired. The settings rollback_window" in said.stderr
    assert "Traceback" not in said.stderr
    assert installed.value("select state from pgmend.fix where fix_id = %s", (fix["fix_id"],)) == "applied"
