"""What an issue was called before its table, a column or an index got another name: a rename opens nothing new."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog.change import Change, ChangeKind
from ..catalog.snapshot import Table
from ..issue import Issue, column_list, issue_id

_PARTS = frozenset({ChangeKind.INDEX_RENAMED, ChangeKind.CONSTRAINT_RENAMED})


def former_id(issue: Issue, table: Table, changes: Iterable[Change]) -> str:
    """The id that the issue had before those changes; the same where none of them renamed what it is called after."""
    schema, name, object_name = issue.schema, issue.table, issue.object_name
    columns = {column.number: column.name for column in table.columns}
    for change in changes:
        if change.table_oid != issue.table_oid or change.before is None or change.after is None:
            continue
        if change.kind is ChangeKind.TABLE_RENAMED:
            schema, name = change.before["schema"], change.before["name"]
        elif change.kind is ChangeKind.COLUMN_RENAMED:
            columns[change.number] = change.before["name"]
        elif change.kind in _PARTS and change.after["name"] == issue.object_name:
            object_name = change.before["name"]
    if not issue.columns:
        column = issue.column
    else:
        column = column_list(columns.get(number, "(expression)") for number in issue.columns)
    return issue_id(issue.issue_type, schema, name, column, object_name)
