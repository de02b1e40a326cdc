"""Who runs the embedded server, and what he can reach."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from pgmend.listener.embedded.account import Account, unprivileged
from pgmend.listener.errors import EmbeddedServerError

STRANGER = Account("stranger", 54321, 54321)


def test_root_gives_way_to_an_existing_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    account = unprivileged()
    assert account.uid != 0
    assert pwd.getpwnam(account.name).pw_uid == account.uid


def test_a_plain_user_stays_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = pwd.getpwnam("daemon")
    monkeypatch.setattr(os, "geteuid", lambda: somebody.pw_uid)
    assert unprivileged().name == "daemon"


def test_user_id_without_an_account_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER.uid)
    with pytest.raises(EmbeddedServerError, match=r"user id 54321 has no account here.*/etc/passwd"):
        unprivileged()


def test_root_without_any_account_to_use_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_there(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", nobody_there)
    with pytest.raises(EmbeddedServerError, match="does not run as root"):
        unprivileged()


@pytest.mark.parametrize(
    ("folder", "program", "runs"),
    [
        (0o755, 0o755, True),
        (0o711, 0o755, True),
        (0o700, 0o755, False),
        (0o755, 0o750, False),
        (0o755, 0o644, False),
        (0o755, 0o711, False),
    ],
)
def test_another_account_runs_what_the_modes_allow(open_folder: Path, folder: int, program: int, runs: bool) -> None:
    path = open_folder / "program"
    path.touch()
    path.chmod(program)
    open_folder.chmod(folder)
    assert STRANGER.runs(path) is runs
