"""Whatever is wrong with a request: what is answered, and that nothing was done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.integration.http.conftest import OPERATOR, VIEWER, Answer, Api
from tests.support.database import Database

ISSUE, FIX, HASH = "0123456789abcdef", "8f14e45f-ceea-467f-a0e6-0123456789ab", "a" * 64
IGNORE, PREVIEW = f"/issues/{ISSUE}/ignore", "/preview-fix"
INVALID, MEDIA = "invalid-request", "unsupported-media-type"
JSON = {"Content-Type": "application/json"}
UNTYPED = {"data": b"{}", "skip_auto_headers": ["Content-Type"]}


@dataclass(frozen=True)
class Case:
    """A request, the status and kind of its problem, and what the detail says."""

    name: str
    status: int
    kind: str
    method: str = "POST"
    path: str = "/pause"
    says: str = ""
    options: dict[str, Any] = field(default_factory=lambda: {"json": {"reason": "why not"}})


def headers(**values: str | None) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return {"json": {"reason": "why not"}, "headers": named}


def data(content: bytes | str, **more: str) -> dict[str, Any]:
    return {"data": content, "headers": {**JSON, **{name.replace("_", "-"): value for name, value in more.items()}}}


def body(**fields: object) -> dict[str, Any]:
    return {"json": fields}


CASES = [
    Case("no token", 401, "unauthorized", options=headers(Authorization=None)),
    Case("wrong token", 401, "unauthorized", options=headers(Authorization="Bearer wrong-wrong-wrong-wrong")),
    Case("empty token", 401, "unauthorized", options=headers(Authorization="Bearer ")),
    Case("no scheme", 401, "unauthorized", options=headers(Authorization=OPERATOR)),
    Case("other scheme", 401, "unauthorized", options=headers(Authorization=f"Basic {OPERATOR}")),
    Case("token and a half", 401, "unauthorized", options=headers(Authorization=f"Bearer {OPERATOR} x")),
    Case("unknown path without a token", 401, "unauthorized", "GET", "/no", options=headers(Authorization=None)),
    Case("viewer acts", 403, "forbidden", options=headers(Authorization=f"Bearer {VIEWER}")),
    Case("viewer deletes", 403, "forbidden", "DELETE", options=headers(Authorization=f"Bearer {VIEWER}")),
    Case("token in the address", 400, "token-in-address", "GET", f"/status?token={OPERATOR}", options={}),
    Case("token in the address of a POST", 400, "token-in-address", path=f"/pause?access_token={OPERATOR}"),
    Case("another host", 421, "unknown-host", options=headers(Host="evil.example")),
    Case("host that begins well", 421, "unknown-host", options=headers(Host="localhost.evil.example:8085")),
    Case("no such path", 404, "not-found", "GET", "/no", options={}),
    Case("outside the prefix", 404, "not-found", "GET", "/../no", options={}),
    Case("path with a slash more", 404, "not-found", "GET", "/status/", options={}),
    Case("no such method", 405, "method-not-allowed", "DELETE", "/issues", options={}),
    Case("GET of what acts", 405, "method-not-allowed", "GET", options={}),
    Case("POST of what shows", 405, "method-not-allowed", path="/status"),
    Case("no content type", 415, MEDIA, options=UNTYPED),
    Case("a form", 415, MEDIA, options={"data": {"reason": "why not"}}),
    Case("text", 415, MEDIA, options=data("{}", Content_Type="text/plain")),
    Case("other charset", 415, MEDIA, options=data("{}", Content_Type="application/json; charset=utf-16")),
    Case("compressed", 415, MEDIA, options=data(b"{}", Content_Encoding="gzip")),
    Case("too large", 413, "body-too-large", options=body(reason="x" * 70_000), says="64 KiB"),
    Case("no JSON", 400, "malformed-json", options=data("reason=why")),
    Case("half of JSON", 400, "malformed-json", options=data('{"reason": ')),
    Case("not UTF-8", 400, "malformed-json", options=data(b'{"reason": "\xff"}')),
    Case("half a character", 400, "malformed-json", options=data('{"reason": "\\ud800"}')),
    Case("NaN", 400, "malformed-json", options=data('{"reason": NaN}')),
    Case("deep nesting", 400, "malformed-json", options=data("[" * 60_000)),
    Case("a list", 422, INVALID, options=data("[]"), says="no object"),
    Case("a word", 422, INVALID, options=data('"reason"'), says="no object"),
    Case("empty", 422, INVALID, options=data(""), says="reason: Field required"),
    Case("field missing", 422, INVALID, options=body(), says="reason: Field required"),
    Case("unknown field", 422, INVALID, options=body(reason="x", sql="drop"), says="sql: There is no such field"),
    Case("field for nothing", 422, INVALID, path="/resume", options=body(force=True), says="force"),
    Case("NUL", 422, INVALID, options=body(reason="a\0b"), says="reason: It holds a NUL"),
    Case("NUL in a name", 422, INVALID, options=data('{"a\\u0000": 1}'), says=r"a\\x00: It holds a NUL"),
    Case("NUL deep inside", 422, INVALID, options=data('{"reason": [{"a": "\\u0000"}]}'), says="NUL"),
    Case("number for text", 422, INVALID, options=body(reason=7), says="reason: Input should be a valid string"),
    Case("blank reason", 422, INVALID, options=body(reason="  "), says="reason"),
    Case("very long reason", 422, INVALID, options=body(reason="x" * 3_000), says="reason"),
    Case("time without zone", 422, INVALID, options=body(reason="x", until="2030-01-01T00:00:00"), says="until"),
    Case("time that is over", 422, INVALID, options=body(reason="x", until="2001-01-01T00:00:00Z"), says="is over"),
    Case("time far off", 422, INVALID, options=body(reason="x", until="99999-01-01T00:00:00Z"), says="until"),
    Case("time beyond all", 422, INVALID, options=body(reason="x", until="9999-12-31T23:59:59-14:00"), says="until"),
    Case("query on a POST", 400, "unexpected-query", path="/pause?reason=x"),
    Case("issue id that is none", 422, INVALID, "GET", "/issues/orders", "issue_id", {}),
    Case("issue id with NUL", 422, INVALID, "GET", "/issues/0123456789abcde%00", "issue_id: It holds a NUL", {}),
    Case("issue id not UTF-8", 422, INVALID, "GET", "/issues/%ff%fe", "issue_id", {}),
    Case("issue id with SQL", 422, INVALID, "GET", "/issues/1'%20or%20true", "issue_id", {}),
    Case("unknown issue", 404, "not-found", "GET", f"/issues/{ISSUE}", f"There is no issue {ISSUE}", {}),
    Case("unknown issue ignored", 404, "not-found", path=IGNORE, says=ISSUE),
    Case("id twice", 422, INVALID, path=IGNORE, options=body(reason="x", issue_id=ISSUE), says="path"),
    Case("unknown issue previewed", 404, "not-found", path=PREVIEW, options=body(issue_id=ISSUE), says=ISSUE),
    Case("previewed id that is none", 422, INVALID, path=PREVIEW, options=body(issue_id="x"), says="issue_id"),
    Case("unknown issue approved", 404, "not-found", path="/fix", options=body(issue_id=ISSUE, plan_hash=HASH)),
    Case("hash that is none", 422, INVALID, path="/fix", options=body(issue_id=ISSUE, plan_hash="x"), says="plan_hash"),
    Case("approval without a hash", 422, INVALID, path="/fix", options=body(issue_id=ISSUE), says="plan_hash"),
    Case("fix id that is none", 422, INVALID, "GET", "/fixes/7", "fix_id", {}),
    Case("unknown fix", 404, "not-found", "GET", f"/fixes/{FIX}", FIX, {}),
    Case("unknown fix undone", 404, "not-found", path=f"/fixes/{FIX}/rollback", options=body(), says=FIX),
    Case("limit too small", 422, INVALID, "GET", "/issues?limit=0", "limit", {}),
    Case("limit too large", 422, INVALID, "GET", "/ddl?limit=501", "limit", {}),
    Case("offset negative", 422, INVALID, "GET", "/scans?offset=-1", "offset", {}),
    Case("offset no number", 422, INVALID, "GET", "/backups?offset=x", "offset", {}),
    Case("offset huge", 422, INVALID, "GET", f"/fixes?offset={10**30}", "offset", {}),
    Case("unknown parameter", 422, INVALID, "GET", "/issues?order=table", "order: There is no such field", {}),
    Case("parameter twice", 422, INVALID, "GET", "/issues?limit=1&limit=2", "twice", {}),
    Case("unknown severity", 422, INVALID, "GET", "/issues?severity=fatal", "severity", {}),
    Case("unknown status", 422, INVALID, "GET", "/issues?status=gone", "status", {}),
    Case("NUL in a parameter", 422, INVALID, "GET", "/issues?table=a%00b", "table: It holds a NUL", {}),
    Case("check with nobody to do it", 503, "could-not-look", path="/check", options=body(), says="No listener leads"),
]  # fmt: skip


def assert_problem(answer: Answer, status: int, kind: str) -> None:
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.body["type"] == f"urn:pgmend:problem:{kind}"
    assert answer.body["status"] == status
    assert answer.body["title"]
    assert answer.body["detail"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", answer.body["instance"])


async def test_wrong_request_is_told_what_is_wrong_and_does_nothing(api: Api, installed: Database) -> None:
    for case in CASES:
        answer = await api.ask(case.method, case.path, **case.options)
        where = f"{case.name}: {answer.text}"
        assert (answer.status, answer.body and answer.body.get("type")) == (
            case.status,
            f"urn:pgmend:problem:{case.kind}",
        ), where
        assert_problem(answer, case.status, case.kind)
        assert re.search(case.says, answer.body["detail"]), where
        for secret in (OPERATOR, VIEWER, "Traceback", "psycopg", "xxxxxxxxxx"):
            assert secret not in answer.text, where
    assert installed.value("select paused from pgmend.policy") is False
    assert installed.value("select count(*) from pgmend.audit where action <> 'instance.adopt'") == 0


async def test_refusals_carry_the_headers_that_their_status_asks_for(api: Api, viewer: Api) -> None:
    missing = await api.get("/status", headers={"Authorization": None})
    wrong = await api.get("/status", headers={"Authorization": "Bearer wrong-wrong-wrong"})
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="pgmend"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="pgmend", error="invalid_token"'
    assert (await api.ask("PUT", "/pause")).headers["Allow"] == "POST"
    assert (await api.ask("PUT", "/issues")).headers["Allow"] == "GET,HEAD"
    assert (await api.post("/check")).headers["Retry-After"] == "5"


async def test_wrong_fields_are_listed_one_by_one(api: Api) -> None:
    answer = await api.post("/fix", {"issue_id": "x", "plan_hash": "y", "sql": "z"})
    assert [error["field"] for error in answer.body["errors"]] == ["issue_id", "plan_hash", "sql"]


async def test_every_path_but_health_asks_for_a_token(api: Api) -> None:
    nobody: dict[str, Any] = {"headers": {"Authorization": None}}
    for path in ("/status", "/issues", f"/issues/{ISSUE}", "/fixes", f"/fixes/{FIX}", "/ddl", "/scans", "/backups"):
        assert (await api.get(path, **nobody)).status == 401, path
    for path in ("/check", "/preview-fix", "/fix", "/start", "/stop", "/pause", "/resume", f"/fixes/{FIX}/rollback"):
        assert (await api.post(path, **nobody)).status == 401, path
    for path in ("/", "/docs", "/healthz/", "/healthz/x", "/readyz/../status"):
        assert (await api.get(path, prefix="", **nobody)).status == 401, path


async def test_viewer_may_not_act(viewer: Api, installed: Database) -> None:
    for path in ("/check", "/preview-fix", "/fix", "/start", "/stop", "/pause", "/resume", f"/fixes/{FIX}/rollback"):
        assert_problem(await viewer.post(path, {"reason": "x"}), 403, "forbidden")
    assert installed.value("select automatic and not paused from pgmend.policy")
