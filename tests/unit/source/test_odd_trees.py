"""Trees that somebody made odd or hostile: one file never ends the run, and nothing takes time beyond measure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.source import extraction
from pgmend.listener.source.extraction import extract
from pgmend.listener.source.folder import find_files

GOOD = 'def f(cursor):\n    cursor.execute("select 1")\n'


def methods(number: int) -> str:
    """Methods that each add to an attribute."""
    return "".join(
        f"    def m{each}(self):\n        self.sql = self.sql + ' x{each}'\n        return self\n"
        for each in range(number)
    )


SLOW = {
    "builders": "class Q:\n    def __init__(self):\n        self.sql = 'select id from users'\n"
    + methods(9)
    + "    def run(self, conn):\n        conn.execute(self.sql)\n",
    "renderers": "def r(n):\n"
    + "".join(f"    if n.k == {each}:\n        return '(' + r(n.l) + ' and ' + r(n.r) + ')'\n" for each in range(9))
    + "    return 'x'\ndef f(conn, n):\n    conn.execute('select * from users where ' + r(n))\n",
    "proxies": "".join(
        f"class W{each}:\n    def execute(self, sql, *a):\n        return self._inner.execute(sql, *a)\n"
        for each in range(12)
    ),
    "conditionals": "conn.execute(" + "".join(f"('a{each}' if x{each} else " for each in range(40)) + "'z'" + ")" * 41,
    "comments": "conn.execute('" + "/**/" * 60 + " foo')\n",
    "a long line": "X = ['ä', " + ", ".join(f"f('select {each}')" for each in range(3000)) + "]\n#.execute(\n",
}


@pytest.mark.parametrize("case", SLOW)
def test_no_code_takes_exponential_time(tmp_path: Path, case: str) -> None:
    (tmp_path / "slow.py").write_text(SLOW[case])
    (tmp_path / "good.py").write_text(GOOD)
    found = extract(tmp_path)
    assert "select 1" in [each.sql for each in found.statements]
    assert not found.unreadable


ODD = {
    "an encoding that is none of text": b"# coding: rot13\nx.execute('select')\n",
    "an encoding that nobody knows": b"# coding: nonsense\nx.execute('select')\n",
    "signs beyond the parser's memory": b"conn.execute(" + b"-" * 100_000 + b"1)\n",
    "a NUL": b"conn.execute('select')\0\n",
    "more parts than Python follows": b"conn.execute(" + b"+".join([b"'a'"] * 3000) + b")\n",
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_file_is_told_and_the_rest_goes_on(tmp_path: Path, case: str) -> None:
    (tmp_path / "odd.py").write_bytes(ODD[case])
    (tmp_path / "good.py").write_text(GOOD)
    found = extract(tmp_path)
    assert [each.path for each in found.unreadable] == ["odd.py"]
    assert [each.sql for each in found.statements] == ["select 1"]


def test_patterns_that_are_none_exclude_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!\nleft.py\n")
    for name in ("good.py", "left.py", "right.py"):
        (tmp_path / name).write_text(GOOD)
    assert find_files(tmp_path, ["!", "right.py"]).python == ("good.py",)


def test_a_file_that_goes_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "gone.py").write_text(GOOD)
    tree = find_files(tmp_path)
    (tmp_path / "gone.py").unlink()
    monkeypatch.setattr(extraction, "find_files", lambda *_: tree)
    found = extract(tmp_path)
    assert [each.path for each in found.unreadable] == ["gone.py"]
    assert [each.sql for each in found.statements] == ["select 1"]


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "good.py").write_text(GOOD)
    scandir = os.scandir

    def refusing(path: Path) -> Any:
        if path.name == "closed":  # whoever runs tests as root may read all
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = extract(tmp_path)
    assert [each.path for each in found.unreadable] == ["closed"]
    assert [each.sql for each in found.statements] == ["select 1"]
