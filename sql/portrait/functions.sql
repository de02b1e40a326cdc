-- Functions, procedures and aggregates. What is written in SQL and quoted knows names only; a body with BEGIN ATOMIC is
-- stored as a tree.
select
    'function' as kind,
    n.nspname::pg_catalog.text as schema,
    '' as relation,
    p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as name,
    case p.prokind
        when 'a' then pg_catalog.format(
            'CREATE AGGREGATE %I.%I(%s) (%s)', n.nspname, p.proname,
            case
                when g.aggkind = 'n' and p.pronargs = 0 then '*' else pg_catalog.pg_get_function_arguments(p.oid)
            end,
            pg_catalog.concat_ws(
                ', ',
                'SFUNC = ' || g.aggtransfn::pg_catalog.regproc,
                'STYPE = ' || pg_catalog.format_type(g.aggtranstype, null),
                'SSPACE = ' || nullif(g.aggtransspace, 0),
                'FINALFUNC = ' || nullif(g.aggfinalfn, 0)::pg_catalog.regproc,
                case when g.aggfinalextra then 'FINALFUNC_EXTRA' end,
                'FINALFUNC_MODIFY = ' || case
                    when g.aggfinalmodify = case when g.aggkind = 'n' then 'r' else 'w' end then null
                    when g.aggfinalmodify = 'r' then 'READ_ONLY'
                    when g.aggfinalmodify = 's' then 'SHAREABLE'
                    else 'READ_WRITE'
                end,
                'COMBINEFUNC = ' || nullif(g.aggcombinefn, 0)::pg_catalog.regproc,
                'SERIALFUNC = ' || nullif(g.aggserialfn, 0)::pg_catalog.regproc,
                'DESERIALFUNC = ' || nullif(g.aggdeserialfn, 0)::pg_catalog.regproc,
                'INITCOND = ' || pg_catalog.quote_literal(g.agginitval),
                'MSFUNC = ' || nullif(g.aggmtransfn, 0)::pg_catalog.regproc,
                'MINVFUNC = ' || nullif(g.aggminvtransfn, 0)::pg_catalog.regproc,
                'MSTYPE = ' || pg_catalog.format_type(nullif(g.aggmtranstype, 0), null),
                'MSSPACE = ' || nullif(g.aggmtransspace, 0),
                'MFINALFUNC = ' || nullif(g.aggmfinalfn, 0)::pg_catalog.regproc,
                case when g.aggmfinalextra then 'MFINALFUNC_EXTRA' end,
                'MINITCOND = ' || pg_catalog.quote_literal(g.aggminitval),
                (
                    select pg_catalog.format('SORTOP = OPERATOR(%I.%s)', sn.nspname, s.oprname)
                    from pg_catalog.pg_operator as s
                    join pg_catalog.pg_namespace as sn on sn.oid = s.oprnamespace
                    where s.oid = g.aggsortop
                ),
                'PARALLEL = ' || case p.proparallel when 's' then 'SAFE' when 'r' then 'RESTRICTED' end,
                case when g.aggkind = 'h' then 'HYPOTHETICAL' end
            )
        )
        else pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E'\n')
    end as definition,
    pg_catalog.jsonb_build_object('kind', case p.prokind
        when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function'
    end) as fields,
    pg_catalog.pg_get_userbyid(p.proowner)::pg_catalog.text as owner,
    p.proacl::pg_catalog.text[] as grants,
    case when p.proacl is not null then pg_catalog.acldefault('f', p.proowner)::pg_catalog.text[] end as usual,
    d.description as comment,
    case
        when p.prokind = 'a' then pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', p.proparallel, pg_catalog.to_jsonb(g) - 'aggfnoid'), 0)::pg_catalog.text
        else pg_catalog.hashtextextended(
            pg_catalog.concat_ws(
                ' ', p.prolang, p.procost, p.prorows, p.provariadic, p.prosupport, p.prokind, p.prosecdef,
                p.proleakproof, p.proisstrict, p.proretset, p.provolatile, p.proparallel, p.prorettype, p.proargtypes,
                p.proallargtypes, p.proargmodes, p.proargnames, p.proargdefaults::pg_catalog.text, p.protrftypes,
                p.proconfig, p.probin, p.prosrc, p.prosqlbody::pg_catalog.text
            ), 0
        )::pg_catalog.text
    end as tree,
    1255 as class_id,
    p.oid::pg_catalog.int8 as object_id,
    0 as number
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
left join pg_catalog.pg_aggregate as g on g.aggfnoid = p.oid
left join pg_catalog.pg_description as d
    on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objsubid = 0
where
    p.oid = any($1::pg_catalog.oid[])
    and n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'pgmend', 'pgmend_backup')
    and not exists (
        select
        from pg_catalog.pg_depend as m
        where
            m.objid = p.oid
            and m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            -- 'i' are those that a range type brings along.
            and m.deptype in ('e', 'i')
    )
