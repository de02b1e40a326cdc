"""What the tests of fixes share: the leader's lease on a database, and the way from a remedy to its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import DATABASE, Oid, Snapshot, Table
from pgmend.listener.connection import connect
from pgmend.listener.connections import Connections
from pgmend.listener.fixes.execution.executor import Executor, Outcome
from pgmend.listener.fixes.execution.recovery import recover
from pgmend.listener.fixes.limits import Limits
from pgmend.listener.fixes.plan import Plan, Proof, Step
from pgmend.listener.fixes.planner import plan_fix
from pgmend.listener.fixes.queue import book
from pgmend.listener.fixes.rehearsal.rehearsal import Rehearsal
from pgmend.listener.hearing.lease import Lease, take_lease
from pgmend.listener.issue import Issue, Severity, issue_id
from pgmend.listener.remedy import Remedy, RestoreObject
from pgmend.listener.settings import AutoFix
from pgmend.listener.store.issues import open_or_change
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from .database import Database

# Patience for tests: nothing that a slow machine trips over, nothing that a blocked fix waits long for.
LIMITS = Limits(
    critical_section=timedelta(seconds=10),
    idle_in_transaction=timedelta(seconds=30),
    lock_attempts=4,
    lock_patience=timedelta(seconds=30),
    concurrent_patience=timedelta(milliseconds=300),
    concurrent_attempts=2,
)

# Everything about what people made that a fix may change, by name and not by OID.
STRUCTURE = """
with app (oid) as (
  select oid from pg_catalog.pg_namespace where nspname !~ '^(pg_|pgmend|information_schema)'
), rel as (
  select c.*, c.oid::regclass::text as name from pg_catalog.pg_class c where c.relnamespace in (select oid from app)
)
select 'column', name || '.' || a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
  concat_ws(' ', a.attnum, a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attstattarget,
    pg_catalog.col_description(a.attrelid, a.attnum), a.attidentity, a.attgenerated, a.attacl::text)
from rel join pg_catalog.pg_attribute a on a.attrelid = rel.oid
  left join pg_catalog.pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
where not a.attisdropped and a.attnum > 0
union all
select 'relation', name, relkind::text, concat_ws(' ', relowner::regrole, relrowsecurity, relforcerowsecurity,
    relpersistence, relispopulated, reloptions::text,
    (select string_agg(g::text, ' ' order by g::text)
     from unnest(coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))) g),
    pg_catalog.obj_description(oid, 'pg_class'))
from rel
union all
select 'view', name, pg_catalog.pg_get_viewdef(oid), '' from rel where relkind in ('v', 'm')
union all
select 'index', i.indexrelid::regclass::text, pg_catalog.pg_get_indexdef(i.indexrelid),
  concat_ws(' ', i.indisvalid, i.indisready, i.indislive, i.indisclustered, i.indisreplident, reltablespace,
    pg_catalog.obj_description(i.indexrelid, 'pg_class'))
from pg_catalog.pg_index i join rel on rel.oid = i.indexrelid
union all
select 'constraint', coalesce(nullif(t.conrelid, 0)::regclass::text, t.contypid::regtype::text) || '.' || t.conname,
  pg_catalog.pg_get_constraintdef(t.oid),
  concat_ws(' ', t.convalidated, t.condeferrable, t.condeferred, pg_catalog.obj_description(t.oid, 'pg_constraint'))
from pg_catalog.pg_constraint t where t.connamespace in (select oid from app)
union all
select 'trigger', name || '.' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid),
  concat_ws(' ', t.tgenabled, pg_catalog.obj_description(t.oid, 'pg_trigger'))
from pg_catalog.pg_trigger t join rel on rel.oid = t.tgrelid where not t.tgisinternal
union all
select 'rule', name || '.' || r.rulename, pg_catalog.pg_get_ruledef(r.oid),
  concat_ws(' ', r.ev_enabled, pg_catalog.obj_description(r.oid, 'pg_rewrite'))
from pg_catalog.pg_rewrite r join rel on rel.oid = r.ev_class where r.rulename <> '_RETURN'
union all
select 'policy', name || '.' || p.polname, concat_ws(' | ', p.polcmd, p.polpermissive, p.polroles::regrole[]),
  concat_ws(' | ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
    pg_catalog.obj_description(p.oid, 'pg_policy'))
from pg_catalog.pg_policy p join rel on rel.oid = p.polrelid
union all
select 'function', p.oid::regprocedure::text,
  case p.prokind when 'a' then 'aggregate' else pg_catalog.pg_get_functiondef(p.oid) end,
  concat_ws(' ', p.proowner::regrole,
    (select string_agg(g::text, ' ' order by g::text) from unnest(coalesce(proacl, acldefault('f', proowner))) g),
    pg_catalog.obj_description(p.oid, 'pg_proc'))
from pg_catalog.pg_proc p where p.pronamespace in (select oid from app)
union all
select 'type', t.oid::regtype::text, concat_ws(' ', t.typtype, t.typbasetype::regtype, t.typnotnull, t.typdefault),
  concat_ws(' ', t.typowner::regrole, t.typacl::text, pg_catalog.obj_description(t.oid, 'pg_type'),
    (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid))
from pg_catalog.pg_type t where t.typnamespace in (select oid from app) and t.typtype in ('e', 'd', 'r')
union all
select 'sequence', name, concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin),
  concat_ws(' ', s.seqcache, s.seqcycle, (select pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
    from pg_catalog.pg_depend d where d.objid = rel.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0))
from rel join pg_catalog.pg_sequence s on s.seqrelid = rel.oid
union all
select 'statistics', stxname, pg_catalog.pg_get_statisticsobjdef(oid),
  concat_ws(' ', stxowner::regrole, nullif(stxstattarget, -1), pg_catalog.obj_description(oid, 'pg_statistic_ext'))
from pg_catalog.pg_statistic_ext where stxnamespace in (select oid from app)
union all
select 'schema', oid::regnamespace::text, nspowner::regrole::text, concat_ws(' ', nspacl::text,
  pg_catalog.obj_description(oid, 'pg_namespace'))
from pg_catalog.pg_namespace where oid in (select oid from app) and nspname <> 'public'
order by 1, 2, 3
"""
_NONE: Mapping[str, Any] = MappingProxyType({})


class Unrehearsed(Rehearsal):
    """For tests of what is done: what a rehearsal says before it has tests of its own, and takes its time."""

    async def proofs(
        self,
        connection: AsyncConnection[TupleRow],
        plan: Plan,
        limits: Limits,
        left: Sequence[Step] | None = None,
        *,
        alone: bool = False,
    ) -> tuple[Proof, ...]:
        return ()


class Workshop:
    """Plans and carries out fixes on one database, as the leading listener does."""

    def __init__(self, database: Database, connection: AsyncConnection[TupleRow], lease: Lease) -> None:
        self.database = database
        self.connection = connection
        self.lease = lease
        self.limits = LIMITS
        self.connections = Connections(database.dsn)

    @classmethod
    async def open(cls, database: Database) -> Workshop:
        """A workshop that leads; `close` it in the loop that it was opened in."""
        connection = await connect(database.dsn, "test")
        lease = await take_lease(connection, "test")
        assert lease is not None
        return cls(database, connection, lease)

    async def close(self) -> None:
        await self.connections.close()
        await self.connection.close()

    async def lead_anew(self) -> None:
        """Take the lease from ourselves, as the next listener does after a crash."""
        self.database.execute("update pgmend.lease set heartbeat_at = '-infinity'")
        lease = await take_lease(self.connection, "next")
        assert lease is not None
        self.lease = lease

    async def snapshot(self) -> Snapshot:
        return await read_snapshot(self.connection)

    async def table(self, name: str) -> Table:
        """The table with that name, in whatever schema."""
        (table,) = (each for each in (await self.snapshot()).tables.values() if each.name == name)
        return table

    def oid(self, name: str) -> Oid:
        """The OID of the relation with that qualified name, as SQL writes it."""
        return self.database.value("select %s::regclass::oid::bigint", [name])

    async def issue(self, remedy: Remedy) -> Issue:
        """An open issue with that remedy, written down."""
        issue = await self.issue_of(remedy)
        await open_or_change(self.connection, [issue])
        return issue

    async def issue_of(self, remedy: Remedy) -> Issue:
        """An issue with that remedy."""
        return self.issue_in(await self.snapshot(), remedy)

    def issue_in(self, snapshot: Snapshot, remedy: Remedy) -> Issue:
        """An issue with that remedy, about what that snapshot shows."""
        oid = next(iter(remedy.tables), DATABASE)
        table = snapshot.tables.get(oid)
        schema, name = (table.schema, table.name) if table else ("app", "gone")
        what = remedy.name if isinstance(remedy, RestoreObject) else ""
        return Issue(
            issue_id("TEST", schema, name, what, remedy.kind), "TEST", Severity.MEDIUM, schema, name, "", "",
            oid, "sick", "well", remedy=remedy,
        )  # fmt: skip

    async def plan(self, remedy: Remedy, fix_id: UUID | None = None) -> Plan:
        """The plan for an issue with that remedy, which is not written down."""
        return await self._plan_in(await self.snapshot(), remedy, fix_id or uuid4())

    async def propose(self, remedy: Remedy, *, automatic: bool = False) -> tuple[UUID, Plan]:
        """A fix for that remedy, proposed, or queued where it is automatic."""
        fix_id = uuid4()
        snapshot = await self.snapshot()
        plan = await self._plan_in(snapshot, remedy, fix_id)
        await open_or_change(self.connection, [self.issue_in(snapshot, remedy)])
        await book.propose(self.connection, fix_id, plan, automatic=automatic)
        return fix_id, plan

    async def claim(self, remedy: Remedy) -> book.Claim:
        """A fix for that remedy, approved and claimed."""
        fix_id, _ = await self.propose(remedy)
        self.database.fetch("select pgmend.approve(%s)", [fix_id])
        claim = await self.next()
        assert claim is not None
        assert claim.fix_id == fix_id
        return claim

    async def next(self, *, allowed: AutoFix = AutoFix.ALL, alone: bool = True) -> book.Claim | None:
        return await book.claim(self.connection, self.lease, self.limits.retry_after, allowed=allowed, alone=alone)

    def executor(self, *, limits: Mapping[str, Any] = _NONE, **options: Any) -> Executor:
        return Executor(self.connections, replace(self.limits, **limits), **{"rehearsal": Unrehearsed(), **options})

    async def heal(self, remedy: Remedy, **options: Any) -> Outcome:
        """What becomes of a fix for that remedy; `options` go to the executor."""
        return await self.executor(**options).carry_on(await self.claim(remedy), self.lease)

    async def roll_back(self, outcome: Outcome, **options: Any) -> Outcome:
        """What becomes of its undo."""
        self.database.fetch("select pgmend.rollback(%s)", [outcome.fix_id])
        claim = await self.next()
        assert claim is not None
        assert claim.direction == "undo"
        return await self.executor(**options).carry_on(claim, self.lease)

    async def again(self, **options: Any) -> Outcome:
        """What becomes of the next attempt at a fix that was deferred or paused, its time having come."""
        self.database.execute("update pgmend.fix set next_attempt_at = now() where next_attempt_at is not null")
        claim = await self.next()
        assert claim is not None
        return await self.executor(**options).carry_on(claim, self.lease)

    async def recover(self, *, allowed: AutoFix = AutoFix.ALL, **options: Any) -> tuple[Outcome, ...]:
        """What the next leader makes of unfinished fixes."""
        await self.lead_anew()
        return await recover(self.connections, self.executor(**options), self.lease, allowed=allowed)

    def state(self, fix_id: UUID) -> str:
        return self.database.value("select state from pgmend.fix where fix_id = %s", [fix_id])

    def structure(self) -> list[tuple[Any, ...]]:
        """All that a fix may change about the tables, by name: equal before a fix and after its undo."""
        return self.database.fetch(STRUCTURE)

    def backups(self) -> int:
        """How many relations there are in schema pgmend_backup."""
        return self.database.value(
            "select count(*) from pg_class where relnamespace = 'pgmend_backup'::regnamespace and relkind = 'r'"
        )

    def leftovers(self) -> list[tuple[Any, ...]]:
        """What no fix leaves behind: invalid indexes, registrations, steps without an end."""
        return self.database.fetch(
            """select 'index', i.indexrelid::regclass::text from pg_catalog.pg_index i where not i.indisvalid
            union all select 'registration', o.fix_id::text from pgmend.own_backend o
            union all select 'step', s.title from pgmend.fix_step s where s.state = 'intended'"""
        )

    async def _plan_in(self, snapshot: Snapshot, remedy: Remedy, fix_id: UUID) -> Plan:
        issue = self.issue_in(snapshot, remedy)
        return await plan_fix(self.connection, issue, snapshot, limits=self.limits, fix_id=fix_id)
