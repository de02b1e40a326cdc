"""ORPHANED_ROWS: rows whose key is not there."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.snapshot import Table
from ..errors import CouldNotLook
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..judging.docket import either
from ..judging.registry import Reads, rule
from ..judging.scene import NotCounted, Scene
from ..relations.measurement import Containment, Unmeasured, is_countable
from ..relations.relation import Link, link_of
from ..relations.weights import DECLARED
from ..relations.wording import columns_of, count, listed


@rule(
    "ORPHANED_ROWS",
    Severity.MEDIUM,
    Reads.CONSTRAINTS | Reads.RELATIONS | Reads.MEASUREMENTS,
    suspects=lambda docket: either(docket.related, docket.unvalidated),
)
def orphaned_rows(table: Table, scene: Scene) -> Iterator[Finding]:
    """Rows that break a foreign key never validated, or a relation believed without one."""
    unknown: list[CouldNotLook] = []
    for link, evidence in _links(table, scene).items():
        if not is_countable(link, scene.snapshot):
            unknown.append(NotCounted(f"Values of the types of {_names(table, link)} are not compared."))
            continue
        match scene.measurements.containment.get(link):
            case Containment() as found if found.outside:
                yield _finding(table, link, found, evidence, scene)
            case Unmeasured(reason):
                unknown.append(CouldNotLook(f"The rows of {_names(table, link)} were not counted: {reason}."))
            case None:
                unknown.append(NotCounted(f"The rows of {_names(table, link)} are not counted yet."))
            case _:
                pass
    if unknown:
        raise unknown[0]


def _links(table: Table, scene: Scene) -> dict[Link, tuple[Evidence, ...]]:
    links: dict[Link, tuple[Evidence, ...]] = {}
    for key in table.constraints:
        if key.kind == "f" and not key.validated and key.enforced and not key.parent:
            link = link_of(table.oid, key.columns, key.referenced_table, key.referenced_columns)
            links[link] = (Evidence("foreign_key", DECLARED, f"The foreign key {key.name} was never validated."),)
    for relation in scene.relations.inferred(table.oid):
        if relation.believed:
            links[relation.link] = relation.evidence
    return links


def _finding(table: Table, link: Link, found: Containment, evidence: tuple[Evidence, ...], scene: Scene) -> Finding:
    parent = scene.snapshot.tables.get(link.key.table)
    key = columns_of(parent, link.key.columns) if parent is not None else "a key that is not there"
    names = _names(table, link)
    return Finding(
        table.oid,
        current_state=f"{_figures(found)} of {table.qualified_name} have a value in {names} that is not in {key}.",
        expected_state=f"Every value of {names} is in {key}.",
        columns=link.columns,
        evidence=(*evidence, *_examples(found)),
    )


def _figures(found: Containment) -> str:
    if found.exact:
        return f"{found.outside:,} of {count(found.rows, 'row')}"
    return f"At least {found.outside:,} of the {count(found.rows, 'row')} sampled"


def _examples(found: Containment) -> Iterator[Evidence]:
    if found.examples:
        more = " among others" if found.outside > len(found.examples) else ""
        yield Evidence("rows", DECLARED, f"Without a key: {listed(found.examples)}{more}.")
    if found.uncastable:
        yield Evidence("rows", DECLARED, f"{found.uncastable:,} of them cannot even be written in the key's type.")


def _names(table: Table, link: Link) -> str:
    return ", ".join(table.names(link.columns))
