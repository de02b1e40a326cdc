"""What an issue was called before its table, a column or an index got another name: a rename opens nothing new."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog.change import Change, ChangeKind
from ..catalog.snapshot import DATABASE, Snapshot
from ..catalog.surroundings import Place
from ..issue import Issue, column_list, issue_id

_PARTS = frozenset(
    {
        ChangeKind.INDEX_RENAMED,
        ChangeKind.CONSTRAINT_RENAMED,
        ChangeKind.TRIGGER_RENAMED,
        ChangeKind.POLICY_RENAMED,
    }
)
_AROUND = frozenset({ChangeKind.VIEW_RENAMED, ChangeKind.ROUTINE_RENAMED, ChangeKind.SCHEMA_RENAMED})


def former_id(issue: Issue, snapshot: Snapshot, changes: Iterable[Change]) -> str:
    """The id that the issue had before those changes; the same where none of them renamed what it is called after."""
    if issue.table_oid == DATABASE:
        return _former_id_around(issue, changes)
    table = snapshot.tables[issue.table_oid]
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


def _former_id_around(issue: Issue, changes: Iterable[Change]) -> str:
    place = issue.place
    for change in changes:
        if change.kind in _AROUND and change.place == place and change.before is not None:
            place = Place(*change.before["place"])
            break
    return issue_id(issue.issue_type, place.schema, place.name, issue.column, place.part)
