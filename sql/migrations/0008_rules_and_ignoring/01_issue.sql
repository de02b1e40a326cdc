alter table pgmend.issue add column resolved_because text;

comment on column pgmend.issue.resolved_because is
'Why it counts as resolved though nobody saw it gone: its rule was switched off, or is to leave the table alone. Null: it was seen to be gone.';
