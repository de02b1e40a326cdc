"""Code bases on PyPI: what is fetched, and how each makes its schema."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.package import Unavailable, cache, run

_SAQ = """
import asyncio
from saq.queue.postgres import PostgresQueue
async def make():
    queue = PostgresQueue.from_url(DSN)
    await queue.connect()
    await queue.disconnect()
asyncio.run(make())
"""
_LANGGRAPH = """
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.store.postgres import PostgresStore
for each in (PostgresSaver, PostgresStore):
    with each.from_conn_string(DSN) as made:
        made.setup()
"""
_PROCRASTINATE = """
import procrastinate
with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=DSN)).open() as app:
    app.schema_manager.apply_schema()
"""
_PGQUEUER = """
import asyncio
import psycopg
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
with psycopg.connect(DSN) as connection:
    connection.execute(QueryBuilderEnvironment().build_install_query())
"""
_CHANCY = """
import asyncio
from chancy import Chancy
from chancy.plugins.cron import Cron
from chancy.plugins.leadership import Leadership
from chancy.plugins.metrics import Metrics
from chancy.plugins.trigger import Trigger
from chancy.plugins.workflow import WorkflowPlugin
async def make():
    plugins = [Leadership(), Cron(), Metrics(), Trigger(), WorkflowPlugin()]
    async with Chancy(DSN, plugins=plugins, no_default_plugins=True) as chancy:
        await chancy.migrate()
asyncio.run(make())
"""
_SYNAPSE = """
import psycopg2
from synapse.storage.database import LoggingDatabaseConnection
from synapse.storage.engines import create_engine
from synapse.storage.prepare_database import prepare_database
engine = create_engine({"name": "psycopg2", "args": {}, "allow_unsafe_locale": True})
connection = psycopg2.connect(DSN)
engine.on_new_connection(LoggingDatabaseConnection(conn=connection, engine=engine, default_txn_name="", server_name=""))
wrapped = LoggingDatabaseConnection(conn=connection, engine=engine, default_txn_name="", server_name="")
prepare_database(wrapped, engine, config=None)
"""
_MAUTRIX_TELEGRAM = """
import asyncio
from mautrix.util.async_db import Database
from mautrix_telegram.db import upgrade_table
async def make():
    database = Database.create(DSN, upgrade_table=upgrade_table)
    await database.start()
    await database.stop()
asyncio.run(make())
"""
_SWH_STORAGE = """
import pathlib
import psycopg
folder = pathlib.Path(sys.path[0]) / "swh" / "storage" / "sql"
with psycopg.connect(DSN) as connection:
    # A server without OpenSSL has no pgcrypto, which only the bodies of some functions need.
    connection.execute("set check_function_bodies = off")
    for part in ("10-superuser-init", "15-flavor", "20-enums", "30-schema", "40-funcs"):
        text = (folder / f"{part}.sql").read_text()
        connection.execute(text.replace("create extension if not exists pgcrypto;", ""))
"""
_TRAC = """
import tempfile
from psycopg2.extensions import parse_dsn
from trac.admin.console import TracAdmin
given = parse_dsn(DSN)
url = f"postgres://{given['user']}:{given.get('password', 'none')}@{given['host']}:{given['port']}/{given['dbname']}"
with tempfile.TemporaryDirectory() as folder:
    TracAdmin(folder + "/env").onecmd(f"initenv name {url}?schema=public")
"""


@dataclass(frozen=True, slots=True)
class CodeBase:
    """A package with its version, the folder of its code, and the script that makes its schema at `DSN`. It is fetched
    with what it needs and what is named in `more`; one `alone` without, since its schema needs nothing of that."""

    package: str
    version: str
    folder: str
    makes: str
    more: tuple[str, ...] = ()
    alone: bool = False

    @property
    def name(self) -> str:
        """What its verdicts are filed under."""
        return self.package.replace("-", "_")

    def installed(self) -> Path:
        """The folder into which pip installed it with all that it needs; raises Unavailable."""
        place = cache("code") / f"{self.name}-{self.version}"
        if not place.is_dir():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            with tempfile.TemporaryDirectory(dir=place.parent) as target:
                fetched = Path(target) / "site"
                options = ["--target", str(fetched), *(["--no-deps"] if self.alone else [])]
                run([*pip, *options, f"{self.package}=={self.version}", *self.more])
                fetched.rename(place)
        return place

    def make_schema(self, dsn: str) -> None:
        """Run the code base's own way to make its schema; raises Unavailable with what it said."""
        place = self.installed()
        setup = f"import sys; sys.path.insert(0, {str(place)!r}); DSN = {dsn!r}\n"
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "make_schema.py"
            script.write_text(setup + self.makes)
            run([sys.executable, "-I", str(script)])

    def code(self) -> Path:
        """The folder with its code alone; raises Unavailable."""
        folder = self.installed() / self.folder
        if not folder.is_dir():
            raise Unavailable(f"{self.package} {self.version} has no folder {self.folder}")
        return folder


CODE_BASES = (
    CodeBase("procrastinate", "3.10.0", "procrastinate", _PROCRASTINATE),
    CodeBase("pgqueuer", "1.6.0", "pgqueuer", _PGQUEUER),
    CodeBase("chancy", "0.26.0", "chancy", _CHANCY, ("croniter",)),
    CodeBase("saq", "0.26.4", "saq", _SAQ, ("psycopg[binary,pool]",)),
    CodeBase("langgraph-checkpoint-postgres", "3.2.0", "langgraph", _LANGGRAPH, ("psycopg[binary]",)),
    CodeBase("mautrix-telegram", "0.15.3", "mautrix_telegram", _MAUTRIX_TELEGRAM, ("asyncpg",)),
    CodeBase("swh-storage", "4.3.0", "swh", _SWH_STORAGE, alone=True),
    CodeBase("Trac", "1.6", "trac", _TRAC, ("psycopg2-binary", "setuptools<81")),
    CodeBase("matrix-synapse", "1.163.2", "synapse", _SYNAPSE, ("psycopg2-binary",)),
)
