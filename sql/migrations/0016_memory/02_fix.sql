create index fix_remedy on pgmend.fix using hash ((plan -> 'remedy'));

comment on index pgmend.fix_remedy is 'What became of the same fix before.';
comment on column pgmend.fix.next_attempt_at is
'Not tried again before this. Null for what is deferred: it was put off too often, and waits until somebody approves it.';
