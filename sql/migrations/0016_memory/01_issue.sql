alter table pgmend.issue
add column quarantine_lifted_at timestamptz,
add column quarantine_lifted_by text;

create index issue_quarantine_lifted on pgmend.issue (quarantine_lifted_at) where quarantine_lifted_at is not null;

comment on column pgmend.issue.quarantine_lifted_at is
'When somebody last said that pgmend may try alone again (pgmend.lift_quarantine): what people undid and what failed before that no longer counts.';
comment on column pgmend.issue.quarantine_lifted_by is 'Who said so.';
comment on index pgmend.issue_quarantine_lifted is 'For the listener, which weighs such issues anew.';
