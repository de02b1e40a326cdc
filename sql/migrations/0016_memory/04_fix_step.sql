alter table pgmend.fix_step add column left_behind jsonb;

comment on column pgmend.fix_step.left_behind is
'The defaults that columns (by OID of the table and name) had at the end of the step, where the step sets any: whoever sets another one after it is not overruled by the undo.';
