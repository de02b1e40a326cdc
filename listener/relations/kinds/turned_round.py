"""Turned round: a foreign key of the key's table refers to these very columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..relation import link_of
from ..weights import TURNED_ROUND
from ..wording import columns_of


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    link = candidate.link
    for each in candidate.key_table.foreign_keys:
        if each.referenced_table == link.table:
            back = link_of(link.table, each.referenced_columns, candidate.key_table.oid, each.columns)
            if back == link:
                key = columns_of(candidate.key_table, link.key.columns)
                yield Evidence("turned_round", TURNED_ROUND, f"{key} refers to it by the foreign key {each.name}.")
                return


KIND = Kind("turned_round", _weigh)
