"""How well relations of real schemas are inferred: precision and recall, for each half of the labelled corpus.

The schemas that the weights were chosen from come first; those held back are scored here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab.relations.labels import Half, labelled_schemas
from tests.lab.relations.trial import Said, Score, Trial

from .figure import Figure, Goal
from .ground import Ground

_PRECISION = Goal(now=0.98, final=0.98, at_least=True)
_RECALL = Goal(now=0.8, final=0.8, at_least=True)


def measure(place: Ground) -> list[Figure]:
    """The figures of both halves; raises Unavailable where a schema cannot be fetched."""
    return [figure for half in Half for figure in _figures(half, place)]


def _figures(half: Half, place: Ground) -> Iterator[Figure]:
    forgotten: list[Said] = []
    bare: list[Said] = []
    schemas = [schema for schema in labelled_schemas() if schema.half is half]
    for schema in schemas:
        with place.server.database() as database:
            trial = Trial(schema, database)
            forgotten += trial.one_forgotten()
            bare += trial.nothing_declared()
    subject = f"{len(schemas)} schemas, {half.replace('_', ' ')}"
    score, without = Score.of(forgotten), Score.of(bare)
    by_hand = Score.of(each for each in score.true if each.by_hand)
    declared = Score.of(each for each in score.true if not each.by_hand)
    alone = sum(each.alone for each in forgotten)

    def share(name: str, value: float, remark: str, goal: Goal | None = None) -> Figure:
        return Figure(subject, name, value, "", goal, remark)

    yield share("precision, alone", score.precision(alone=True), f"{alone} that may be acted on alone", _PRECISION)
    yield share("precision, all", score.precision(), f"{len(score.wrong)} wrong")
    yield share("recall", score.recall(), f"{len(score.true)} true, one forgotten at a time", _RECALL)
    each_alone = [Score.of(each for each in forgotten if each.schema == schema.name).recall() for schema in schemas]
    yield share("recall, mean", sum(each_alone) / len(each_alone), "of the schemas, large and small alike")
    yield share("recall, declared", declared.recall(), f"{len(declared.true)} that the authors declared")
    yield share("recall, by hand", by_hand.recall(), f"{len(by_hand.true)} that a person labelled")
    yield share("precision, bare", without.precision(), "without one foreign key")
    yield share("recall, bare", without.recall(), "without one foreign key")
