"""Code against the schema: 80,000 lines read cold, with what a former run kept, and after one file changed."""

from __future__ import annotations

import ast
import asyncio
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from pgmend.listener.codebase.account import Moved
from pgmend.listener.codebase.codebase import Codebase
from pgmend.listener.connection import connect
from pgmend.listener.settings import Settings
from pgmend.listener.source.analysis import analyze
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.reading import Reader
from pgmend.listener.source.shelf import Shelf

from . import code_tree
from .figure import Figure, Goal
from .ground import SMALL, Ground

_RUNS = 5
_COLD = Goal(now=1500, final=1000)
_CHANGED = Goal(now=150, final=100)


def measure(ground: Ground) -> list[Figure]:
    """Each case several times in turns, medians. What only parses all the files is the peer."""
    with ground.copy(SMALL, installed=False) as database, tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "application"
        files = code_tree.write(root, database.dsn)
        # Here a thread waits for the server, and with threads readers are not forked: a command has none.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(_measured, database.dsn, root, files, Path(folder) / "cache").result()


def _measured(dsn: str, root: Path, files: Sequence[Path], cache: Path) -> list[Figure]:
    return asyncio.run(_figures(dsn, root, files, cache))


async def _figures(dsn: str, root: Path, files: Sequence[Path], cache: Path) -> list[Figure]:
    peer: list[float] = []
    cold: list[float] = []
    kept: list[float] = []
    changed: list[float] = []
    asked = 0
    async with await connect(dsn, "bench") as connection:

        async def look(reader: Reader) -> float:
            nonlocal asked
            started = time.perf_counter()
            analysis = await analyze(connection, extract(root, reader=reader), Settings())
            spent = (time.perf_counter() - started) * 1000
            if analysis.issues or not analysis.saw_everything or analysis.extraction.lines < code_tree.LINES:
                raise RuntimeError(f"not as it was written: {analysis.issues[:1]} {analysis.unseen[:1]}")
            asked = analysis.asked
            return spent

        async def look_again(codebase: Codebase) -> float:
            started = time.perf_counter()
            if not codebase.has_moved():
                raise RuntimeError("no change was seen")
            codebase.read()
            account = await codebase.look(connection, Moved())
            if account.issues or account.figures.trouble is not None:
                raise RuntimeError(f"not as it was written: {account.issues[:1]} {account.figures.trouble}")
            return (time.perf_counter() - started) * 1000

        codebase = Codebase(root, Settings())
        await look_again(codebase)
        await look(Reader(Shelf(cache)))
        for number in range(_RUNS):
            peer.append(_parse_ms(files))
            cold.append(await look(Reader()))
            kept.append(await look(Reader(Shelf(cache))))
            code_tree.change(files[number])
            changed.append(await look_again(codebase))
    subject = f"{code_tree.LINES:,} lines"
    remark = f"{asked:,} statements, the server's answers included"
    return [
        Figure(subject, "ast.parse of all files", median(peer), "ms", remark="the peer: one process, nothing else"),
        Figure(subject, "analyze, cold", median(cold), "ms", _COLD, remark),
        Figure(subject, "ast.parse / analyze, cold", median(peer) / median(cold), "x"),
        Figure(subject, "analyze, facts kept by a former run", median(kept), "ms", remark="another process would"),
        Figure(
            subject, "watch, after one file changed", median(changed), "ms", _CHANGED, "as the listener's process looks"
        ),
    ]


def _parse_ms(files: Sequence[Path]) -> float:
    started = time.perf_counter()
    for file in files:
        ast.parse(file.read_bytes())
    return (time.perf_counter() - started) * 1000
