"""Patches as Git itself takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.source.rewriting.code_file import CodeFile
from pgmend.listener.source.rewriting.edit import Edit
from pgmend.listener.source.rewriting.patch import diff, file_patch, git_mode


def git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "core.autocrlf", "false")
    return tmp_path


def changed(folder: Path, path: str, content: bytes, *changes: tuple[str, str]) -> bytes:
    """The patch that replaces each of the texts once."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    code = CodeFile(path, content)
    edits = [Edit(path, place := code.text.index(old), place + len(old), new, "") for old, new in changes]
    return diff(folder, [file_patch(code, edits, git_mode(folder, path))])


LINES = "".join(f"x{number:02} = 1\n" for number in range(40))
CASES: dict[str, tuple[str, bytes, tuple[tuple[str, str], ...]]] = {
    "one line": ("a.py", LINES.encode(), (("x20 = 1", "x20 = 2"),)),
    "the first and the last": ("a.py", LINES.encode(), (("x00", "y"), ("x39", "y"))),
    "near and far": ("a.py", LINES.encode(), (("x03", "y"), ("x05", "y"), ("x12", "y"), ("x30", "y"))),
    "two in a line": ("a.py", LINES.encode(), (("x03", "y"), (" = 1\nx04", " = 3\nz"))),
    "more lines and fewer": (
        "a.py", LINES.encode(), (("x03 = 1\n", ""), ("x20", "z\n\nz"), ("x30 = 1\nx31 = 1\n", "w\n"), ("x38", "u"))
    ),
    "no newline at the end": ("a.py", b"a = 1\nb = 2", (("2", "3"),)),
    "no newline at the end of what is around": ("a.py", b"a = 1\nb = 2", (("1", "3"),)),
    "a newline that comes": ("a.py", b"a = 1\nb = 2", (("2", "2\n"),)),
    "a newline that goes": ("a.py", b"a = 1\nb = 2\n", (("2\n", "2"),)),
    "all that there is": ("a.py", b"a = 1\n", (("a = 1\n", ""),)),
    "CRLF": ("a.py", LINES.replace("\n", "\r\n").encode(), (("x20", "y"),)),
    "lone returns and form feeds": ("a.py", b"a = 1\rb = 2\n\x0cc = 3\x0b\n'\x1c'\nd = 4\n", (("4", "5"),)),
    "another encoding": ("a.py", "# coding: latin-1\nä = 'ö'\nb = 1\n".encode("latin-1"), (("1", "'ü'"),)),
    "two bytes a character": ("q.sql", "select 'ö'\n, nick -- 名\n".encode(), (("nick", "größe"),)),
    "a byte order mark": ("a.py", b"\xef\xbb\xbfa = 1\n", (("a", "b"),)),
    "a path with spaces": ("my app/a b.py", b"a = 1\n", (("1", "2"),)),
    "a path that is not ASCII": ("größe/名.py", b"a = 1\n", (("1", "2"),)),
    "a path with quotes": ('we"ird\\path\t/a\n.py', b"a = 1\n", (("1", "2"),)),
    "a path like a header's": ("a b/b c/a", b"a = 1\n", (("1", "2"),)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_git_takes_it_and_takes_it_back(repository: Path, case: str) -> None:
    path, content, changes = CASES[case]
    patch = changed(repository, path, content, *changes)
    code = CodeFile(path, content)
    expected = code.text
    for old, new in changes:
        expected = expected.replace(old, new, 1)
    git(repository, "apply", "--whitespace=nowarn", given=patch)
    assert (repository / path).read_bytes() == code.encoded(expected)
    git(repository, "apply", "--whitespace=nowarn", "-R", given=patch)
    assert (repository / path).read_bytes() == content


def test_it_is_what_git_writes(repository: Path) -> None:
    patch = changed(repository, "my app/größe.py", LINES.encode(), ("x20 = 1", "x20 = 2"), ("x00", "y"))
    git(repository, "add", ".")
    git(repository, "apply", given=patch)
    written = git(repository, "diff", "--full-index")
    assert [line.split(b"@@")[:2] for line in written.splitlines()] == [
        line.split(b"@@")[:2] for line in patch.splitlines()
    ]


def test_from_a_folder_within_it_fits_the_whole_tree(repository: Path) -> None:
    patch = changed(repository / "app", "a.py", b"a = 1\n", ("1", "2"))
    assert patch.startswith(b"diff --git a/app/a.py b/app/a.py\n")
    git(repository / "app", "apply", given=patch)
    assert (repository / "app/a.py").read_bytes() == b"a = 2\n"


def test_a_mode_stays(repository: Path) -> None:
    (repository / "run.py").touch(mode=0o755)
    patch = changed(repository, "run.py", b"a = 1\n", ("1", "2"))
    git(repository, "add", ".")
    git(repository, "apply", "--index", given=patch)
    assert (repository / "run.py").stat().st_mode & 0o777 == 0o755
    assert git(repository, "ls-files", "-s").startswith(b"100755")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["a", "", "é", "b"]), min_size=1, max_size=40),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.sampled_from(["", "z", "z\n", "\n\nq"])), max_size=4),
)
def test_any_edits_are_applied(
    repository: Path, lines: list[str], end: str, closed: bool, changes: list[tuple[int, int, str]]
) -> None:
    text = end.join(lines) + (end if closed else "")
    edits: list[Edit] = []
    here = 0
    for gap, length, new in changes:
        start = here + gap + (1 if edits else 0)
        if start + length <= len(text):
            edits.append(Edit("a.sql", start, start + length, new, ""))
            here = start + length
    code = CodeFile("a.sql", text.encode())
    found = file_patch(code, edits)
    (repository / "a.sql").write_bytes(code.content)
    if found.before != found.after:
        git(repository, "apply", "--whitespace=nowarn", given=diff(repository, [found]))
    assert (repository / "a.sql").read_bytes() == found.after
