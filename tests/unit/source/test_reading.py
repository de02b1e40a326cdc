"""Reading a tree again: what did not change is not read, and nothing that somebody left in the cache is trusted."""

from __future__ import annotations

import os
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.source import reading
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.facts import Module, Reading
from pgmend.listener.source.folder import find_files
from pgmend.listener.source.module import read_module
from pgmend.listener.source.reading import Reader
from pgmend.listener.source.shelf import Shelf
from pgmend.listener.source.transcript import recall, transcribe

EVERYTHING = """\
import aiosql
import asyncpg
from typing import Final
from psycopg import sql

TABLE: Final = "größe \\ud800 \\N{SNOWMAN}"
queries = aiosql.from_path("queries.sql", "asyncpg")


def _columns(names, prefix="t."):
    return prefix + ", ".join(names)


class Base:
    QUERY = "select * from users"


class Store(Base):
    def __init__(self, pool: asyncpg.Pool, name: str = "users"):
        self.pool = pool
        self.name = name

    async def get(self, key: str, *rest, **named):
        async with self.pool.acquire() as conn:
            await conn.fetch(f"select {_columns(['a', key])} from {self.name} where a = $1", int(key), *rest)
            await conn.execute("update users set a = %(a)s" % {"a": 1}, {"a": str(key), **named})
            if is_sqlite:
                conn.execute("pragma x")
            elif conn.fetchval("select to_regclass('users')"):
                conn.execute(self.QUERY + " where a = $1", (key, None, [1, 2]))

    def compose(self, cursor):
        cursor.execute(sql.SQL("select {} from {}").format(sql.Identifier("a"), sql.Identifier(self.name)))
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three files, large enough to be kept."""
    monkeypatch.setattr(reading, "_WORTH_KEEPING", 1)
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "everything.py").write_text(EVERYTHING)
    (folder / "broken.py").write_text("cursor.execute('select 1'\n")
    (folder / "prose.py").write_text("WORDS = 'nothing to see'\n")
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "cache" / "code")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were followed, in this process."""
    seen: list[str] = []

    def noting(path: str, name: str, source: str) -> Module:
        seen.append(path)
        return read_module(path, name, source)

    monkeypatch.setattr(reading, "read_module", noting)
    return seen


def of(tree: Path, shelf: Shelf | None = None) -> list[Reading]:
    return Reader(shelf).read(find_files(tree))


def test_every_kind_of_fact_comes_back_as_it_was() -> None:
    module = read_module("a/b.py", "a.b", EVERYTHING)
    assert all(getattr(module, each.name) for each in fields(module) if each.name not in ("adapted", "classes"))
    for one in (Reading(module.lines, module), Reading(3)):
        assert recall(transcribe(one)) == one
        assert b"\n" not in transcribe(one)


FORGED = {
    "no JSON": b"\x80\x05\x8c\x02os\x8c\x06system\x93",
    "another shape": b"[1]",
    "text for a number": b'["1",null,null]',
    "a number for a class": b"[1,7,null]",
    "a class that is none of them": transcribe(
        Reading(1, read_module("a.py", "a", "conn.execute('select 1')"))
    ).replace(b"[0,[", b"[9,[", 1),
    "an object for a list": b'[1,{"path":"x"},null]',
    "deeper than Python follows": b"[" * 100_000,
}


@pytest.mark.parametrize("case", FORGED)
def test_what_nobody_transcribed_is_refused(case: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        recall(FORGED[case])


def test_files_that_did_not_change_are_not_read_again(tree: Path, shelf: Shelf, read: list[str]) -> None:
    first = of(tree, shelf)
    assert sorted(read) == ["broken.py", "everything.py"]
    read.clear()
    assert of(tree, shelf) == first
    assert read == ["broken.py"]  # what does not parse is no fact to keep


def test_a_changed_file_is_read_and_a_moved_one_too(tree: Path, shelf: Shelf, read: list[str]) -> None:
    of(tree, shelf)
    (tree / "second.py").write_text("conn.execute('select 2')\n")
    (tree / "everything.py").rename(tree / "elsewhere.py")
    read.clear()
    found = {each.module.path for each in of(tree, shelf) if each.module}
    assert sorted(read) == ["broken.py", "elsewhere.py", "second.py"]
    assert found == {"elsewhere.py", "second.py"}


def test_a_reader_knows_its_last_tree_without_any_shelf(tree: Path, read: list[str]) -> None:
    reader = Reader()
    first = reader.read(find_files(tree))
    read.clear()
    (tree / "second.py").write_text("conn.execute('select 2')\n")
    second = reader.read(find_files(tree))
    assert read == ["second.py"]
    assert second[1].module is first[1].module


def test_other_code_of_the_reader_reads_anew(
    tree: Path, shelf: Shelf, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of(tree, shelf)
    monkeypatch.setattr("pgmend.listener.source.shelf._version", lambda: "another")
    read.clear()
    of(tree, shelf)
    assert "everything.py" in read
    (kept,) = folder_of(shelf).iterdir()
    assert ".another." in kept.name  # and what the former kept is gone


def test_small_trees_are_not_kept(tree: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WORTH_KEEPING", 1 << 20)
    of(tree, shelf)
    assert not folder_of(shelf).exists()


def test_what_is_kept_is_for_its_owner_alone(tree: Path, shelf: Shelf) -> None:
    before = os.umask(0)
    try:
        of(tree, shelf)
    finally:
        os.umask(before)
    (kept,) = folder_of(shelf).iterdir()
    assert (kept.stat().st_mode & 0o777, folder_of(shelf).stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_folder_that_others_may_write_to_is_not_used_and_told(tree: Path, shelf: Shelf, read: list[str]) -> None:
    of(tree, shelf)
    folder_of(shelf).chmod(0o770)
    read.clear()
    of(tree, shelf)
    assert "everything.py" in read
    assert shelf.complaint is not None
    assert "chmod 700" in shelf.complaint


@pytest.mark.parametrize("link", ["folder", "file"])
def test_links_are_not_followed(tree: Path, shelf: Shelf, read: list[str], tmp_path: Path, link: str) -> None:
    of(tree, shelf)
    (kept,) = folder_of(shelf).iterdir()
    meant = folder_of(shelf) if link == "folder" else kept
    meant.rename(tmp_path / "theirs")
    meant.symlink_to(tmp_path / "theirs")
    read.clear()
    of(tree, shelf)
    assert "everything.py" in read
    assert shelf.complaint is not None


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"x" * 32 + b" [1,2,3]\n", None])
def test_what_is_torn_or_forged_is_read_anew(tree: Path, shelf: Shelf, read: list[str], content: bytes | None) -> None:
    first = of(tree, shelf)
    (kept,) = folder_of(shelf).iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if content is None else content)
    read.clear()
    assert of(tree, shelf) == first
    assert "everything.py" in read
    assert kept.read_bytes() == whole


def test_the_least_recently_used_makes_room(tree: Path, tmp_path: Path, read: list[str]) -> None:
    (size,) = (each.stat().st_size for each in [first_kept(tree, tmp_path)])
    shelf = Shelf(tmp_path / "cache" / "code", most_bytes=size * 2 + size // 2)
    trees = [tree, *(copied(tree, tmp_path / f"copy{number}") for number in range(2))]
    for number, each in enumerate(trees):
        of(each, shelf)
        for kept in folder_of(shelf).iterdir():
            if kept.stat().st_mtime > 1000:
                os.utime(kept, (number, number))
    assert len(list(folder_of(shelf).iterdir())) == 2
    read.clear()
    of(trees[2], shelf)
    assert "everything.py" not in read
    of(trees[0], shelf)
    assert "everything.py" in read


def test_a_full_disk_ends_nothing(tree: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert len(of(tree, shelf)) == 3
    assert shelf.complaint is not None
    assert "No space left" in shelf.complaint
    assert not list(folder_of(shelf).iterdir())


@pytest.mark.parametrize("threads", [False, True])
def test_many_processes_read_what_one_reads(tree: Path, monkeypatch: pytest.MonkeyPatch, threads: bool) -> None:
    alone = of(tree)
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(reading, "_WORTH_NEW_PROCESSES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    if threads:
        other.start()
    try:
        assert of(tree) == alone
    finally:
        done.set()


def test_new_processes_run_nothing_of_the_current_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even under the name of a module of the standard library; and what is started later is not kept from it."""
    for name in ("multiprocessing", "queue", "secrets", "pickle"):
        (tree / f"{name}.py").write_text("open('pwned', 'w').close()\n")
    alone = of(tree)
    monkeypatch.chdir(tree)
    monkeypatch.setattr(reading, "_FORKS", False)
    monkeypatch.setattr(reading, "_WORTH_NEW_PROCESSES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    before = os.environ.copy()
    assert of(tree) == alone
    assert os.environ == before
    assert not (tree / "pwned").exists()


def test_the_statements_are_the_same_with_and_without_what_was_kept(tree: Path, shelf: Shelf) -> None:
    plain = extract(tree)
    extract(tree, reader=Reader(shelf))
    assert extract(tree, reader=Reader(shelf)) == plain


def folder_of(shelf: Shelf) -> Path:
    return shelf._folder  # pyright: ignore[reportPrivateUsage]


def first_kept(tree: Path, tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path / "measure")
    of(tree, shelf)
    (kept,) = folder_of(shelf).iterdir()
    return kept


def copied(tree: Path, to: Path) -> Path:
    to.mkdir()
    for each in tree.iterdir():
        (to / each.name).write_bytes(each.read_bytes())
    return to
