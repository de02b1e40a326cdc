"""The log: what it shows, and above all what it does not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pgmend.listener.journal import configure_journal, redact
from pgmend.listener.settings import Settings


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def journal(**settings: Any) -> io.StringIO:
    stream = io.StringIO()
    configure_journal(Settings(**settings), stream)
    return stream


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgresql://app:hunter2@db:5432/shop", "postgresql://app:***@db:5432/shop"),
        ("postgresql://app:p@ss/word@db/shop", "postgresql://app:***@db/shop"),
        ("host=db password=hunter2 dbname=shop", "host=db password=*** dbname=shop"),
        (r"host=db password='hun\'ter 2' dbname=shop", "host=db password=*** dbname=shop"),
        ("host=db PASSWORD = hunter2", "host=db PASSWORD = ***"),
        ("sslpassword=hunter2 x=1", "sslpassword=*** x=1"),
        ("postgresql://db/shop?user=a&password=hunter2", "postgresql://db/shop?user=a&password=***"),
        ("create role app password 'hun''ter2' login", "create role app password *** login"),
        ("alter role app password $x$hunter2$x$ login", "alter role app password *** login"),
        ("Authorization: Bearer abc.DEF-123", "Authorization: Bearer ***"),
        ("the password of app is unknown", "the password of app is unknown"),
        ("postgresql://db/shop is at fault", "postgresql://db/shop is at fault"),
    ],
)
def test_secret_is_taken_out_of_text(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_logged_whichever_way_it_comes(log_format: str) -> None:
    stream = journal(log_format=log_format)
    log = structlog.get_logger()
    log.info("connected to postgresql://u:hunter2@h/d", dsn="password=hunter2", token="hunter2")
    log.info("nested", parts=[{"api_token": "hunter2", "note": ("postgresql://u:hunter2@h/d",)}])
    try:
        int("password=hunter2")
    except ValueError:
        log.exception("failed")
        logging.getLogger("a.library").exception("failed with postgresql://u:%s@h", "hunter2")
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("***") >= 6


def test_text_log_has_one_line_for_each_event_whatever_its_words_hold() -> None:
    stream = journal()
    structlog.get_logger().info("table\nfake [info ] all is well", table="a\nb")
    (line,) = stream.getvalue().splitlines()
    assert r"table\nfake" in line
    assert r"'a\nb'" in line


def test_json_log_has_one_object_on_each_line() -> None:
    stream = journal(log_format="json")
    structlog.get_logger().info("fix applied", fix_id=7, table="public.übung")
    logging.getLogger("a.library").warning("odd\nthing")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["message"], first["level"], first["fix_id"], first["table"]) == (
        "fix applied",
        "info",
        7,
        "public.übung",
    )
    assert (second["message"], second["level"]) == ("odd\nthing", "warning")


def test_lines_under_the_level_are_left_out() -> None:
    stream = journal(log_level="warning")
    log = structlog.get_logger()
    log.info("chatter")
    log.warning("trouble")
    assert "chatter" not in stream.getvalue()
    assert "trouble" in stream.getvalue()
