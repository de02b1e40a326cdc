drop trigger if exists audit_fix_birth_and_end on pgmend.fix;

create trigger audit_fix_birth_and_end after insert or delete on pgmend.fix
for each row execute function pgmend.audit_fix();

comment on trigger audit_fix_birth_and_end on pgmend.fix is 'A fix that is made or deleted is a row of pgmend.audit.';
