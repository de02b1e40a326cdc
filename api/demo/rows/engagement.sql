insert into reviews (user_id, activity_id, rating, body, written_at)
select
    1 + (n * 17) % 5000,
    1 + n % 360,
    1 + (n * 3) % 5,
    case when n % 3 > 0 then 'Review ' || n end,
    timestamptz '2025-01-15 00:00+00' + n * interval '1 hour'
from generate_series(1, 3000) as n;

insert into review_replies (review_id, author_id, body)
select 10 * n, 41 * (1 + n % 120), 'Thank you' from generate_series(1, 300) as n;

insert into favorites (member_id, venue_id, added_at)
select 1 + n % 1500, 1 + (n / 1500 * 7 + n) % 120, timestamptz '2025-01-01 00:00+00' + n * interval '1 hour'
from generate_series(1, 3000) as n;

insert into notifications (user_id, kind, payload, sent_at, read_at)
select
    1 + (n * 7) % 5000,
    (array['booking', 'reminder', 'offer', 'waitlist'])[1 + n % 4],
    jsonb_build_object('subject', n),
    timestamptz '2025-02-01 00:00+00' + n * interval '11 minutes',
    case when n % 3 > 0 then timestamptz '2025-02-01 06:00+00' + n * interval '11 minutes' end
from generate_series(1, 8000) as n;

insert into notification_preferences (subscriber_id, by_email, by_push, quiet_from, quiet_until)
select 5 * n, n % 4 > 0, n % 3 = 0, time '22:00', time '07:00' from generate_series(1, 1000) as n;

insert into email_campaigns (subject, body, scheduled_at)
select 'News ' || n, 'Body ' || n, timestamptz '2025-01-07 09:00+00' + n * interval '14 days'
from generate_series(1, 12) as n;

insert into campaign_recipients (campaign_id, recipient_id, sent_at)
select 1 + n % 12, 1 + n * 2 % 4000, timestamptz '2025-01-07 09:00+00' + (1 + n % 12) * interval '14 days'
from generate_series(1, 2000) as n;

insert into newsletter_subscribers (email, source, subscribed_at)
select
    'reader' || n || '@example.org',
    (array['footer', 'checkout', 'fair'])[1 + n % 3],
    timestamptz '2024-10-01 00:00+00' + n * interval '6 hours'
from generate_series(1, 800) as n;

insert into loyalty_accounts (owner_id, points)
select 10 * n, n % 40 * 25 from generate_series(1, 500) as n;

insert into loyalty_entries (loyalty_account_id, points, reason, earned_at)
select 1 + n % 500, 25, 'visit', timestamptz '2025-01-06 00:00+00' + n * interval '3 hours'
from generate_series(1, 1000) as n;

insert into referrals (referrer_id, referred_id, rewarded)
select 1 + (n * 31) % 2500, 2501 + (n * 37) % 2500, n % 2 = 0 from generate_series(1, 150) as n;
