alter table pgmend.issue
add column file text,
add column line integer,
add column column_offset integer,
add column statement text,
add column sqlstate text,
add constraint issue_file_with_line check ((file is null) = (line is null));

comment on column pgmend.issue.file is
'Where it is in the application''s code: the file, from the root of the folder that is watched; null for what is in the database.';
comment on column pgmend.issue.line is 'The line there, from 1.';
comment on column pgmend.issue.column_offset is 'The column there, in characters from 0.';
comment on column pgmend.issue.statement is
'The statement there, what is not known of its text in braces; without literals where one may be a password.';
comment on column pgmend.issue.sqlstate is 'That of the server''s objection to it, where it has one.';
comment on constraint issue_file_with_line on pgmend.issue is 'A place in code is a file and a line.';
