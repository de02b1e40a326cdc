"""Something wrong with the schema, and why we believe it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from .catalog.snapshot import DATABASE, AttributeNumber, Oid
from .catalog.surroundings import Place
from .evidence import Evidence
from .remedy import Remedy
from .source.site import CodeSite


class Severity(StrEnum):
    """How bad, worst first."""

    CRITICAL = "critical"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule yields: an issue before it has a name, a severity in context, and a history.

    `object_name` tells apart several findings of one type on the same columns (an index's or constraint's name).
    One on DATABASE names its `place`, of which the names of table and object are taken then.
    `event_id` is the event that it is about; of most findings others tell which opened them.
    `untold` is what the states keep back and what yet belongs to the definition; nothing stores it.
    `severity` None takes the rule's. `doubt` says why no remedy may be acted upon alone (ambiguity, unmeasured data).
    """

    table: Oid
    current_state: str
    expected_state: str
    columns: tuple[AttributeNumber, ...] = ()
    object_name: str = ""
    evidence: tuple[Evidence, ...] = ()
    remedy: Remedy | None = None
    severity: Severity | None = None
    doubt: str | None = None
    place: Place | None = None
    event_id: str | None = None
    untold: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A finding with its stable name. `issue_id` depends on type and names alone, `definition_hash` on content.

    `event_id` is the event that opened it; `backlog` says that it was there when pgmend was installed. `columns` are
    the numbers behind the names in `column`; the store does not keep them. Where `table_oid` is DATABASE, `table` is
    the name of a view or routine, or empty: then the issue is about the schema. One in code has a `site`.
    """

    issue_id: str
    issue_type: str
    severity: Severity
    schema: str
    table: str
    column: str
    object_name: str
    table_oid: Oid
    current_state: str
    expected_state: str
    evidence: tuple[Evidence, ...] = ()
    remedy: Remedy | None = None
    doubt: str | None = None
    backlog: bool = False
    event_id: str | None = None
    definition_hash: str = field(default="")
    columns: tuple[AttributeNumber, ...] = field(default=(), compare=False)
    site: CodeSite | None = None

    @property
    def where(self) -> str:
        """`schema.table` or `schema` for people."""
        return qualified(self.schema, self.table)

    @property
    def tables(self) -> tuple[Oid, ...]:
        """The table that it is about, and those that its remedy is; none for an issue of the database."""
        own = () if self.table_oid == DATABASE else (self.table_oid,)
        return tuple(dict.fromkeys((*own, *(self.remedy.tables if self.remedy else ()))))

    @property
    def place(self) -> Place:
        """What it is about, without the column."""
        return Place(self.schema, self.table, self.object_name)


def qualified(schema: str, name: str) -> str:
    """The names of a thing in a schema, or of the schema itself (`name` is empty), as people say it."""
    return f"{schema}.{name}" if name else schema


def column_list(names: Iterable[str]) -> str:
    """Names as `Issue.column` holds them; one that could be taken for two is quoted."""
    return ", ".join('"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name for name in names)


def issue_id(issue_type: str, schema: str, table: str, column: str, object_name: str) -> str:
    """The name under which people, files and other databases know this issue: 16 hex digits, the same everywhere."""
    text = "\x1f".join((issue_type, schema, table, column, object_name))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def definition_hash(current_state: str, expected_state: str, untold: str = "") -> str:
    """Changes when what is wrong changes; an ignored issue comes back then."""
    text = "\x1f".join((current_state, expected_state, *([untold] if untold else [])))
    return blake2b(text.encode(), digest_size=8).hexdigest()
