-- Takes pgmend out of the way, with psql alone and whatever its state: psql -f emergency_off.sql
-- No DDL is recorded any more, and the listener fixes nothing. Each statement stands for itself; an error in one does
-- not stop the next. Back on: `pgmend install` and `select pgmend.resume();`
set lock_timeout = '5s';

drop event trigger if exists pgmend_record_ddl; -- noqa: PRS

drop event trigger if exists pgmend_record_drop;

update pgmend.policy
set
    paused = true, pause_reason = 'emergency_off.sql', paused_until = null, paused_by = session_user,
    changed_at = pg_catalog.clock_timestamp(), changed_by = session_user;

insert into pgmend.audit (action, object, detail)
values ('policy.pause', 'policy', pg_catalog.jsonb_build_object('reason', 'emergency_off.sql'));

reset lock_timeout;
