-- As the settings are by default: those of the listener are not known here.
update pgmend.fix
set undo_until = finished_at + case
    when pg_catalog.jsonb_array_length(plan -> 'backups') > 0 then interval '7 days' else interval '30 days'
end
where state = 'applied' and undo_until is null;

comment on column pgmend.fix.finished_at is 'When it was first applied, or given up.';
comment on column pgmend.fix.undo_until is
'Until when its undo is as short as the plan says. An undo that needs a backup: for rollback_window from when it was applied, and after that it rebuilds from the backup until that expires. One that needs none is no longer later than at once: for the longer of rollback_window and backup_retention, and that is the end of it. Null: no end.';
