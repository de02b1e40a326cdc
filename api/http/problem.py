"""`application/problem+json` (RFC 9457): what every refusal and failure looks like."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

from aiohttp import web
from pydantic import BaseModel, ConfigDict

CONTENT_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One wrong part of a request: where, and what is wrong with it. What was sent is not repeated."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class ProblemDocument(BaseModel):
    """The body of every answer from 400 on. `type` names the kind of problem, `instance` this one occurrence."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[FieldError, ...] | None = None


class Problem(Exception):
    """A request that is not answered as asked. `kind` is the last part of the document's `type`."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.instance = uuid4().urn

    def response(self) -> web.Response:
        """The answer to send."""
        document = ProblemDocument(
            type=f"urn:pgmend:problem:{self.kind}",
            title=self.kind.replace("-", " ").capitalize(),
            status=self.status.value,
            detail=self.detail,
            instance=self.instance,
            errors=self.errors,
        )
        return web.Response(
            status=self.status.value,
            body=document.model_dump_json(exclude_none=True).encode(),
            content_type=CONTENT_TYPE,
            headers=self.headers,
        )
