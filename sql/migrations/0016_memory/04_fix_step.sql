alter table pgmend.fix_step add column left_behind jsonb;

comment on column pgmend.fix_step.left_behind is
'The default that a column had at the end of the step, where the step sets one: whoever sets another one after it is not overruled by the undo.';
