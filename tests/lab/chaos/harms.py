"""What is done to pgmend, its connections and its server while it works. Each ends with the way free again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from os import kill

import psycopg

from .scene import Scene

Harm = Callable[[Scene], Awaitable[None]]

# Longer than a lease lasts, so that somebody else leads when it goes on.
_BEYOND_THE_LEASE_SECONDS = 7.0
_LOOK_SECONDS = 0.01
_TERMINATE = """
select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
where datname = pg_catalog.current_database() and application_name like %s
"""
_CANCEL = """
select pg_catalog.pg_cancel_backend(pid) from pg_catalog.pg_stat_activity
where datname = pg_catalog.current_database() and application_name = 'pgmend fixer' and state = 'active'
"""


async def kill_listener(scene: Scene) -> None:
    """SIGKILL, and another one is started as an init system would."""
    for listener in tuple(scene.listeners):
        await scene.kill(listener)
    await scene.start_listener()


async def kill_listener_for_another(scene: Scene) -> None:
    """SIGKILL while a second one stands by."""
    first = scene.listeners[0]
    await (await scene.start_listener()).line("listens at", 60)
    await scene.kill(first)


async def stop_listener_beyond_its_lease(scene: Scene) -> None:
    """SIGSTOP until another one leads, then SIGCONT: the first one wakes and believes that it leads."""
    first = scene.listeners[0]
    await scene.start_listener()
    kill(first.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(_BEYOND_THE_LEASE_SECONDS)
    finally:
        kill(first.pid, signal.SIGCONT)


async def terminate_fixer(scene: Scene) -> None:
    """The server process that mends is terminated."""
    await scene.fetch(_TERMINATE, "pgmend fixer")


async def terminate_all_sessions(scene: Scene) -> None:
    """Every server process of pgmend is terminated."""
    await scene.fetch(_TERMINATE, "pgmend %")


async def cancel_fixer(scene: Scene) -> None:
    """Somebody cancels the statement that mends."""
    await scene.fetch(_CANCEL)


async def crash_server(scene: Scene) -> None:
    """Immediate shutdown, and recovery."""
    await asyncio.to_thread(scene.server.restart, crash=True)


async def restart_server(scene: Scene) -> None:
    """A fast shutdown in order, and a start."""
    await asyncio.to_thread(scene.server.restart)


async def cut_connections(scene: Scene) -> None:
    """Every connection of the listener is reset; the server processes go on to the end of their statements."""
    scene.proxy.cut()


async def hang_connections(scene: Scene) -> None:
    """Half open: nothing comes through, nothing is closed; then all goes on."""
    scene.proxy.hold()
    try:
        await asyncio.sleep(scene.random.uniform(0.5, _BEYOND_THE_LEASE_SECONDS))
    finally:
        scene.proxy.let_go()


async def drop_connections(scene: Scene) -> None:
    """Half open, and then gone: the server does not hear of it at once, and what was on its way never arrives."""
    scene.proxy.hold()
    try:
        await asyncio.sleep(scene.random.uniform(0.5, 3))
    finally:
        scene.proxy.cut()
        scene.proxy.let_go()


async def pause_and_resume(scene: Scene) -> None:
    """Somebody stops everything, and lets it go on."""
    await scene.execute("select pgmend.pause('chaos')")
    await asyncio.sleep(scene.random.uniform(0.1, 1))
    await scene.execute("select pgmend.resume()")


HARMS: tuple[Harm, ...] = (
    kill_listener,
    kill_listener_for_another,
    stop_listener_beyond_its_lease,
    terminate_fixer,
    terminate_all_sessions,
    cancel_fixer,
    crash_server,
    restart_server,
    cut_connections,
    hang_connections,
    drop_connections,
    pause_and_resume,
)


async def until_the_moment(scene: Scene, seconds: float = 8.0) -> str | None:
    """Wait for a random moment of a fix that is under way: the title of the step that was last begun, None where none
    began in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    skipped = scene.random.choice((0, 0, 1, 2))
    seen: set[tuple[object, ...]] = set()
    while loop.time() < deadline:
        try:
            rows = await scene.fetch(
                "select fix_id, ordinal, title from pgmend.fix_step order by started_at desc limit 8"
            )
        except psycopg.OperationalError:
            rows = []
        new = [row for row in rows if row not in seen]
        seen.update(rows)
        if new and skipped < len(new):
            await asyncio.sleep(scene.random.choice((0, 0, 0.01, 0.05, 0.2)))
            return str(new[skipped][2])
        skipped -= len(new)
        await asyncio.sleep(_LOOK_SECONDS)
    return None
