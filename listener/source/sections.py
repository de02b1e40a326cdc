"""Queries of a `.sql` file, each under a comment that is its name: `-- name: get_user^`, `-- get_user --`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .sqltext import Written

_HEADER: Final = re.compile(
    r"^[ \t]*--+[ \t]*(?P<said>:?name[ \t]*:?[ \t]+|:?name[ \t]*:)?:?(?P<name>[A-Za-z_][\w-]*)"
    r"(?:[\^!$#]|[ \t]:\w+|<!|\*!)*[ \t]*(?:--)?[ \t]*\r?$",
    re.MULTILINE,
)


def sections(text: str, file: str, name: str | None = None) -> Iterator[Written]:
    """The section of that name, or all of them. The place is in the `.sql` file."""
    headers = list(_HEADER.finditer(text))
    if any(each["said"] for each in headers):
        headers = [each for each in headers if each["said"]]  # the others are comments of one word
    if not headers:
        return
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        if name is not None and header["name"] != name:
            continue
        body = text[header.end() : following.start() if following else len(text)]
        start = header.end() + len(body) - len(body.lstrip())
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1)
        yield Written(body.strip(), line, column, exact=True, file=file)
