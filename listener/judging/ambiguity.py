"""What relation rules say where the evidence does not decide."""

from __future__ import annotations

from ..catalog.snapshot import Table
from ..evidence import Evidence
from ..issue import Finding, Severity
from ..relations.measurement import Unmeasured
from ..relations.relation import Link, Relation
from ..relations.weights import BELIEVED
from ..relations.wording import columns_of, listed
from .scene import NotCounted, Scene


def ambiguous(table: Table, relation: Relation, scene: Scene) -> Finding:
    """The columns mean one of several keys: reported with all the evidence, and never acted upon."""
    names = ", ".join(table.names(relation.link.columns))
    links = sorted((relation.link, *relation.rivals), key=lambda link: (link.key.table, link.key.columns, link.columns))
    keys = [_key(link, scene) for link in links]
    return Finding(
        table.oid,
        current_state=f"{names} may mean {listed(keys, 'or')}; no foreign key says which.",
        expected_state=f"A foreign key says what {names} means.",
        columns=relation.link.columns,
        evidence=tuple(_of_all(table, links, scene)),
        severity=Severity.LOW,
        doubt=f"the evidence does not decide between {listed(keys)}",
    )


def undecided(table: Table, scene: Scene, *, fits: bool) -> None:
    """Raise NotCounted where a candidate that is not believed could be, once its values are counted."""
    for relation in scene.relations.inferred(table.oid):
        if relation.fits is fits and not relation.believed and not relation.rivals and relation.at_best >= BELIEVED:
            found = scene.measurements.containment.get(relation.link)
            if found is None or isinstance(found, Unmeasured):
                names = ", ".join(table.names(relation.link.columns))
                reason = "not counted yet" if found is None else found.reason
                raise NotCounted(f"Whether {names} means {_key(relation.link, scene)}: {reason}.")


def _key(link: Link, scene: Scene) -> str:
    return columns_of(scene.snapshot.tables[link.key.table], link.key.columns)


def _of_all(table: Table, links: list[Link], scene: Scene) -> list[Evidence]:
    by_link = {relation.link: relation for relation in scene.relations.inferred(table.oid)}
    return list(dict.fromkeys(evidence for link in links for evidence in by_link[link].evidence))
