comment on column pgmend.scan.detail is
'reason: why it could not run. unread: which views, functions and statements could not be read; joins there speak for no relation.';
