insert into support_tickets (user_id, subject, state, opened_at)
select
    1 + (n * 43) % 5000,
    (array['Refund', 'Login', 'Wrong date', 'Invoice'])[1 + n % 4],
    case when n % 5 = 0 then 'open' else 'closed' end,
    timestamptz '2025-01-10 00:00+00' + n * interval '8 hours'
from generate_series(1, 400) as n;

insert into ticket_messages (support_ticket_id, author_id, body, sent_at)
select 1 + n % 400, 1 + (n * 43) % 5000, 'Message ' || n, timestamptz '2025-01-10 00:00+00' + n * interval '4 hours'
from generate_series(1, 900) as n;

insert into page_views (session_id, path, viewed_at)
select
    md5('session ' || 1 + (n * 3) % 8000),
    (array['/', '/classes', '/classes/' || n % 360, '/cart', '/account'])[1 + n % 5],
    timestamptz '2025-03-01 00:00+00' + n * interval '9 minutes'
from generate_series(1, 14746) as n;

insert into search_queries (session_id, terms, hits, searched_at)
select
    case when n % 4 > 0 then md5('session ' || 1 + (n * 11) % 8000) end,
    (array['yoga', 'spin near me', 'mat', 'gift card'])[1 + n % 4],
    n % 30,
    timestamptz '2025-03-01 00:00+00' + n * interval '60 minutes'
from generate_series(1, 1500) as n;

insert into audit_log (actor, action, entity, entity_key, details, logged_at)
select
    case when n % 7 = 0 then 'import script' else 'member' || 1 + (n * 7) % 5000 || '@example.org' end,
    (array['create', 'update', 'cancel'])[1 + n % 3],
    (array['booking', 'order', 'venue'])[1 + n % 3],
    (n * 5 % 15000)::text,
    jsonb_build_object('attempt', 1 + n % 2),
    timestamptz '2025-01-02 00:00+00' + n * interval '20 minutes'
from generate_series(1, 5000) as n;

insert into webhook_deliveries (endpoint, body, status_code, delivered_at)
select
    'https://hooks.example.com/' || n % 6,
    jsonb_build_object('sequence', n),
    case when n % 19 = 0 then 503 else 200 end,
    timestamptz '2025-04-01 00:00+00' + n * interval '40 minutes'
from generate_series(1, 1000) as n;

insert into job_runs (job, started_at, finished_at, outcome)
select
    (array['send reminders', 'expire sessions', 'pay out'])[1 + n % 3],
    timestamptz '2025-01-01 00:00+00' + n * interval '3 hours',
    timestamptz '2025-01-01 00:01+00' + n * interval '3 hours',
    case when n % 31 = 0 then 'failed' else 'done' end
from generate_series(1, 1000) as n;

insert into legacy_customers (old_number, email, full_name, imported_on)
select 'K' || lpad(n::text, 5, '0'), 'member' || n || '@example.org', null, date '2024-01-08'
from generate_series(1, 1000) as n;
