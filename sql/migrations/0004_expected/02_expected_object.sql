create table pgmend.expected_object (
    kind text not null,
    schema_name text not null,
    relation_name text not null default '',
    object_name text not null,
    definition text not null,
    fields jsonb not null default '{}',
    owner text,
    grants text[],
    comment text,
    tree text,
    class_id oid,
    object_id oid,
    number integer,
    primary key (kind, schema_name, relation_name, object_name)
);

create index expected_object_object_id on pgmend.expected_object (object_id);
create index expected_object_relation_name on pgmend.expected_object (schema_name, relation_name, object_name);

comment on table pgmend.expected_object is
'The expected schema, one row an object: what was captured or declared (pgmend.expectation says which).';
comment on column pgmend.expected_object.kind is 'table, column, constraint, index, view, function, trigger, policy ...';
comment on column pgmend.expected_object.schema_name is 'The schema that it is in.';
comment on column pgmend.expected_object.relation_name is 'The table or view that it is a part of; empty for others.';
comment on column pgmend.expected_object.object_name is 'Its name; a function''s with the types of its arguments.';
comment on column pgmend.expected_object.definition is
'The statement that makes it; of a column and a constraint what stands after its name in CREATE TABLE.';
comment on column pgmend.expected_object.fields is 'What can differ by itself: a column''s type, not_null, default ...';
comment on column pgmend.expected_object.owner is 'Who should own it.';
comment on column pgmend.expected_object.grants is 'Who should have which rights; null where nobody changed them.';
comment on column pgmend.expected_object.comment is 'What COMMENT should say.';
comment on column pgmend.expected_object.tree is
'A digest of stored expressions, in which columns go by number: a rename alone does not change it.';
comment on column pgmend.expected_object.class_id is 'The catalog it was found in, where it was captured here.';
comment on column pgmend.expected_object.object_id is 'Its OID there.';
comment on column pgmend.expected_object.number is 'A column''s number.';
comment on index pgmend.expected_object_object_id is 'For the listener, which asks what an event may have moved.';
comment on index pgmend.expected_object_relation_name is 'For what has a name, and for the parts of a table.';
