create table pgmend.code_reading (
    root text primary key,
    files integer not null,
    lines integer not null,
    statements integer not null,
    judged integer not null,
    dynamic integer not null,
    read_at timestamptz not null,
    trouble text
);

comment on table pgmend.code_reading is
'The application''s code as the listener read it last (pgmend start --code). A listener without code leaves no row.';
comment on column pgmend.code_reading.root is 'The folder, as it was named to the listener.';
comment on column pgmend.code_reading.files is 'How many Python files there are.';
comment on column pgmend.code_reading.lines is 'How many lines they have.';
comment on column pgmend.code_reading.statements is 'How many SQL statements they send to this database.';
comment on column pgmend.code_reading.judged is 'How many of these were judged in full.';
comment on column pgmend.code_reading.dynamic is 'How many calls send what only runs know.';
comment on column pgmend.code_reading.read_at is 'When it was last looked at.';
comment on column pgmend.code_reading.trouble is 'What of it could not be read or judged, and why; null where all was.';
