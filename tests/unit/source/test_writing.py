"""Patches written into files, under attack: links, rights, full disks, others who write, and death at any instant."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pgmend.listener.errors import CodeStays, NotFound
from pgmend.listener.source.rewriting.applying import recover, undo
from pgmend.listener.source.rewriting.code_file import CodeFile
from pgmend.listener.source.rewriting.edit import Edit
from pgmend.listener.source.rewriting.merging import Collision, TooDifferent, merged
from pgmend.listener.source.rewriting.patch import FilePatch, file_patch
from pgmend.listener.source.rewriting.record import Records
from pgmend.listener.source.rewriting.worktree import unclean
from pgmend.listener.source.rewriting.writing import Writer, Writing

PATHS = ("a.py", "my app/größe.py", "my app/deep/c.py")
BEFORE = b"import x\n\na = 'old'\n\nb = 2\n\n\n# end"
AFTER = BEFORE.replace(b"old", b"new")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(BEFORE)
    return folder


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "state" / "code")


def patch(root: Path, path: str) -> FilePatch:
    content = (root / path).read_bytes()
    start = content.decode("latin-1").index("old")
    return file_patch(CodeFile(path, content), [Edit(path, start, start + 3, "new", "")])


def all_patches(root: Path) -> list[FilePatch]:
    return [patch(root, path) for path in PATHS]


def written(root: Path, records: Records, patches: list[FilePatch] | None = None, *, force: bool = False) -> Writing:
    writer = Writer(root, records)
    patches = all_patches(root) if patches is None else patches
    with writer.alone():
        return writer.hold(writer.write(patches, "old is called new", ("1",), force=force))


def undone(root: Path, records: Records, fix_id: str) -> Writing:
    writer = Writer(root, records)
    with writer.alone():
        return writer.undo(fix_id)


def contents(root: Path) -> list[bytes]:
    return [(root / path).read_bytes() for path in PATHS]


def nothing_is_left(root: Path) -> bool:
    return sorted(str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()) == sorted(PATHS)


def git(folder: Path, *arguments: str) -> None:
    given = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *given, *arguments], cwd=folder, check=True, capture_output=True)


def test_all_files_are_written_and_taken_back(root: Path, records: Records) -> None:
    writing = written(root, records)
    assert contents(root) == [AFTER] * 3
    assert nothing_is_left(root)
    assert undone(root, records, writing.record.fix_id).record.state == "undone"
    assert contents(root) == [BEFORE] * 3
    assert nothing_is_left(root)
    with pytest.raises(CodeStays, match="is undone: there is nothing to undo"):
        undone(root, records, writing.record.fix_id)
    with pytest.raises(NotFound):
        records.find("../../etc/passwd")


def test_rights_and_owner_stay_and_backups_are_no_wider_open(root: Path, records: Records) -> None:
    (root / "a.py").chmod(0o750)
    (root / PATHS[1]).chmod(0o600)
    if os.geteuid() == 0:
        os.chown(root / PATHS[2], 65534, 65533)
    os.umask(old := os.umask(0))
    writing = written(root, records)
    assert old == os.umask(old)
    assert [stat.S_IMODE((root / each).stat().st_mode) for each in PATHS[:2]] == [0o750, 0o600]
    if os.geteuid() == 0:
        assert ((root / PATHS[2]).stat().st_uid, (root / PATHS[2]).stat().st_gid) == (65534, 65533)
    place = records.place(writing.record)
    assert [stat.S_IMODE((place / f"before.{each}").stat().st_mode) for each in range(2)] == [0o750, 0o600]
    assert {stat.S_IMODE(each.stat().st_mode) for each in (place, records.folder)} == {0o700}


def test_attributes_stay(root: Path, records: Records) -> None:
    try:
        os.setxattr(root / "a.py", "user.note", b"x")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    written(root, records)
    assert os.getxattr(root / "a.py", "user.note") == b"x"


@pytest.mark.parametrize(
    "path", ["../outside.py", "/etc/passwd", "a/../../outside.py", "", ".", "a\0b.py", "my app//c"]
)
def test_what_is_outside_is_not_even_read(root: Path, records: Records, path: str) -> None:
    (root.parent / "outside.py").write_bytes(BEFORE)
    with pytest.raises(CodeStays, match="is no path within"):
        written(root, records, [FilePatch(path, BEFORE, AFTER, "100644", ())])
    assert (root.parent / "outside.py").read_bytes() == BEFORE


def test_links_are_not_followed(root: Path, records: Records, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_bytes(BEFORE)
    (root / "link.py").symlink_to(outside / "x.py")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.py")
    for path in ("link.py", "folder/x.py", "a.py/x.py"):
        with pytest.raises(CodeStays, match="a link, or within one"):
            written(root, records, [FilePatch(path, BEFORE, AFTER, "100644", ())])
    with pytest.raises(CodeStays, match="no plain file"):
        written(root, records, [FilePatch("pipe.py", BEFORE, AFTER, "100644", ())])
    assert (outside / "x.py").read_bytes() == BEFORE


def test_the_root_itself_may_be_a_link(root: Path, records: Records) -> None:
    (root.parent / "current").symlink_to(root)
    written(root.parent / "current", records)
    assert contents(root) == [AFTER] * 3


def test_other_names_of_a_file_are_told(root: Path, records: Records) -> None:
    os.link(root / "a.py", root.parent / "twin.py")
    writing = written(root, records)
    assert ["a.py had 2 names" in each for each in writing.told] == [True]
    assert (root.parent / "twin.py").read_bytes() == BEFORE


def test_a_file_that_changed_since_is_not_written(root: Path, records: Records) -> None:
    patches = all_patches(root)
    (root / PATHS[2]).write_bytes(BEFORE + b"\n")
    with pytest.raises(CodeStays, match=r"deep/c\.py was changed since"):
        written(root, records, patches)
    (root / PATHS[2]).unlink()
    with pytest.raises(CodeStays, match="No such file"):
        written(root, records, patches, force=True)
    assert (root / "a.py").read_bytes() == BEFORE


@contextmanager
def before_rename(number: int, deed: Callable[[], None]) -> Iterator[None]:
    """Do something right before the code's n-th file is replaced."""
    whole, seen = os.rename, [0]

    def rename(*arguments: Any, **options: Any) -> None:
        whole(*arguments, **options)
        seen[0] += 1
        if seen[0] == number:
            deed()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "rename", rename)
        yield


def _become_link(file: Path, target: Path) -> None:
    file.unlink()
    file.symlink_to(target)


def test_a_failure_at_the_third_file_restores_the_first_two(root: Path, records: Records, tmp_path: Path) -> None:
    third, outside = root / PATHS[2], tmp_path / "outside.py"
    outside.write_bytes(BEFORE)
    deeds: list[tuple[Callable[[], None], bytes | None]] = [
        (lambda: _become_link(third, outside), BEFORE),
        (lambda: _append(third), BEFORE + b"# mine"),
        (third.unlink, None),
        (lambda: (third.parent.rename(root / "moved"), (root / "my app/deep").symlink_to(tmp_path))[0], None),
    ]
    for deed, left in deeds:
        for path in PATHS:
            (root / path).unlink(missing_ok=True)
            (root / path).write_bytes(BEFORE)
        with before_rename(2, deed), pytest.raises(CodeStays):
            written(root, records)
        assert [(root / path).read_bytes() for path in PATHS[:2]] == [BEFORE] * 2
        assert outside.read_bytes() == BEFORE
        if left is not None:
            assert third.read_bytes() == left
    assert {record.state for record in _all(records)} == {"restored"}


def _append(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"# mine")


def _all(records: Records) -> list[Any]:
    return [records.find(each.parent.name) for each in records.folder.glob("*/record.json")]


def test_a_full_disk_changes_nothing(root: Path, records: Records) -> None:
    big = BEFORE + b"#" * 100_000
    for path in PATHS:
        (root / path).write_bytes(big)
    patches = all_patches(root)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(CodeStays, match="the backups could not be kept"):
            written(root, records, patches)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert contents(root) == [big] * 3
    assert nothing_is_left(root)


def test_a_disk_that_fills_up_while_files_are_staged_changes_nothing(root: Path, records: Records) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    keep, put_back = records.keep, Writer._put_back

    def keep_and_fill(record: Any) -> Any:
        kept = keep(record)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        return kept

    def make_room_and_put_back(*arguments: Any, **options: Any) -> Any:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        patched.undo()
        return put_back(*arguments, **options)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(CodeStays, match="File too large"):
        patched.setattr(records, "keep", keep_and_fill)
        patched.setattr(Writer, "_put_back", make_room_and_put_back)
        written(root, records)
    assert contents(root) == [BEFORE] * 3
    assert nothing_is_left(root)


def test_a_folder_that_takes_no_files_is_told(open_folder: Path) -> None:
    root, records = open_folder / "code", Records(open_folder / "state" / "code")
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(BEFORE)
    (root / "my app/deep").chmod(0o555)

    def write() -> None:
        if os.geteuid() == 0:  # nothing is closed to root
            for each in open_folder.rglob("*"):
                os.chown(each, 65534, -1)
            os.chown(open_folder, 65534, -1)
            os.seteuid(65534)
        with pytest.raises(CodeStays, match=r"deep/c\.py stays as it is: Permission denied"):
            written(root, records)

    assert _die_at(-1, write) == 0
    assert contents(root) == [BEFORE] * 3
    assert nothing_is_left(root)


def test_uncommitted_files_are_written_only_by_force(root: Path, records: Records) -> None:
    git(root.parent, "init", "-q", "code")
    (root / ".gitignore").write_text("*.pyc\n")
    git(root, "add", "a.py", PATHS[1], ".gitignore")
    git(root, "commit", "-qm", "x")
    with pytest.raises(CodeStays, match=r"my app/deep/c\.py: Git does not keep it") as refused:
        written(root, records)
    assert "a.py:" not in str(refused.value)
    git(root, "add", ".")
    git(root, "commit", "-qm", "y")
    _append(root / PATHS[1])
    with pytest.raises(CodeStays, match=r"my app/größe\.py: it has changes that are not committed"):
        written(root, records)
    assert (root / "a.py").read_bytes() == BEFORE
    written(root, records, force=True)
    assert (root / PATHS[1]).read_bytes() == AFTER + b"# mine"


def test_where_git_does_not_answer_nothing_is_written(root: Path, records: Records) -> None:
    (root / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(CodeStays, match="Git could not be asked"):
        written(root, records)


def test_no_program_of_the_repository_is_run(root: Path, records: Records, tmp_path: Path) -> None:
    git(root.parent, "init", "-q", "code")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(hook))
    written(root, records)
    assert not (tmp_path / "ran").exists()


@contextmanager
def _committed(root: Path) -> Iterator[None]:
    git(root.parent, "init", "-q", "code")
    yield
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")


def test_no_filter_of_the_repository_is_run_and_what_it_would_change_is_told(
    root: Path, records: Records, tmp_path: Path
) -> None:
    with _committed(root):
        pass
    filtering = tmp_path / "filter"
    filtering.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    filtering.chmod(0o755)
    git(root, "config", "filter.x.clean", str(filtering))
    git(root, "config", "filter.x.smudge", str(filtering))
    git(root, "config", "filter.x.process", str(filtering))
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/attributes").write_text("*.py filter=x\n")
    os.utime(root / "a.py", (1, 1))  # or Git would not look into it
    written(root, records)
    with pytest.raises(CodeStays, match=r"a\.py: it is not as it was committed, or the attribute filter=x changed it"):
        written(root, records, [file_patch(CodeFile("a.py", AFTER), [Edit("a.py", 0, 0, "# x\n", "")])])
    assert not (tmp_path / "ran").exists()


def test_what_git_keeps_with_other_line_ends_is_as_it_was_committed(root: Path) -> None:
    crlf = AFTER.replace(b"\n", b"\r\n")
    with _committed(root):
        (root / ".gitattributes").write_text("a.py text eol=crlf\n/my?app/größe.py -text\n")
    for path in PATHS:
        (root / path).write_bytes(BEFORE.replace(b"\n", b"\r\n"))
    changed = "it has changes that are not committed"
    assert unclean(root, PATHS) == dict.fromkeys(PATHS[1:], changed)
    git(root, "config", "core.autocrlf", "input")
    assert unclean(root, PATHS) == {PATHS[1]: changed}
    (root / "a.py").write_bytes(crlf)
    assert unclean(root, PATHS) == dict.fromkeys(PATHS[:2], changed)


def test_what_is_staged_and_not_committed_is_unclean(root: Path) -> None:
    with _committed(root):
        pass
    _append(root / "a.py")
    git(root, "add", ".")
    assert unclean(root, PATHS) == {"a.py": "it has changes that are not committed"}
    (root / "a.py").write_bytes(BEFORE)
    assert unclean(root, PATHS) == {"a.py": "it has changes that are not committed"}
    git(root, "update-index", "--assume-unchanged", PATHS[1])
    _append(root / PATHS[1])
    assert unclean(root, PATHS).keys() == set(PATHS[:2])


def test_what_is_in_an_ignored_folder_is_not_kept_by_git(root: Path) -> None:
    with _committed(root):
        (root / ".gitignore").write_text("deep/\n")
    assert unclean(root, PATHS) == {PATHS[2]: "Git does not keep it"}
    git(root, "add", "-f", PATHS[2])
    git(root, "commit", "-qm", "y")
    assert unclean(root, PATHS) == {}


def test_backups_do_not_lie_in_the_code(root: Path) -> None:
    with pytest.raises(CodeStays, match="set XDG_STATE_HOME elsewhere"):
        written(root, Records(root / ".local/state"))


def test_a_folder_of_backups_that_others_may_read_is_not_used(root: Path, records: Records) -> None:
    records.folder.mkdir(parents=True)
    records.folder.chmod(0o755)
    with pytest.raises(CodeStays, match="a folder of yours alone"):
        written(root, records)


def test_two_at_once_do_not_write(root: Path, records: Records) -> None:
    with Writer(root, records).alone(), pytest.raises(CodeStays, match="Another pgmend writes"):
        written(root, records)


def test_later_changes_elsewhere_outlive_the_undo(root: Path, records: Records) -> None:
    fix = written(root, records).record.fix_id
    (root / "a.py").write_bytes(b"# mine\n" + AFTER.replace(b"b = 2", b"b = 3"))
    undone(root, records, fix)
    assert (root / "a.py").read_bytes() == b"# mine\n" + BEFORE.replace(b"b = 2", b"b = 3")
    assert contents(root)[1:] == [BEFORE] * 2


def test_a_later_change_of_the_same_line_is_shown_and_nothing_undone(root: Path, records: Records) -> None:
    fix = written(root, records).record.fix_id
    changed = b"\n" + AFTER.replace(b"'new'", b"'newer'")
    (root / PATHS[1]).write_bytes(changed)
    with pytest.raises(CodeStays, match=r"my app/größe\.py:4 was changed since"):
        undone(root, records, fix)
    assert contents(root) == [AFTER, changed, AFTER]
    (root / PATHS[1]).write_bytes(AFTER)
    undone(root, records, fix)
    assert contents(root) == [BEFORE] * 3


@pytest.mark.parametrize(
    ("base", "now", "wanted", "expected"),
    [
        (b"a\nb\nc\n", b"a\nb\nc\nd\n", b"A\nb\nc\n", b"A\nb\nc\nd\n"),
        (b"a\nb\nc\n", b"x\na\nb\nc\n", b"a\nc\n", b"x\na\nc\n"),
        (b"a\nb\n", b"a\nb\n", b"a\nz\nb\n", b"a\nz\nb\n"),
        (b"a\nb\nc", b"a\nB\nc", b"a\nb\nC", b"a\nB\nC"),
        (b"a\nb\nc", b"a\nB\nc", b"a\nX\nc", None),
        (b"a\nb\nc", b"a\nc", b"a\nX\nc", None),
    ],
)
def test_merging(base: bytes, now: bytes, wanted: bytes, expected: bytes | None) -> None:
    if expected is None:
        with pytest.raises(Collision):
            merged(base, now, wanted)
    else:
        assert merged(base, now, wanted) == expected


def test_a_text_that_changed_in_too_many_like_lines_is_not_merged(root: Path, records: Records) -> None:
    def lines(*pattern: bytes) -> bytes:
        return b"".join(b"%s\n" % each for each in pattern * (6000 // len(pattern)))

    base, now = b"# 1\n" + lines(b"a", b"b"), b"# 2\n" + lines(b"a", b"a", b"b") + b"# end\n"
    with pytest.raises(TooDifferent):
        merged(base, now, b"# 3\n" + base)
    same = lines(b"a", b"b")
    assert merged(same + b"x\n" + same, same + b"x\n" + same + b"end\n", same + b"y\n" + same) == (
        same + b"y\n" + same + b"end\n"
    )
    fix = written(root, records).record.fix_id
    (root / "a.py").write_bytes(now)
    (records.folder / fix / "after.0").write_bytes(base)
    with pytest.raises(CodeStays, match=rf"a\.py was changed since in too many lines.*{fix}/before\.0"):
        undone(root, records, fix)
    assert (root / "a.py").read_bytes() == now


STRIDE = int(os.environ.get("PGMEND_TEST_STRIDE", "6"))
"""Every so many instants; `make code-deaths` dies at each."""
CALLS = ("open", "rename", "unlink", "fsync", "fchmod", "mkdir", "close")


def _die_at(number: int, work: Callable[[], None]) -> int:
    """Do the work in a child that is killed before its n-th call that may touch a file; how it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    seen = 0

    def counting(whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(*arguments, **options)

        return call

    try:
        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)


def test_death_at_any_instant_leaves_each_file_before_or_after_and_the_next_run_takes_back(
    root: Path, records: Records
) -> None:
    number, died = 0, 0
    while True:
        number += STRIDE
        ended = _die_at(number, lambda: written(root, records) and None)
        if os.WIFEXITED(ended):
            assert os.WEXITSTATUS(ended) == 0
            break
        died += 1
        assert set(contents(root)) <= {BEFORE, AFTER}
        with Writer(root, records).alone() as told:
            assert contents(root) in ([BEFORE] * 3, [AFTER] * 3)
            assert told == () or contents(root) == [BEFORE] * 3
        assert nothing_is_left(root)
        if contents(root) == [AFTER] * 3:  # it was applied before it died
            (done,) = [each for each in _all(records) if each.state == "applied"]
            undone(root, records, done.fix_id)
    assert died > 40 / STRIDE
    assert contents(root) == [AFTER] * 3


def test_death_during_an_undo_or_a_recovery_is_recovered_from(root: Path, records: Records) -> None:
    fix = written(root, records).record.fix_id
    ended, number = 9, 0
    while not os.WIFEXITED(ended):
        number += 2 * STRIDE - 1
        ended = _die_at(number, lambda: undone(root, records, fix) and None)
        assert set(contents(root)) <= {BEFORE, AFTER}
        if not os.WIFEXITED(ended):
            _die_at(number // 2, lambda: _recover(root, records))
            _recover(root, records)
        assert nothing_is_left(root)
        assert contents(root) in ([BEFORE] * 3, [AFTER] * 3)
        if records.find(fix).state == "undone":
            break
    assert contents(root) == [BEFORE] * 3


def _recover(root: Path, records: Records) -> None:
    with Writer(root, records).alone():
        pass


def test_what_was_edited_after_a_death_is_left_and_told_once(root: Path, records: Records) -> None:
    writer = Writer(root, records)
    with writer.alone():
        writer.write(all_patches(root), "x")  # and nobody says that it holds
    _append(root / "a.py")
    with writer.alone() as told:
        assert any("a.py was changed since" in each for each in told)
    assert contents(root) == [AFTER + b"# mine", BEFORE, BEFORE]
    with writer.alone() as told:
        assert told == ()


def _left(root: Path, records: Records) -> str:
    """Written by somebody who was killed before it was found right; its fix id."""
    writer = Writer(root, records)
    with writer.alone():
        return writer.write(all_patches(root), "x").record.fix_id


def test_what_was_committed_after_a_death_stays_and_can_be_undone(root: Path, records: Records) -> None:
    with _committed(root):
        pass
    fix = _left(root, records)
    git(root, "commit", "-qam", "y")
    assert recover(root, records) == (f"Fix {fix}, whose end nobody saw, was committed since, and stays: x.",)
    assert contents(root) == [AFTER] * 3
    assert nothing_but_git_is_left(root)
    assert recover(root, records) == ()
    undone(root, records, fix)
    assert contents(root) == [BEFORE] * 3


def test_what_was_committed_of_it_stays_and_the_rest_is_put_back(root: Path, records: Records) -> None:
    with _committed(root):
        pass
    fix = _left(root, records)
    git(root, "commit", "-qm", "y", "a.py")
    (root / PATHS[1]).write_bytes(BEFORE)
    _, *left = recover(root, records)
    assert left[0] == "a.py was committed since, and stays."
    assert contents(root) == [AFTER, BEFORE, BEFORE]
    assert records.find(fix).state == "stranded"


def test_what_is_not_committed_after_a_death_is_put_back(root: Path, records: Records) -> None:
    with _committed(root):
        pass
    fix = _left(root, records)
    git(root, "add", ".")
    assert recover(root, records) == (f"Fix {fix}, whose end nobody saw, was taken back: x.",)
    assert contents(root) == [BEFORE] * 3


def test_a_refused_undo_tells_what_it_put_back_first(root: Path, records: Records) -> None:
    fix = written(root, records, [patch(root, "a.py")]).record.fix_id
    writer = Writer(root, records)
    with writer.alone():
        dead = writer.write([patch(root, PATHS[1])], "y").record.fix_id
    (root / "a.py").write_bytes(AFTER.replace(b"'new'", b"'newer'"))
    with pytest.raises(CodeStays, match=rf"Fix {dead}, .* was taken back: y\. a\.py:3 was changed since"):
        undo(fix, records)
    assert (root / PATHS[1]).read_bytes() == BEFORE


def nothing_but_git_is_left(root: Path) -> bool:
    return sorted(each.name for each in root.iterdir()) == [".git", "a.py", "my app"]


def test_records_expire(root: Path, records: Records) -> None:
    writing = written(root, records)
    records.expire(timedelta(days=1))
    assert records.place(writing.record).is_dir()
    records.expire(timedelta(days=-1))
    records.expire(timedelta(days=-1))
    assert [each.name for each in records.place(writing.record).iterdir()] == ["record.json"]
    assert records.known(root)[0] == {"1"}
    with pytest.raises(CodeStays, match="is expired: there is nothing to undo"):
        Writer(root, records).undo(writing.record.fix_id)


def test_a_folder_of_state_that_cannot_be_made_is_told(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CodeStays, match="set XDG_STATE_HOME"):
        written(root, Records(tmp_path / "file" / "code"))


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    with pytest.raises(CodeStays, match="set XDG_STATE_HOME"):
        Records()


def _nobody(_: int) -> object:
    raise KeyError


def test_what_is_kept_is_known_by_its_name_alone(root: Path, records: Records) -> None:
    fix_id = written(root, records).record.fix_id
    assert records.has(fix_id)
    assert [records.has(each) for each in ("../code", "x", "00000000-0000-0000-0000-000000000000")] == [False] * 3
