alter table pgmend.ignored_issue add column source text;

comment on column pgmend.ignored_issue.source is
'The file of the repository that says so: the listener beside it keeps this row as the file has it. Null: somebody said so here, and no file changes that.';
