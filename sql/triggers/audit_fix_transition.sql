drop trigger if exists audit_fix_transition on pgmend.fix;

create trigger audit_fix_transition after update on pgmend.fix
for each row when (old.state is distinct from new.state) execute function pgmend.audit_fix();

comment on trigger audit_fix_transition on pgmend.fix is 'Each transition of a fix is a row of pgmend.audit.';
