"""The ids that people type: read strictly, so that a slip of the pen is told from an id that is gone."""

from __future__ import annotations

import re
from uuid import UUID

from ..errors import InvalidRequest

ISSUE_ID = r"[0-9a-f]{16}"


def parse_issue_id(text: str) -> str:
    """The id of an issue; raises InvalidRequest for what can be none."""
    if not re.fullmatch(ISSUE_ID, text):
        raise InvalidRequest(
            f"{_shown(text)} is no issue id: that is 16 hexadecimal digits, as `pgmend issues` shows them."
        )
    return text


def parse_fix_id(text: str | UUID) -> UUID:
    """The id of a fix; raises InvalidRequest for what can be none."""
    if isinstance(text, UUID):
        return text
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest(f"{_shown(text)} is no fix id: that is a uuid, as `pgmend history` shows them.") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 64 else text[:60] + "…")
