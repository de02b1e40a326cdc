insert into users (email, full_name, phone, locale, is_active, created_at, updated_at)
select
    'member' || n || '@example.org',
    chr(65 + n % 26) || '. ' || (array['Alder', 'Birch', 'Cedar', 'Elm', 'Hazel', 'Linden', 'Maple', 'Rowan'])[1 + n % 8],
    case when n % 3 = 0 then '+00 555 ' || lpad(n::text, 6, '0') end,
    (array['en', 'de', 'fr', 'pl', 'pt'])[1 + n % 5],
    n % 29 <> 0,
    timestamptz '2024-01-08 07:00+00' + n * interval '137 minutes',
    timestamptz '2024-01-08 07:00+00' + n * interval '137 minutes'
from generate_series(1, 5000) as n;

insert into credentials (user_id, digest, created_at)
select id, 'scrypt$' || md5('credential ' || id), created_at from users order by id;

insert into sessions (session_id, user_id, ip, user_agent, created_at, expires_at)
select
    md5('session ' || n),
    1 + (n * 7) % 5000,
    inet '10.0.0.0' + n,
    (array['Firefox/128', 'Chrome/131', 'Safari/18', 'App/4.2'])[1 + n % 4],
    timestamptz '2025-03-01 00:00+00' + n * interval '19 minutes',
    timestamptz '2025-03-31 00:00+00' + n * interval '19 minutes'
from generate_series(1, 8000) as n;

insert into password_resets (email, digest, expires_at, used_at)
select
    'member' || 1 + (n * 13) % 5000 || '@example.org',
    md5('reset ' || n),
    timestamptz '2025-01-01 00:00+00' + n * interval '5 hours',
    case when n % 4 > 0 then timestamptz '2024-12-31 23:00+00' + n * interval '5 hours' end
from generate_series(1, 400) as n;

insert into email_verifications (email, code, sent_at, verified_at)
select email, lpad((id * 7919 % 1000000)::text, 6, '0'), created_at, created_at + interval '4 minutes'
from users where id % 5 < 3 order by id;

insert into oauth_identities (credential_id, provider, subject)
select 3 * n, (array['google', 'apple', 'github'])[1 + n % 3], md5('subject ' || n)
from generate_series(1, 1500) as n;

insert into api_keys (owner_id, label, digest, last_used_at)
select 1 + (n * 83) % 5000, 'key ' || n, md5('key ' || n), timestamptz '2025-05-01 00:00+00' + n * interval '3 hours'
from generate_series(1, 60) as n;

insert into login_attempts (email, ip, session_id, succeeded, attempted_at)
select
    'member' || 1 + (n * 7) % 5000 || '@example.org',
    inet '10.0.0.0' + n,
    case when n % 5 > 0 then 1 + n % 8000 end,
    n % 5 > 0,
    timestamptz '2025-03-01 00:00+00' + n * interval '15 minutes'
from generate_series(1, 6000) as n;

insert into roles (name) values ('member'), ('instructor'), ('front desk'), ('venue owner'), ('administrator');

insert into role_grants (grantee_id, role_id, granted_at)
select 41 * n, 2 + n % 4, timestamptz '2024-02-01 00:00+00' + n * interval '2 days'
from generate_series(1, 120) as n;

insert into devices (session_id, platform, push_token, seen_at)
select
    2 * n,
    (array['ios', 'android', 'web'])[1 + n % 3],
    case when n % 3 < 2 then md5('push ' || n) end,
    timestamptz '2025-04-01 00:00+00' + n * interval '23 minutes'
from generate_series(1, 3000) as n;

insert into invitations (inviter_id, email, accepted_by, sent_at)
select
    1 + (n * 17) % 5000,
    'guest' || n || '@example.org',
    case when n % 2 = 0 then 1 + (n * 31) % 5000 end,
    timestamptz '2024-09-01 00:00+00' + n * interval '9 hours'
from generate_series(1, 300) as n;
