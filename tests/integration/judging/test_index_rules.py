"""MISSING_INDEX, DUPLICATE_INDEX and INVALID_INDEX on what a real server's catalogs say."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from pgmend.listener.remedy import CreateIndex, DropIndex, RebuildIndex
from psycopg import sql

from tests.support.beholder import Beholder
from tests.support.database import Database
from tests.support.eventually import eventually

LONG = "ö" * 31 + "x"
TYPES = ("MISSING_INDEX", "DUPLICATE_INDEX", "INVALID_INDEX")


async def test_foreign_keys_and_what_covers_them(database: Database) -> None:
    database.execute("""
        create table p (a int, b int, c int, primary key (a, b), unique (c));
        create table bare (a int, b int, foreign key (a, b) references p);
        create table swapped (a int, b int, foreign key (a, b) references p); create index on swapped (b, a);
        create table longer (a int, b int, z int, foreign key (a, b) references p); create index on longer (a, b, z);
        create table apart (a int, b int, z int, foreign key (a, b) references p); create index on apart (a, z, b);
        create table partial (c int references p (c), z int); create index on partial (c) where z > 0;
        create table present (c int references p (c), z int); create index on present (c) where c is not null;
        create table other (c int references p (c), z int); create index on other (c) where z is not null;
        create table expressed (c int references p (c)); create index on expressed ((c + 0));
        create table mixed (c int references p (c), z text); create index on mixed (c, lower(z));
        create table hashed (c int references p (c)); create index on hashed using hash (c);
        create table brinned (c int references p (c)); create index on brinned using brin (c);
        create table included (c int references p (c), z int); create index on included (z) include (c);
        create table keyed (c int primary key references p (c));
    """)
    assert await Beholder(database).told(*TYPES) == {
        ("MISSING_INDEX", "bare", "a, b", ""),
        ("MISSING_INDEX", "apart", "a, b", ""),
        ("MISSING_INDEX", "partial", "c", ""),
        ("MISSING_INDEX", "other", "c", ""),
        ("MISSING_INDEX", "expressed", "c", ""),
        ("MISSING_INDEX", "brinned", "c", ""),
        ("MISSING_INDEX", "included", "c", ""),
    }


async def test_partitions_are_told_once_on_their_parent(database: Database) -> None:
    database.execute("""
        create table users (id int primary key);
        create table bare (user_id int references users, n int) partition by list (n);
        create table bare_1 partition of bare for values in (1); create table bare_2 partition of bare default;
        create table leafy (user_id int references users, n int) partition by list (n);
        create table leafy_1 partition of leafy for values in (1); create table leafy_2 partition of leafy default;
        create index on leafy_1 (user_id); create index on leafy_2 (user_id);
        create table waiting (n int) partition by list (n); create table waiting_1 partition of waiting default;
        create index waiting_n on only waiting (n);
        create table twins (n int) partition by list (n); create table twins_1 partition of twins default;
        create index twins_a on twins (n); create index twins_b on twins (n);
    """)
    assert await Beholder(database).told(*TYPES) == {
        ("MISSING_INDEX", "bare", "user_id", ""),
        ("DUPLICATE_INDEX", "twins", "n", "twins_b"),
    }


async def test_dropped_index_comes_back_as_it_was(database: Database) -> None:
    database.execute(
        sql.SQL("""
            create table users (id int primary key);
            create table "Bücher, 1" ("Leser" int references users, title text);
            create unique index {} on "Bücher, 1" ("Leser" desc, lower(title) text_pattern_ops) with (fillfactor = 70)
        """).format(sql.Identifier(LONG))
    )
    beholder = Beholder(database)
    assert await beholder.told(*TYPES) == set()
    definition = database.value(
        "select pg_get_indexdef(indexrelid) from pg_index where indrelid = '\"Bücher, 1\"'::regclass"
    )
    database.execute(sql.SQL("drop index {}").format(sql.Identifier(LONG)))
    (issue,) = await beholder.issues(*TYPES)
    assert isinstance(issue.remedy, CreateIndex)
    assert (issue.remedy.name, issue.remedy.definition) == (LONG, definition)
    assert issue.doubt is not None


async def test_twins_and_what_only_looks_like_one(database: Database) -> None:
    database.execute("""
        create extension if not exists pg_trgm;
        create table t (id int primary key, a text, b text, c int[], at timestamptz);
        create index twin_1 on t (a, b); create index twin_2 on t (a, b);
        create index lower_1 on t (lower(a)); create index lower_2 on t (lower(a));
        create index upper_1 on t (upper(a));
        create index some_1 on t (b) where a = 'x'; create index some_2 on t (b) where a = 'x';
        create index some_3 on t (b) where a = 'y';
        create index swapped on t (b, a); create index prefix on t (a);
        create index descending on t (a desc, b); create index pattern on t (a text_pattern_ops, b);
        create index collated on t (a collate "C", b); create unique index uniquely on t (a, b);
        create index included on t (a, b) include (at); create index gin_c on t using gin (c);
        create index gin_a on t using gin (a gin_trgm_ops); create index gist_a on t using gist (a gist_trgm_ops);
        create index gist_wide on t using gist (a gist_trgm_ops (siglen = 32)); create index full_b on t (b);
        create index filled on t (a, b) with (fillfactor = 50);
    """)
    assert await Beholder(database).told(*TYPES) == {
        ("DUPLICATE_INDEX", "t", "a, b", "twin_2"),
        ("DUPLICATE_INDEX", "t", "a, b", "filled"),
        ("DUPLICATE_INDEX", "t", "", "lower_2"),
        ("DUPLICATE_INDEX", "t", "b", "some_2"),
    }


async def test_prefixes_and_what_only_looks_like_one(database: Database) -> None:
    database.execute("""
        create extension if not exists pg_trgm;
        create table t (id int primary key, a text, b text, c int, at timestamptz, unique (c));
        create index on t (id); create index on t (c); create index long on t (a, b, at); create index two on t (a, b);
        create index one on t (a); create index swapped on t (b, a); create index open on t (a) where c > 0;
        create index open_long on t (a, c) where c > 0; create index hashed on t using hash (a);
        create index pattern on t (a text_pattern_ops); create index trigrams on t using gin (a gin_trgm_ops);
        create index lowered on t (lower(a)); create index lowered_long on t (lower(a), b);
        create index descending on t (a desc); create index collated on t (a collate "C"); create index late on t (at);
        create unique index uniquely on t (a) include (c); create index "Mit, b" on t (b) include (a);
        create table parted (a int, b int) partition by list (a); create table part partition of parted default;
        create index parted_a on parted (a); create index parted_ab on parted (a, b);
        create table kept (a int not null, b int); create unique index kept_a on kept (a);
        create index kept_ab on kept (a, b); alter table kept replica identity using index kept_a;
    """)
    assert await Beholder(database).told("REDUNDANT_INDEX") == {
        ("REDUNDANT_INDEX", "t", "id", "t_id_idx"),
        ("REDUNDANT_INDEX", "t", "c", "t_c_idx"),
        ("REDUNDANT_INDEX", "t", "a, b", "two"),
        ("REDUNDANT_INDEX", "t", "a", "one"),
        ("REDUNDANT_INDEX", "t", "a", "open"),
        ("REDUNDANT_INDEX", "t", "b", "Mit, b"),
        ("REDUNDANT_INDEX", "parted", "a", "parted_a"),
    }


async def test_the_one_that_something_needs_stays(database: Database) -> None:
    database.execute("""
        create table keyed (id int not null); create unique index early on keyed (id);
        alter table keyed add constraint late primary key (id);
        create table referred (id int not null); create unique index first on referred (id);
        create table referring (id int references referred (id) primary key);
        create unique index second on referred (id);
        create table replicated (id int not null); create unique index one on replicated (id);
        create unique index two on replicated (id); alter table replicated replica identity using index two;
        create table clustered (id int); create index plain on clustered (id); create index chosen on clustered (id);
        cluster clustered using chosen;
        create table excluded (a int, b int, exclude using btree (a with =), exclude using btree (a with =));
        create table twice (id int primary key); alter table twice add unique (id);
    """)
    issues = await Beholder(database).issues("DUPLICATE_INDEX")
    names = dict(database.fetch("select oid::bigint, relname from pg_class where relkind = 'i'"))
    pairs = {issue.remedy and (names[issue.remedy.index], names[issue.remedy.kept]) for issue in issues}  # type: ignore[union-attr]
    assert pairs == {("early", "late"), ("second", "first"), ("one", "two"), ("plain", "chosen"), None}
    assert all(issue.remedy is None or isinstance(issue.remedy, DropIndex) for issue in issues)


async def test_invalid_leftover_and_not_a_build_under_way(database: Database) -> None:
    database.execute("create table t (id int primary key, n int); insert into t values (1, 1), (2, 1)")
    with psycopg.connect(database.dsn, autocommit=True) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute('create unique index concurrently "N, 1" on t (n)')
    database.execute("create table slow (n int)")
    beholder = Beholder(database)
    blocker, builder = await database.connect(), await database.connect()
    async with blocker.transaction():
        await blocker.execute("insert into slow values (1)")
        building = asyncio.create_task(builder.execute("create index concurrently slow_n on slow (n)"))
        await eventually(lambda: database.value("select count(*) from pg_index where not indisvalid") == 2)
        (issue,) = await beholder.issues("INVALID_INDEX")
    await building
    assert (issue.table, issue.object_name, issue.severity.value) == ("t", "N, 1", "critical")
    oid = database.value("select '\"N, 1\"'::regclass::oid::bigint")
    assert issue.remedy == RebuildIndex(issue.table_oid, oid)
    assert await beholder.told("INVALID_INDEX") == {("INVALID_INDEX", "t", "n", "N, 1")}


async def test_invalid_index_of_a_foreign_key_is_told_of_once(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); insert into users values (1);
        create table posts (user_id int references users); insert into posts values (1), (1);
        create table visits (user_id int references users, n int) partition by list (n);
        create table visits_1 partition of visits for values in (1); insert into visits values (1, 1), (1, 1);
        create table visits_2 partition of visits default; create index on visits_2 (user_id);
        create table parts (user_id int references users, n int) partition by list (n);
        create table parts_1 partition of parts for values in (1); create index parts_user_id on only parts (user_id)
    """)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for table in ("posts", "visits_1"):
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute(f"create unique index concurrently {table}_u on {table} (user_id)".encode())
    assert await Beholder(database).told(*TYPES) == {
        ("INVALID_INDEX", "posts", "user_id", "posts_u"),
        ("INVALID_INDEX", "visits_1", "user_id", "visits_1_u"),
        ("MISSING_INDEX", "parts", "user_id", ""),
    }


async def test_foreign_key_whose_index_is_being_built_waits_for_it(database: Database) -> None:
    database.execute("create table users (id int primary key); insert into users values (1)")
    database.execute("create table posts (user_id int references users)")
    beholder = Beholder(database)
    assert await beholder.told(*TYPES) == {("MISSING_INDEX", "posts", "user_id", "")}
    blocker, builder = await database.connect(), await database.connect()
    async with blocker.transaction():
        await blocker.execute("insert into posts values (1)")
        building = asyncio.create_task(builder.execute("create index concurrently posts_user on posts (user_id)"))
        await eventually(lambda: database.value("select count(*) from pg_index where not indisvalid") == 1)
        judgement = await beholder.look()
    await building
    posts = database.value("select 'posts'::regclass::oid::bigint")
    assert [issue.issue_type for issue in judgement.issues if issue.issue_type in TYPES] == []
    undecided = {(rule, oid) for rule, oid in judgement.undecided if rule in TYPES}
    assert undecided == {("MISSING_INDEX", posts), ("INVALID_INDEX", posts)}
    assert await beholder.told(*TYPES) == set()


async def test_tables_of_extensions_are_left_alone(database: Database) -> None:
    database.execute("""
        create extension pg_trgm; create table users (id int primary key);
        create table theirs (user_id int references users, n int);
        create index on theirs (n); create index on theirs (n);
        alter extension pg_trgm add table theirs
    """)
    assert await Beholder(database).told() == set()
