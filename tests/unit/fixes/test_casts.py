"""No value that a cast loses or respells is ever called exact, whatever the pair of types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pgmend.listener.connection import connect, prepare_session
from pgmend.listener.errors import PlanRefused
from pgmend.listener.fixes.retyping.casts import Cast, find_cast
from pgmend.listener.fixes.retyping.column_type import ColumnType, type_named

from tests.support.server import Server

TYPES = (
    "smallint integer bigint numeric numeric(5,2) real double_precision text character_varying"
    " character_varying(5) character(5) bpchar citext uuid boolean date timestamp timestamp(0) timestamptz json jsonb"
)
AWKWARD = (
    *(
        "007",
        "7",
        " 7",
        "+7",
        "\t7\n",
        "-0",
        "0",
        "1",
        "1.50",
        "2.5",
        "1e2",
        "999.995",
        "0x1F",
        "1_000",
        "\uff11\uff12",
    ),
    *("32768", "-32769", "2147483648", "-2147483649", "9223372036854775808", "9007199254740993", "16777217"),
    *("NaN", "nan", "Infinity", "-Infinity", "inf", "infinity", "1e400", "1e-400", "5e-324", "1.7976931348623157e308"),
    *("0.30000000000000004", "0.1", "", " ", "ab", "ab   ", "o", "t", "TRUE", "yes", "off"),
    *(
        "0044-03-15 BC",
        "4713-01-01 BC",
        "5000-01-01 BC",
        "0001-02-29 BC",
        "0000-01-01",
        "2020-02-29",
        "2021-02-29",
        "2020-02-30",
        "1/2/2003",
        "today",
    ),
    *("now", "20200101", "2020-01-01T10:00:00", "2020-01-01 24:00:00", "2020-01-01 10:00:00.1234567", "epoch"),
    *("2020-01-01 00:00:00+02", "2020-01-01 00:00:00", "2020-01-01 12:00", "294277-01-01", "5874897-12-31"),
    *("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{a0eebc99"),
    *("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11", '{"a":1,"a":2}', '{"a": 1}'),
    *('{"a":{"b":1,"b":1}}', '"\\u0000"', '"\\ud800"', "[1,1]", "1e200000", "null"),
)


# What PostgreSQL itself makes of each value: whether it is one of the source type, its class as our SQL tells it, and,
# where the cast does not fail, whether it comes back the same and how it is spelled then.
ORACLE = """
create function pg_temp.judged(
  spellings text[], class text, castable text, source text, target text, collated text)
returns table (value text, told text, takes boolean, fails boolean, same boolean, spelled text)
language plpgsql as $$
declare spelling text;
begin
  foreach spelling in array spellings loop
    spelled := null;
    execute format(
      'select v::text, %s, %s from (select $1::%s %s as v offset 0) v', class, castable, source, collated)
      into value, told, takes using spelling;
    fails := false; same := false;
    begin
      execute format('select v::%s::text from (select $1::%s as v offset 0) v', target, source)
        into spelled using spelling;
      execute format(
        'select record_image_eq(row(v), row(v::%1$s::%2$s)) from (select $1::%2$s as v offset 0) v', target, source)
        into same using spelling;
    exception when data_exception or program_limit_exceeded or feature_not_supported then
      fails := spelled is null;
    end;
    return next;
  end loop;
end $$;
create function pg_temp.valid(spellings text[], source text) returns text[] language plpgsql as $$
declare spelling text; taken text[] := '{}';
begin
  foreach spelling in array spellings loop
    begin
      execute format('select $1::%s', source) using spelling;
      taken := taken || spelling;
    exception when data_exception or program_limit_exceeded then null;
    end;
  end loop;
  return taken;
end $$;
"""


# Case and accents make no difference to it; where the server has no ICU, one like any other stands in.
NONDETERMINISTIC = """
do $$ begin
  create collation public.anything (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
exception when feature_not_supported then
  create collation public.anything (locale = 'POSIX');
end $$
"""


class Bench:
    """A connection, and the casts to try on it."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        loop: asyncio.AbstractEventLoop,
        types: dict[str, ColumnType],
    ) -> None:
        self.connection = connection
        self.loop = loop
        self.types = types
        self.casts = tuple(self._proved())

    def _proved(self) -> Iterator[Cast]:
        for source, target in permutations(self.types.values(), 2):
            with suppress(PlanRefused):
                yield find_cast(source, target, self.connection.info.server_version)

    def run(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        """The rows of a query, none for a command."""

        async def rows() -> list[tuple[Any, ...]]:
            cursor = await self.connection.execute(statement, params or None)  # type: ignore[arg-type]
            return await cursor.fetchall() if cursor.description else []

        return self.loop.run_until_complete(rows())

    def between(self, source: str, target: str) -> Cast:
        """The cast between two types by name."""
        return find_cast(self.types[source], self.types[target], self.connection.info.server_version)

    def judged(self, cast: Cast, spellings: list[str], collation: str = "") -> list[tuple[Any, ...]]:
        """The oracle's rows for those spellings that the source type takes, in a column of that COLLATE clause."""
        names = (cast.source.sql, cast.target.sql)
        ((valid,),) = self.run("select pg_temp.valid(%s, %s)", spellings, names[0])
        told = (cast.class_of("v.v"), cast.castable("v.v"))
        return self.run("select * from pg_temp.judged(%s, %s, %s, %s, %s, %s)", valid, *told, *names, collation)


@pytest.fixture(scope="module")
def bench(server: Server) -> Iterator[Bench]:
    with bench_on(server) as bench:
        yield bench


@contextmanager
def bench_on(server: Server) -> Iterator[Bench]:
    """A bench on a database of its own."""
    loop = asyncio.new_event_loop()

    async def prepared(dsn: str) -> tuple[psycopg.AsyncConnection[tuple[Any, ...]], dict[str, ColumnType]]:
        connection = await connect(dsn, "test")
        await connection.execute("create extension citext schema public")
        await connection.execute(ORACLE)
        await connection.execute(NONDETERMINISTIC)
        names = [name.replace("_", " ") for name in TYPES.split()]
        names[names.index("citext")] = "public.citext"
        return connection, {name: await type_named(connection, name) for name in names}

    with server.database() as database:
        connection, types = loop.run_until_complete(prepared(database.dsn))
        yield Bench(connection, loop, types)
        loop.run_until_complete(connection.close())
        loop.close()


def assert_judged_rightly(bench: Bench, cast: Cast, spellings: list[str], collation: str = "") -> dict[str, str]:
    """Hold the class of each value against PostgreSQL's own cast; the classes by value."""
    classes: dict[str, str] = {}
    for value, found, takes, fails, same, spelled in bench.judged(cast, spellings, collation):
        classes[value] = found
        told = f"{value!r} from {cast.source.spelled} to {cast.target.spelled} is {found}, becomes {spelled!r}"
        if fails:
            assert (found, takes) == ("lossy", False), told
        elif found == "lossy":
            assert not cast.always_exact, told
        else:
            assert takes, told
            assert same is (found == "exact"), told
            assert same_value(value, spelled, cast), told
    return classes


def same_value(old: str, new: str, cast: Cast) -> bool:
    """Whether two spellings mean one value, by Python's own reading where numbers are concerned."""
    numbers = {"integer", "numeric", "float"}
    families = {cast.source.family, cast.target.family}
    if (
        families == {"float"}
        or not families & numbers
        or families & {"boolean", "json", "jsonb"}
        or "nan" in old.lower()
    ):
        return True
    return Decimal(old.strip()) == Decimal(new.strip())


@pytest.mark.parametrize("start", range(8))
def test_awkward_values_are_never_called_exact(bench: Bench, start: int) -> None:
    for cast in bench.casts[start::8]:
        assert_judged_rightly(bench, cast, list(AWKWARD))


numbers = st.one_of(
    st.integers(-(2**64), 2**64).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.floats(allow_nan=False).map(repr),
    st.from_regex(r"\A[ \t]?[-+]?[0-9]{0,6}[.]?[0-9]{0,4}([eE][-+]?[0-9]{1,3})?[ ]?\Z"),
)
moments = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.][0-9]{1,8})?)?)?( BC)?\Z"),
)
uuids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda each: f"{{{str(each).upper()}}}"),
)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
truths = st.from_regex(r"\A[ ]?[tTfFyYnNoO01][a-zA-Z]{0,4}\Z")
documents = st.from_regex(r"\A\{\"[ab]\": ?[0-9]{1,3}(, ?\"[ab]\": ?[0-9.]{1,3})?\}\Z")
spellings = st.one_of(numbers, moments, uuids, words, truths, documents)


def collations(cast: Cast) -> tuple[str, ...]:
    """The COLLATE clauses to try a column of the source type with."""
    return ("", "collate public.anything") if cast.source.collatable else ("",)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=st.integers(min_value=0), values=st.lists(spellings, min_size=1, max_size=12))
@example(choice=0, values=["7"])
def test_no_loss_and_no_respelling_passes_for_exact(bench: Bench, choice: int, values: list[str]) -> None:
    cast = bench.casts[choice % len(bench.casts)]
    assert_judged_rightly(bench, cast, values, collations(cast)[choice // len(bench.casts) % len(collations(cast))])


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("text", "integer", "7", "exact"),
        ("text", "integer", "-7", "exact"),
        ("text", "integer", "007", "canonical"),
        ("text", "integer", " 7", "canonical"),
        ("text", "integer", "+7", "canonical"),
        ("text", "integer", "-0", "canonical"),
        ("text", "integer", "0x1F", "lossy"),
        ("text", "integer", "1_000", "lossy"),
        ("text", "integer", "\uff11\uff12", "lossy"),
        ("text", "integer", "2147483648", "lossy"),
        ("text", "integer", "2.5", "lossy"),
        ("text", "integer", "", "lossy"),
        ("text", "bigint", "2147483648", "exact"),
        ("text", "numeric", "1.50", "exact"),
        ("text", "numeric", "1e2", "canonical"),
        ("text", "numeric(5,2)", "1.5", "canonical"),
        ("text", "numeric(5,2)", "1.555", "lossy"),
        ("text", "numeric(5,2)", "1000", "lossy"),
        ("text", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "exact"),
        ("text", "uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "canonical"),
        ("text", "boolean", "true", "exact"),
        ("text", "boolean", "yes", "canonical"),
        ("text", "boolean", "o", "lossy"),
        ("text", "date", "2020-02-29", "exact"),
        ("text", "date", "0044-03-15 BC", "exact"),
        ("text", "date", "2021-02-29", "lossy"),
        ("text", "date", "1/2/2003", "lossy"),
        ("text", "date", "today", "lossy"),
        ("text", "timestamp", "2020-01-01 10:00:00", "exact"),
        ("text", "timestamp", "2020-01-01T10:00:00", "canonical"),
        ("text", "timestamp", "2020-01-01 10:00:00.1234567", "lossy"),
        ("text", "timestamptz", "2020-01-01 10:00:00+00", "lossy"),
        ("timestamptz", "text", "2020-01-01 10:00:00+00", "lossy"),
        ("timestamp", "timestamptz", "2020-01-01 10:00:00", "lossy"),
        ("timestamp", "date", "2020-01-01 00:00:00", "exact"),
        ("timestamp", "date", "2020-01-01 10:00:00", "lossy"),
        ("numeric", "integer", "2", "exact"),
        ("numeric", "integer", "2.0", "canonical"),
        ("numeric", "integer", "2.5", "lossy"),
        ("numeric", "integer", "NaN", "lossy"),
        ("double precision", "integer", "2.5", "lossy"),
        ("double precision", "integer", "-0", "canonical"),
        ("double precision", "bigint", "9007199254740993", "exact"),
        ("bigint", "double precision", "9007199254740993", "lossy"),
        ("bigint", "integer", "2147483648", "lossy"),
        ("integer", "bigint", "-2147483648", "exact"),
        ("real", "double precision", "1.678481e-39", "exact"),
        ("double precision", "real", "1.401298464324817e-45", "exact"),
        ("double precision", "real", "1e-45", "lossy"),
        ("double precision", "real", "3.4028234663852886e+38", "exact"),
        ("double precision", "real", "3.5e38", "lossy"),
        ("integer", "character varying(5)", "99999", "exact"),
        ("integer", "character varying(5)", "-99999", "lossy"),
        ("text", "character varying(5)", "ab   ", "exact"),
        ("text", "character varying(5)", "abcdef", "lossy"),
        ("text", "character(5)", "ab ", "lossy"),
        ("text", "public.citext", "Ab", "exact"),
        ("json", "jsonb", '{"a": 1}', "exact"),
        ("json", "jsonb", '{"a":1,"a":2}', "lossy"),
    ],
)
def test_each_value_has_the_class_that_the_law_gives_it(
    bench: Bench, source: str, target: str, value: str, expected: str
) -> None:
    ((_, found, *_),) = bench.judged(bench.between(source, target), [value])
    assert found == expected


def test_null_is_exact_everywhere(bench: Bench) -> None:
    for cast in bench.casts:
        ((found, exact),) = bench.run(
            f"select {cast.class_of('v')}, {cast.exact('v')} from (select null::{cast.source.sql} as v) v"
        )
        assert (found, exact) == ("exact", True), cast


def test_classes_do_not_depend_on_the_database_collation_or_standard_strings(bench: Bench) -> None:
    cast = bench.between("text", "integer")
    bench.run("set standard_conforming_strings = off")
    try:
        rows = bench.run(f"select {cast.class_of('v')} from (values ('7' collate public.anything), ('x')) t (v)")
    finally:
        bench.run("reset standard_conforming_strings")
    assert rows == [("exact",), ("lossy",)]


@pytest.mark.parametrize(
    ("source", "target"), [("integer", "uuid"), ("date", "integer"), ("boolean", "numeric"), ("uuid", "jsonb")]
)
def test_a_pair_that_nobody_proved_is_refused(bench: Bench, source: str, target: str) -> None:
    with pytest.raises(PlanRefused, match="No proved cast"):
        bench.between(source, target)


@pytest.mark.parametrize(
    "text", ["", "text; drop table x", "text, 1", "text union select 1", "int) --", "text\0", "té"]
)
async def test_what_is_no_type_name_is_refused(database_connection: psycopg.AsyncConnection, text: str) -> None:
    with pytest.raises(PlanRefused):
        await type_named(database_connection, text)


async def test_a_type_of_the_same_name_that_is_not_postgresqls_has_no_cast(
    database_connection: psycopg.AsyncConnection,
) -> None:
    await database_connection.execute("create domain public.citext as text")
    assert (await type_named(database_connection, "public.citext")).family == ""


@pytest.fixture
async def database_connection(database: object) -> psycopg.AsyncConnection:
    connection = await database.connect()  # type: ignore[attr-defined]
    await prepare_session(connection, timedelta(seconds=10), timedelta(seconds=1))
    return connection
