"""The desk: what people ask of pgmend, the same for the API, the command line and the dashboard."""

from ..connections import Connections, ConnectionSource
from .backups import Backup
from .check import Checked
from .ddl import ShownEvent
from .desk import Desk
from .fixes import FixDetail, FixFilter, ShownFix, ShownStep
from .issues import Cause, Ignored, IssueFilter, IssuePage, IssueStatus, IssueSummary, LatestFix, ShownIssue
from .page import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, Page
from .plans import Preview
from .scans import Scan
from .status import Status

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "MAX_OFFSET",
    "Backup",
    "Cause",
    "Checked",
    "ConnectionSource",
    "Connections",
    "Desk",
    "FixDetail",
    "FixFilter",
    "Ignored",
    "IssueFilter",
    "IssuePage",
    "IssueStatus",
    "IssueSummary",
    "LatestFix",
    "Page",
    "Preview",
    "Scan",
    "ShownEvent",
    "ShownFix",
    "ShownIssue",
    "ShownStep",
    "Status",
]
