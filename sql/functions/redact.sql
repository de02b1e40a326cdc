-- What may be kept of a statement's text (docs/decisions/0002). One scan finds quoted identifiers, literals and
-- comments together, as PostgreSQL's lexer does. Whatever that scan cannot follow leaves a trace behind it (a quote,
-- a dollar, a comment mark), and then nothing is kept. Only plain expressions are used, so that no other module
-- (auto_explain, for one) ever sees the text as a parameter of a query.
create or replace function pgmend.redact(statement text) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $function$
declare
    mark text;
    shape text := statement;
    bare text;
begin
    if octet_length(statement) > 10000 then
        return null;
    end if;
    -- Most DDL has nothing to hide, and a look is a tenth of the work.
    if statement ~ E'[''$\\\\]|--|/[*]|[0-9][0-9A-Za-z_.]{5}' then
        if lower(split_part(statement, ' ', 1)) in ('comment', 'do', 'select', 'call') then
            return null;
        end if;
        mark := chr(1);
        -- A backslash before a quote ends the literal or does not, as standard_conforming_strings and an E say.
        if strpos(statement, mark) > 0 or strpos(statement, E'\\''') > 0 then
            return null;
        end if;
        shape := regexp_replace(
            statement,
            E'("[^"]*")|('')[^'']*('')|--[^\r\n]*|/[*]([^*/]|[*]+[^*/]|/+[^*/])*[*]+/',
            E'\\1\\2' || mark || E'\\3', 'g'
        );
        shape := replace(replace(replace(shape, '''' || mark || '''', '''...'''), '"' || mark, '"'), mark, ' ');
        bare := replace(shape, '''...''', '');
        if bare ~ E'[''$\\\\]|/[*]|[*]/' or length(replace(bare, '"', '')) % 2 <> length(bare) % 2 then
            return null;
        end if;
        if bare ~ '[0-9][0-9A-Za-z_.]{5}' then
            -- alter table ... set default 4111111111111111 needs no quotes.
            shape := regexp_replace(
                shape, '("[^"]*"|''[^'']*'')|[[:<:]][0-9][0-9A-Za-z_.]{5,}', E'\\1' || mark, 'g'
            );
            shape := replace(replace(replace(shape, '"' || mark, '"'), '''' || mark, ''''), mark, '''...''');
        end if;
    end if;
    shape := btrim(shape, E'; \t\r\n\f\x0B');
    -- Nor are literals the only place for a secret: alter role ... set app.key to hunter2 has none, and a trigger takes
    -- unquoted words as arguments. So one statement of these shapes is kept, and no function, role, server, ...
    return case when
        strpos(shape, ';') = 0 and (
            lower(split_part(shape, ' ', 1)) in ('create', 'alter', 'drop')
            and lower(split_part(shape, ' ', 2)) in ('table', 'index', 'view', 'type')
            or shape ~* (
                '^(drop|grant|revoke|reindex|alter[[:space:]]+default[[:space:]]+privileges|(create|alter)([[:space:]]+'
                '(or|replace|global|local|temp|temporary|unlogged|unique|recursive|materialized))*[[:space:]]+'
                '(table|index|view|sequence|type|domain|policy|statistics|extension))[[:space:]"(]'
            )
        ) then shape
    end;
end
$function$;

revoke all on function pgmend.redact(text) from public;

comment on function pgmend.redact(text) is
'The shape of one statement of schema DDL, with ''...'' for every literal and long number; null for anything else, where a secret might be.';
