"""docker-compose.yml on a Docker engine. Skipped aloud where none answers, or where images cannot be had."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest

from tests.support.eventually import eventually
from tests.support.origin import why_no_engine
from tests.support.process import Finished, Processes

ROOT = Path(__file__).parents[2]
STATUS = "/api/database-health/status"
SECRETS = {
    "POSTGRES_PASSWORD": "it's $a pass:word@",
    "PGMEND_OPERATOR_TOKEN": "operator-token-of-the-tests",
}
# Names and a port of its own, so that a stack which is up is not touched; and no minute of waiting.
APART = """
services:
  install:
    image: {project}
  pgmend:
    image: {project}
    environment:
      PGMEND_SETTLE_TIME: 1s
    ports: !override ["127.0.0.1::8085"]
"""
APPLICATION = """
create table users (id bigint primary key);
create table sessions (id bigint primary key, user_id bigint not null references users);
create index on sessions (user_id);
insert into users select generate_series(1, 50);
insert into sessions select n, n from generate_series(1, 50) n;
"""
ACCIDENT = """
begin;
alter table sessions drop constraint sessions_user_id_fkey;
alter table sessions alter user_id type text;
commit;
"""
CALL = """
import os, sys, urllib.request
question = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + os.environ["TOKEN"]})
print("answered", urllib.request.urlopen(question).status)
"""


class Stack:
    """The services of docker-compose.yml under a project name of their own."""

    def __init__(self, project: str, apart: Path) -> None:
        files = ("-f", ROOT / "docker-compose.yml", "-f", apart)
        self.project = project
        self._processes = Processes(("docker", "compose", "--env-file", "/dev/null", "-p", project, *files))

    async def compose(self, *arguments: str, seconds: float = 60.0) -> Finished:
        """What `docker compose` says to that, if it succeeds."""
        finished = await self.attempt(*arguments, seconds=seconds)
        assert finished.code == 0, finished.stdout + finished.stderr
        return finished

    async def attempt(self, *arguments: str, seconds: float = 60.0) -> Finished:
        """What `docker compose` says to that."""
        return await self._processes.run(*arguments, env=SECRETS, seconds=seconds)

    async def psql(self, statements: str) -> str:
        """What psql prints, in the container of the database."""
        words = ("psql", "-X", "-U", "app", "-d", "app", "-At", "-v", "ON_ERROR_STOP=1", "-c", statements)
        return (await self.compose("exec", "-T", "db", *words)).stdout

    async def state(self, service: str) -> dict[str, Any]:
        """How a container is, or how it ended."""
        return json.loads((await self.compose("ps", "--all", "--format", "json", service)).stdout)

    async def get(self, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
        """The answer through the published port."""
        host, _, port = (await self.compose("port", "pgmend", "8085")).stdout.strip().rpartition(":")
        assert host == "127.0.0.1"
        with closing(HTTPConnection(host, int(port), timeout=10)) as connection:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    async def close(self) -> None:
        """Leave no container, network, volume or image."""
        await self.compose("down", "--volumes", "--remove-orphans")
        with closing(docker.from_env()) as engine:
            for image in engine.images.list(name=self.project):
                engine.images.remove(image.id, force=True)


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """The stack, not yet up."""
    if reason := why_no_compose() or why_no_engine() or why_no_images():
        pytest.skip(f"docker-compose.yml cannot be tried here: {reason}")
    project = f"pgmend-test-{uuid4().hex[:8]}"
    apart = tmp_path / "apart.yml"
    apart.write_text(APART.format(project=project))
    stack = Stack(project, apart)
    try:
        yield stack
    finally:
        await stack.close()


def why_no_compose() -> str | None:
    """Why there is no `docker compose`, else None."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else f"docker compose: {asked.stderr.strip().splitlines()[0]}"


def why_no_images() -> str | None:
    """Why an image that we build on is neither here nor can be pulled, else None."""
    named = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    named += re.findall(r"^ +image: (postgres\S+)", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
    assert len(named) == 3
    with closing(docker.from_env()) as engine:
        for image in sorted(set(named)):
            try:
                engine.images.get(image)
            except docker.errors.ImageNotFound:
                try:
                    engine.images.pull(image)
                except docker.errors.APIError as error:
                    return f"{image}: {error}"
    return None


@pytest.mark.timeout(900)
async def test_a_stack_comes_up_heals_and_goes_down(stack: Stack) -> None:
    token = SECRETS["PGMEND_OPERATOR_TOKEN"]
    await stack.compose("up", "--build", "--wait", seconds=600)
    assert (await stack.state("install"))["ExitCode"] == 0
    assert (await stack.state("db"))["Health"] == (await stack.state("pgmend"))["Health"] == "healthy"

    code, status = await stack.get(STATUS, token)
    assert (code, status["status"], status["detection"]) == (200, "running", "events")
    assert status["leader"]
    assert (await stack.get(STATUS, None))[0] == 401
    await _serves_other_services(stack, token)
    await _is_confined(stack)
    _image_holds_no_secret(stack)

    await stack.psql(APPLICATION)
    await eventually(partial(_is, stack, "select count(*) from pgmend.seen_table where table_name = 'sessions'", "1"))
    await stack.psql(ACCIDENT)
    type_of_column = "select atttypid::regtype from pg_attribute where attrelid = 'sessions'::regclass and attnum = 2"
    assert await _is(stack, type_of_column, "text")
    await eventually(partial(_is, stack, type_of_column, "bigint"), 60)
    history = "select distinct state from pgmend.fix_history where automatic"
    await eventually(partial(_is, stack, history, "applied"))

    await stack.compose("restart", "db")
    await eventually(partial(_is, stack, "select acquired_at > pg_postmaster_start_time() from pgmend.lease", "t"), 60)
    await eventually(partial(_answers, stack, token), 60)

    logs = (await stack.compose("logs", "pgmend")).stdout
    assert "watching" in logs
    assert "Traceback" not in logs
    assert not any(secret in logs for secret in SECRETS.values())

    await stack.compose("stop", "pgmend")
    assert (await stack.state("pgmend"))["ExitCode"] == 0
    assert await stack.psql("select count(*) from pgmend.status where leader is not null") == "0"
    await stack.compose("down")


@pytest.mark.timeout(900)
async def test_a_container_stops_at_once_however_early(stack: Stack) -> None:
    await stack.compose("build", seconds=600)
    await stack.compose("run", "--rm", "-T", "install", seconds=120)
    await stack.compose("up", "--detach", "--no-deps", "pgmend")
    await stack.compose("stop", "pgmend")
    assert (await stack.state("pgmend"))["ExitCode"] in (0, 143), "killed when its patience was over"


@pytest.mark.parametrize("missing", SECRETS)
async def test_no_secret_has_a_default(missing: str) -> None:
    if reason := why_no_compose():
        pytest.skip(f"docker-compose.yml cannot be tried here: {reason}")
    compose = Processes(("docker", "compose", "--env-file", "/dev/null", "-f", ROOT / "docker-compose.yml"))
    complete = await compose.run("config", "--quiet", env=SECRETS)
    assert complete.code == 0, complete.stderr
    refused = await compose.run("config", "--quiet", env={**SECRETS, missing: ""})
    assert refused.code != 0
    assert f"required variable {missing} is missing" in refused.stderr


async def _serves_other_services(stack: Stack, token: str) -> None:
    run = ("run", "--rm", "--no-deps", "-T", "-e", f"TOKEN={token}", "--entrypoint", "python", "install", "-c", CALL)
    assert "answered 200" in (await stack.compose(*run, f"http://pgmend:8085{STATUS}")).stdout


async def _is_confined(stack: Stack) -> None:
    for folder in ("/", "/tmp", "/opt/pgmend"):
        write = await stack.attempt("exec", "-T", "pgmend", "touch", f"{folder}/written")
        assert "Read-only file system" in write.stdout + write.stderr
    process = (await stack.compose("exec", "-T", "pgmend", "cat", "/proc/self/status")).stdout
    assert re.search(r"^Uid:\t10001\t10001", process, re.MULTILINE)
    assert re.search(r"^CapBnd:\t0+$", process, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", process, re.MULTILINE)
    token = await stack.attempt("run", "--rm", "--no-deps", "-T", "--entrypoint", "env", "install")
    assert "PGMEND_OPERATOR_TOKEN" not in token.stdout


def _image_holds_no_secret(stack: Stack) -> None:
    with closing(docker.from_env()) as engine:
        image = engine.images.get(stack.project)
        told = json.dumps([image.attrs, image.history()])
    assert image.attrs["Config"]["User"] == "10001:10001"
    assert not any(secret in told for secret in SECRETS.values())


async def _is(stack: Stack, query: str, expected: str) -> bool:
    return await stack.psql(query) == expected


async def _answers(stack: Stack, token: str) -> bool:
    code, _ = await stack.get(STATUS, token)
    return code == 200 and (await stack.state("pgmend"))["Health"] == "healthy"
