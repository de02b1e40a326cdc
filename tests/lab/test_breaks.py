"""Each break breaks what it says: without pgmend, what remains differs, and only there."""

from __future__ import annotations

import pytest
from pgmend.api.demo.deed import do

from tests.support.database import Database
from tests.support.server import Server

from .breaks import COURSES
from .dump import normalised_dump, pg_dump_for
from .shipped import ShippedSchema

pytestmark = pytest.mark.real_schemas

INVALID = "select indexrelid::regclass::text from pg_index where not indisvalid"
NOT_VALIDATED = "select conname from pg_constraint where not convalidated"


async def test_each_break_shows_in_the_dump(server: Server, extended: Database, schema: ShippedSchema) -> None:
    pg_dump = pg_dump_for(server)
    assert extended.fetch(INVALID) + extended.fetch(NOT_VALIDATED) == []
    before = normalised_dump(extended.dsn, pg_dump)
    for each in COURSES[schema.name].breaks:
        for deed in each.deeds:
            await do(deed, extended.dsn)
        after = normalised_dump(extended.dsn, pg_dump)
        assert after != before, each.title
        before = after


async def test_breaks_leave_the_invalid_things_that_they_promise(extended: Database, schema: ShippedSchema) -> None:
    course = COURSES[schema.name]
    for each in course.breaks:
        for deed in each.deeds:
            await do(deed, extended.dsn)
    places = [place for each in course.breaks for place, _ in each.opens]
    promised = {(place.object_name,) for place in places if place.issue_type == "INVALID_INDEX"}
    assert set(extended.fetch(INVALID)) == promised != set()
    promised = {(place.object_name,) for place in places if place.issue_type == "UNVALIDATED_CONSTRAINT"}
    assert set(extended.fetch(NOT_VALIDATED)) == promised != set()


def test_ten_things_are_broken_on_each_schema() -> None:
    assert {name: len(course.breaks) for name, course in COURSES.items()} == {
        "roundcube": 10,
        "pdns": 10,
        "icinga2": 10,
    }
