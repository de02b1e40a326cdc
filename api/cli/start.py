"""`pgmend start`: the listener with its HTTP face, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...listener.settings import AutoFix
from .outcome import run
from .source import Dsn, find_source

if TYPE_CHECKING:
    from ...listener.daemon import Orders
    from .source import Source


def start(
    dsn: Dsn = None,
    observe: Annotated[bool, typer.Option("--observe", help="Look and report; touch nothing.")] = False,
    host: Annotated[str, typer.Option("--host", help="Beyond loopback only with tokens set.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8085,
    auto_fix: Annotated[
        AutoFix,
        typer.Option("--auto-fix", help="At most this; of flag, setting and stored policy the strictest wins."),
    ] = AutoFix.ALL,
    scan_interval: Annotated[
        float | None, typer.Option("--scan-interval", help="Seconds between safety scans.")
    ] = None,
    settle_time: Annotated[
        float | None, typer.Option("--settle-time", help="Seconds without DDL before a fix may run alone.")
    ] = None,
    code: Annotated[
        Path | None, typer.Option("--code", help="A folder with the application's code: its SQL is watched, too.")
    ] = None,
) -> None:
    """Listen, look, mend; with the HTTP API beside it."""
    flags = {"scan_interval": scan_interval, "settle_time": settle_time, "code": code}
    run(_start(dsn, auto_fix, observe, host, port, **flags))


async def _start(dsn: str | None, allowed: AutoFix, observe: bool, host: str, port: int, **flags: object) -> None:
    from ...listener.daemon import Orders
    from ...listener.journal import configure_journal

    source = find_source(dsn, **flags)
    configure_journal(source.settings)
    await _listen(source, Orders(allowed, observe), host, port)


async def _listen(source: Source, orders: Orders, host: str, port: int) -> None:
    import asyncio
    import signal

    import psycopg

    from ...listener.daemon import Daemon
    from ...listener.desk import Connections, Desk
    from ..http import Tokens, create_app, listening

    await _require_ready(source)
    settings = source.settings
    connections = Connections.within(source.dsn, settings, "desk")
    daemon = Daemon(source.dsn, settings, connections, orders)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    async with connections:
        tokens = Tokens.from_settings(settings)
        async with listening(
            create_app(Desk(connections, settings, daemon.sources), tokens, settings.allowed_hosts), host, port
        ) as address:
            typer.echo(f"pgmend listens at {address}/api/database-health")
            if tokens.generated and tokens.operator is not None:
                typer.echo(f"Operator token of this run: {tokens.operator.get_secret_value()}")
            try:
                await daemon.run()
            except* psycopg.Error:
                # What was there at the start may be gone by now: the schema, a right, a primary.
                await _require_ready(source)
                raise


async def _require_ready(source: Source) -> None:
    """Raise CouldNotLook with the cure where no listener could lead; tell what this one could not mend."""
    import structlog

    from ...listener.catalog.exclusion import LeftAlone
    from ...listener.connection import connect
    from ...listener.readiness import require_ready, unmendable

    async with await connect(source.dsn, "start") as connection:
        await require_ready(connection)
        for tables in await unmendable(connection, LeftAlone(source.settings.exclude)):
            structlog.get_logger().warning(
                "cannot mend", owner=tables.owner, tables=tables.tables, one=tables.one, cure=tables.cure
            )
