"""The log: one line for each transition, as text for people or as JSON for machines, and no secret in either."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

from .settings import Settings

HIDDEN = "***"
_SECRET_NAMES = frozenset({"password", "passwd", "secret", "token", "authorization", "cookie"})
_SECRETS = (
    re.compile(r"(?P<kept>://[^\s:/@]*:)\S*(?P<end>@)"),
    re.compile(r"(?P<kept>password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|\S+)(?P<end>)", re.IGNORECASE),
    re.compile(
        r"(?P<kept>password\s+)(?:e?'(?:[^'\\]|\\.|'')*'|\$(\w*)\$.*?\$\2\$)(?P<end>)", re.IGNORECASE | re.DOTALL
    ),
    re.compile(r"(?P<kept>bearer\s+)[A-Za-z0-9._~+/=-]+(?P<end>)", re.IGNORECASE),
)
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127)} | {ord("\n"): "\\n", ord("\t"): "\\t"}


def configure_journal(settings: Settings, stream: TextIO | None = None) -> None:
    """Write what structlog and the standard library's loggers say to `stream` (standard error), as settings ask."""
    target: TextIO = sys.stderr if stream is None else stream
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*_gathering(), *_writing(settings.log_format, target)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_gathering(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_writing(settings.log_format, target),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries are heard when something is wrong; their ordinary chatter is not a transition of ours.
    root.setLevel(max(level, logging.WARNING))


def redact(text: str) -> str:
    """The text without passwords of DSNs and statements and without bearer tokens; rather too much goes than too
    little."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<kept>{HIDDEN}\g<end>", text)
    return text


def _gathering() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _writing(log_format: str, stream: TextIO) -> list[Processor]:
    # Tracebacks become text before they are searched for secrets, and never show local variables.
    searched: list[Processor] = [structlog.processors.format_exc_info, _hide_secrets]
    if log_format == "json":
        return [*searched, structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer(default=str)]
    renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, repr_native_str=True)
    return [*searched, _on_one_line, renderer]


def _hide_secrets(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in entry.items():
        entry[name] = HIDDEN if _is_secret(name) else _without_secrets(value)
    return entry


def _is_secret(name: str) -> bool:
    return name.lower() in _SECRET_NAMES or name.lower().endswith(("_password", "_token", "_secret"))


def _without_secrets(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {key: HIDDEN if _is_secret(str(key)) else _without_secrets(each) for key, each in items}
        case list() | tuple() | set() | frozenset():
            return [_without_secrets(each) for each in cast("list[object]", value)]
        case _:
            return redact(str(value))


def _on_one_line(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An event that somebody else's words are part of cannot pretend to be two."""
    entry["event"] = str(entry["event"]).translate(_CONTROL)
    return entry
