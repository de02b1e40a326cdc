"""Shipped schemas loaded into databases."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.database import Database
from tests.support.server import Server

from .breaks import COURSES
from .package import Unavailable
from .script import load_text
from .shipped import SCHEMAS, ShippedSchema


@pytest.fixture(params=[each for each in SCHEMAS if each.name in COURSES], ids=lambda schema: schema.name)
def schema(request: pytest.FixtureRequest) -> ShippedSchema:
    """Each of the schemas on which a person has judged."""
    return request.param


@pytest.fixture
def shipped(server: Server, schema: ShippedSchema) -> Iterator[Database]:
    """The schema as shipped; skips aloud where it cannot be had."""
    with server.database() as database:
        load(schema, database)
        yield database


@pytest.fixture
def extended(shipped: Database, schema: ShippedSchema) -> Database:
    """The schema with rows and with what the breaks need besides."""
    for statement in COURSES[schema.name].additions:
        shipped.execute(statement)
    return shipped


def load(schema: ShippedSchema, database: Database) -> None:
    try:
        text = schema.sql()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        load_text(text, connection)
