"""Indexes that back no constraint: made as `kinds/create_index.py` makes them."""

from __future__ import annotations

from ...remedy import CreateIndex
from ..kinds.create_index import create_index
from ..plan import Plan
from .subject import Subject


async def restore_index(subject: Subject) -> Plan:
    """The index that is missing, built beside the writers."""
    remedy = CreateIndex(subject.table.oid, (), subject.name.name, subject.expected.definition)
    return subject.adopted(await create_index.plan(remedy, subject.site))
