drop trigger if exists guard_fix on pgmend.fix;

create trigger guard_fix before update on pgmend.fix
for each row execute function pgmend.guard_fix();

comment on trigger guard_fix on pgmend.fix is 'A plan never changes; a new plan is a new fix.';
