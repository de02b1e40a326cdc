"""Whatever hangs on a column is there afterwards as before, and after the undo to the byte."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pgmend.listener.fixes.plan import Hazard
from pgmend.listener.remedy import ChangeColumnType

from tests.support.workshop import Workshop

from .everything import everything, untouched

APP = """
create schema app;
create function app.touch() returns trigger language plpgsql as 'begin return new; end';
create table app.users (id int primary key, name text);
insert into app.users select n, 'u' || n from generate_series(1, 9) n;
create table app.t (id int primary key, c {old}, v int, w text, txt text);
insert into app.t select n, {value}, n, 'w' || n, n::text from generate_series(1, 9) n;
"""
VALUES = {
    "date": "date '2020-01-01' + n",
    "json": "to_json(n)",
    "uuid": "('00000000-0000-0000-0000-00000000000' || n)::uuid",
    "boolean": "n > 4",
}


@dataclass(frozen=True)
class Case:
    """What hangs on column app.t.c, of type `old`, which becomes `new`. `since` is the first major that has it.

    `rereads` says that its definition loses or gains a cast; `down` that it is taken down and put back.
    """

    setup: str
    old: str = "text"
    new: str = "integer"
    down: bool = False
    rereads: bool = False
    since: int = 14
    note: str = ""


CASES = {
    # Views
    "a view that shows it": Case("create view app.v as select id, c from app.t", down=True),
    "a view that only filters by it": Case("create view app.v as select id from app.t where c is not null", down=True),
    "a view that counts it": Case("create view app.v as select v, count(c) as n from app.t group by v", down=True),
    "views on views": Case(
        "create view app.v1 as select id, c as d from app.t; create view app.v2 as select d, id from app.v1;"
        "create view app.v3 as select v2.d, v1.d as e from app.v2 join app.v1 using (id);"
        "create view app.a0 as select d from app.v3 union all select e from app.v3",
        down=True,
    ),
    "a view that joins by it": Case(
        "create view app.v as select u.name, t.c from app.t join app.users u on u.id = t.c", "bigint", "integer", True
    ),
    "a view that casts it to the new type": Case(
        "create view app.v as select u.name from app.t join app.users u on u.id = t.c::integer", down=True, rereads=True
    ),
    "a view that shows its cast under its own name": Case(
        'create view app.v as select c::integer as c, c::integer as d, t."w" from app.t', down=True, rereads=True
    ),
    "a view on a view that casts it under another name": Case(
        'create view app.v1 as select id, c as "The C" from app.t;'
        'create view app.v2 as select id from app.v1 where "The C"::integer > 3',
        down=True,
        rereads=True,
    ),
    "a view of varchar compared with text": Case(
        "create view app.v as select id from app.t where c = 'a' or c in ('b', 'c')", "varchar(20)", "text", True, True
    ),
    "a view of text that gains a cast": Case(
        "create view app.v as select id from app.t where c = 'a'", "text", "varchar(20)", True, True
    ),
    "a view with a subquery, a window and a CTE": Case(
        "create view app.v as with x as (select c, row_number() over (partition by c order by id) as n from app.t)"
        " select * from x where c in (select c from app.t where v > 3) limit 5",
        down=True,
    ),
    "a recursive view": Case(
        "create recursive view app.v (id, c) as select id, c from app.t where v = 1 union all"
        " select t.id, t.c from app.t join v on t.v = v.id + 1",
        down=True,
    ),
    "a lateral, grouped view with a distinct": Case(
        "create view app.v as select distinct on (t.c) t.c, x.n from app.t, lateral (select max(c) as n from app.t u"
        " where u.c = t.c) x order by t.c, x.n nulls first",
        down=True,
    ),
    "a view of whole rows and of the column": Case(
        "create view app.v as select t as whole, c from app.t; create view app.w as select to_jsonb(t) as j from app.t",
        down=True,
    ),
    "a view with options": Case(
        "create view app.v with (security_barrier) as select id, c from app.t where v > 0 with cascaded check option;"
        "create view app.w with (check_option = local) as select id, c from app.t where v > 0",
        down=True,
    ),
    "a view that runs as its invoker": Case(
        "create view app.v with (security_invoker = true) as select id, c from app.t", down=True, since=15
    ),
    "a view with comments": Case(
        "create view app.v as select id, c from app.t; comment on view app.v is 'it''s \\ mine';"
        "comment on column app.v.c is 'the c'",
        down=True,
    ),
    "a view with a renamed column": Case(
        'create view app.v as select id, c from app.t; alter view app.v rename column c to "C é"', down=True
    ),
    "a view with a default": Case(
        "create view app.v as select id, w from app.t where c is not null; alter view app.v alter w set default 'x'",
        down=True,
    ),
    "a view with rules": Case(
        "create view app.v as select id, c from app.t;"
        "create rule ins as on insert to app.v do instead insert into app.t (id, c) values (new.id, new.c);"
        'create rule "Löschen" as on delete to app.v where old.id > 3 do instead nothing;'
        "comment on rule ins on app.v is 'a rule'",
        down=True,
    ),
    "a view with triggers": Case(
        "create view app.v as select id, c from app.t;"
        "create trigger tr instead of insert or update on app.v for each row execute function app.touch();"
        "comment on trigger tr on app.v is 'a trigger'",
        down=True,
    ),
    "a view whose name and columns need quotes": Case(
        'create schema "Ünser Schema"; create view "Ünser Schema"."select" as'
        ' select id as "Id \\"" , c as "日本語", w as "{names}" from app.t;'.replace('\\"', '""').replace(
            "{names}", "x" * 63
        ),
        down=True,
    ),
    "a view of truths that only shows them": Case(
        "create view app.v as select id, c as d from app.t where c is not null group by id, c order by c desc",
        "boolean",
        "integer",
        down=True,
    ),
    "a view that compares dates": Case(
        "create view app.v as select id from app.t where c > '2020-01-03'; create index i on app.t (c) where c <> c;"
        "create policy p on app.t using (c = c); alter table app.t add check (c >= '0001-01-01')",
        "date",
        "timestamp",
        down=True,
    ),
    "a view that shows JSON": Case("create view app.v as select c as d from app.t", "json", "jsonb", down=True),
    # Policies
    "a policy": Case(
        "alter table app.t enable row level security, force row level security;"
        "create policy p on app.t using (c is not null); comment on policy p on app.t is 'mine'",
        down=True,
    ),
    "policies of all kinds": Case(
        'create policy "P é" on app.t as restrictive for update to public using (c is not null) with check (c <> c);'
        "create policy q on app.t for insert with check (c is null); create policy r on app.t for select using (v > 0)",
        down=True,
    ),
    "a policy of another table": Case(
        "create table app.o (id int, c text); create policy p on app.o using"
        " (exists (select from app.t where t.c is not null and t.v = o.id))",
        down=True,
    ),
    "a policy on a view": Case(
        "create view app.v as select id, c from app.t; create policy p on app.users using"
        " (id in (select id from app.v where v.c is not null))",
        down=True,
    ),
    "a policy that casts it": Case(
        "create policy p on app.t using (c::integer = current_setting('app.user')::integer)", down=True, rereads=True
    ),
    # Triggers
    "a trigger for updates of it": Case(
        "create trigger tr before update of v, c on app.t for each row execute function app.touch();"
        "comment on trigger tr on app.t is 'mine'",
        down=True,
    ),
    "a trigger with a condition": Case(
        "create trigger tr after update on app.t for each row when (old.c is distinct from new.c)"
        " execute function app.touch('WHEN (', ') EXECUTE FUNCTION ')",
        down=True,
    ),
    "triggers in every state": Case(
        "create trigger a before update of c on app.t for each row execute function app.touch();"
        'create trigger "B é" before update of c on app.t for each row execute function app.touch();'
        "create trigger c before update of c on app.t for each row execute function app.touch();"
        "create trigger d before update of c on app.t for each row execute function app.touch();"
        'alter table app.t disable trigger a; alter table app.t enable replica trigger "B é";'
        "alter table app.t enable always trigger c",
        down=True,
    ),
    "a constraint trigger": Case(
        "create constraint trigger tr after update of c on app.t deferrable initially deferred"
        " for each row execute function app.touch()",
        down=True,
    ),
    "a trigger with transition tables beside it": Case(
        "create trigger tr after update on app.t referencing old table as o new table as n"
        " for each statement execute function app.touch(); alter table app.t disable trigger tr"
    ),
    # Indexes
    "indexes of all kinds": Case(
        "create index i1 on app.t (c); create index i2 on app.t (c desc nulls last, v); create index i3 on app.t"
        " (v) include (c); create index i4 on app.t using hash (c); create index i5 on app.t using brin (c);"
        "create unique index i6 on app.t (c, v) where c is not null; create index i7 on app.t (v) where c is null;"
        "create index i8 on app.t (c) with (fillfactor = 70); comment on index app.i1 is 'mine'"
    ),
    "an index that is clustered and one that identifies": Case(
        "create index i1 on app.t (c); alter table app.t cluster on i1; alter table app.t alter c set not null;"
        "create unique index i2 on app.t (c); alter table app.t replica identity using index i2"
    ),
    "an index on an expression with a statistics target": Case(
        "create index i on app.t ((c || 'x'), c); alter index app.i alter column 1 set statistics 77;"
        "comment on index app.i is 'mine'"
    ),
    "an index on a cast of it": Case(
        "create index i on app.t ((c::integer)); comment on index app.i is 'mine';alter table app.t cluster on i",
        rereads=True,
    ),
    "an index with an operator class": Case("create index i on app.t (c varchar_pattern_ops)", "varchar(9)", "text"),
    "an index with a collation": Case('create index i on app.t (c collate "C")', "varchar(9)", "text"),
    # Constraints
    "the primary key": Case(
        "alter table app.t drop constraint t_pkey, add constraint pk primary key (c); comment on constraint pk on app.t"
        " is 'mine'"
    ),
    "a composite key and a deferrable one": Case(
        "alter table app.t add constraint u1 unique (c, v), add constraint u2 unique (c) deferrable initially deferred"
    ),
    "a unique constraint with nulls not distinct": Case(
        "alter table app.t add constraint u unique nulls not distinct (c)", since=15
    ),
    "checks": Case(
        "alter table app.t alter c set not null, add constraint k1 check (c is not null),"
        " add constraint k2 check (c = c or v > 0) not valid, add constraint k3 check (c <> w || 'x') no inherit;"
        "comment on constraint k1 on app.t is 'mine'",
        "text",
        "varchar(30)",
        rereads=True,
    ),
    "a check that casts it": Case(
        "alter table app.t add constraint k check (c::integer > 0); comment on constraint k on app.t is 'mine'",
        rereads=True,
    ),
    "a check on a list of words": Case(
        "alter table app.t add constraint k check (c in ('1', '2', '3', '4', '5', '6', '7', '8', '9'))",
        "varchar(20)",
        "text",
        rereads=True,
    ),
    "a named NOT NULL": Case("alter table app.t add constraint nn not null c", since=18),
    "a check that is not enforced": Case("alter table app.t add constraint k check (c is null) not enforced", since=18),
    "a foreign key of integers": Case(
        "alter table app.t add constraint f foreign key (c) references app.users on delete cascade;"
        "comment on constraint f on app.t is 'mine'",
        "integer",
        "bigint",
    ),
    "a foreign key that points at it": Case(
        "alter table app.t add unique (c); create table app.o (id int references app.t (c) deferrable, x int);"
        "insert into app.o values (3); alter table app.o add foreign key (x) references app.t (c) not valid",
        "bigint",
        "integer",
    ),
    "a foreign key to itself": Case(
        "alter table app.t add unique (c), add foreign key (c) references app.t (c)", "integer", "bigint"
    ),
    "a foreign key of texts": Case(
        "create table app.o (c text primary key); insert into app.o select c from app.t;"
        "alter table app.t add foreign key (c) references app.o",
        "varchar(10)",
        "text",
    ),
    # Statistics, comments, rights, storage
    "extended statistics": Case(
        "create statistics app.s on c, v from app.t; alter statistics app.s set statistics 55;"
        "comment on statistics app.s is 'mine'; create statistics app.s2 (ndistinct) on v, c from app.t"
    ),
    "statistics on expressions": Case("create statistics app.s on (c || 'x'), v from app.t"),
    "what is said of the column": Case(
        "comment on column app.t.c is 'mine'; grant select (c), update (c) on app.t to public;"
        "alter table app.t alter c set statistics 33, alter c set (n_distinct = 5); grant select on app.t to public;"
        "comment on table app.t is 'ours'"
    ),
    "storage": Case("alter table app.t alter c set storage external", "text", "varchar(20)"),
    "storage that an integer cannot have": Case("alter table app.t alter c set storage main"),
    "compression": Case("alter table app.t alter c set compression pglz", "text", "varchar(20)"),
    "a collation": Case('alter table app.t alter c type text collate "C"', "text", "varchar(20)"),
    "a collation that an integer cannot have": Case('alter table app.t alter c type text collate "C"'),
    # Sequences and defaults
    "a serial's sequence": Case(
        "create sequence app.q as int owned by app.t.c; alter table app.t alter c set default nextval('app.q')",
        "integer",
        "bigint",
        note="Sequence app.q stays integer and ends at 2147483647.",
    ),
    "an identity": Case(
        "alter table app.t alter c set not null, alter c add generated by default as identity (start 100 cache 5)",
        "integer",
        "bigint",
    ),
    "other columns of a parent": Case(
        "create table app.p (v int); alter table app.t inherit app.p; create view app.v as select v, c from app.t",
        down=True,
    ),
    # What does not hang on it
    "functions whose text names it": Case(
        "create function app.f() returns bigint language sql as 'select count(c) from app.t';"
        "create function app.g(app.t) returns int language sql as 'select $1.v'",
        note="Functions whose text names the table and the column are not checked: app.f().",
    ),
    "a publication of the table": Case(
        "create publication pub for table app.t, app.users", note="Subscribers of pub have the column in its old type."
    ),
    "neighbours": Case(
        "create view app.v as select id, v from app.t; create materialized view app.m as select v from app.t;"
        "alter table app.t add column g int generated always as (v + 1) stored;"
        "create rule r as on update to app.users do also nothing"
    ),
}


async def prepared(workshop: Workshop, case: Case) -> ChangeColumnType:
    if workshop.connection.info.server_version // 10000 < case.since:
        pytest.skip(f"PostgreSQL {case.since} brought it")
    app = APP.format(old=case.old, value=VALUES.get(case.old, f"n::{case.old}"))
    workshop.database.execute((app + case.setup).encode())
    number = workshop.database.value(
        "select attnum from pg_attribute where attrelid = 'app.t'::regclass and attname = 'c'"
    )
    return ChangeColumnType(workshop.oid("app.t"), number, case.new)


def type_of_c(workshop: Workshop) -> str:
    return workshop.database.value(
        "select format_type(atttypid, null) from pg_attribute where attrelid = 'app.t'::regclass and attname = 'c'"
    )


@pytest.mark.parametrize("name", CASES)
async def test_dependent_survives_the_change_and_its_undo(workshop: Workshop, name: str) -> None:
    case = CASES[name]
    remedy = await prepared(workshop, case)
    before = everything(workshop.database)
    plan = await workshop.plan(remedy)
    assert plan.refusal is None
    assert (Hazard.DEPENDENTS_RECREATED in plan.hazards) == case.down
    assert case.note in " ".join(plan.notes)
    outcome = await workshop.heal(remedy)
    assert outcome.state == "applied", outcome.reason
    after = everything(workshop.database)
    assert type_of_c(workshop) == workshop.database.value(f"select pg_typeof(null::{case.new})::text".encode())
    if case.rereads:
        assert untouched(after, "app.t.c") != untouched(before, "app.t.c")
    else:
        assert untouched(after, "app.t.c") == untouched(before, "app.t.c")
    undone = await workshop.roll_back(outcome)
    assert undone.state == "rolled_back", undone.reason
    assert everything(workshop.database) == before
    assert workshop.leftovers() == []
