insert into tax_rates (country_code, percent, valid_from)
select code, 7 + length(name) % 3 + 12 * reduced, date '2024-01-01'
from countries, generate_series(0, 1) as reduced order by code, reduced;

insert into payment_methods (holder_id, brand, last_four, expires_on)
select
    1 + (n * 13) % 5000,
    (array['visa', 'mastercard', 'sepa'])[1 + n % 3],
    lpad((n * 7919 % 10000)::text, 4, '0'),
    date '2026-01-31' + n % 900
from generate_series(1, 3500) as n;

insert into payments (user_id, booking_id, order_id, method_id, reference, amount_cents, status, paid_at)
select
    1 + (n * 11) % 5000,
    case when n % 4 > 0 then 1 + (n * 5) % 15000 end,
    case when n % 4 = 0 then 1 + n % 6000 end,
    case when n % 5 > 0 then 1 + (n * 3) % 3500 end,
    'PAY-' || lpad(n::text, 6, '0'),
    900 + n % 60 * 110,
    case when n % 41 = 0 then 'refunded' else 'captured' end,
    timestamptz '2025-01-03 00:00+00' + n * interval '17 minutes'
from generate_series(1, 12000) as n;

-- Payments 12001 to 12003 were test charges that somebody deleted by hand; their transactions stayed.
insert into transactions (payment_id, kind, amount_cents, happened_at)
select
    case when n > 3997 then n + 8003 else 1 + (n * 7) % 12000 end,
    (array['authorize', 'capture', 'fee'])[1 + n % 3],
    900 + n % 60 * 110,
    timestamptz '2025-01-03 00:00+00' + n * interval '31 minutes'
from generate_series(1, 4000) as n;

insert into refunds (payment_id, amount_cents, reason, refunded_at)
select id, amount_cents, 'cancelled', paid_at + interval '3 days' from payments where status = 'refunded' order by id;

insert into invoices (user_id, order_id, number, total_cents, issued_at, due_on, paid, updated_at)
select
    (1 + (n * 7) % 5000)::text,
    case when n % 6 > 0 then n end,
    '2025-' || lpad(n::text, 5, '0'),
    1500 + n % 60 * 130,
    timestamptz '2025-01-04 00:00+00' + n * interval '37 minutes',
    date '2025-01-18' + n / 40,
    n % 9 > 0,
    timestamptz '2025-01-04 00:00+00' + n * interval '37 minutes'
from generate_series(1, 6000) as n;

insert into invoice_lines (invoice_id, tax_rate_id, description, amount_cents)
select 1 + n % 6000, 1 + n % 16, 'Item ' || n, 500 + n % 40 * 130 from generate_series(1, 12500) as n;

insert into credit_notes (invoice_id, amount_cents, reason, issued_at)
select
    case when n % 20 = 7 then lpad(n::text, 3, '0') else (1 + (n * 31) % 6000)::text end,
    500 + n % 20 * 50,
    (array['damaged', 'goodwill', 'late'])[1 + n % 3],
    timestamptz '2025-03-01 00:00+00' + n * interval '13 hours'
from generate_series(1, 180) as n;

insert into subscription_plans (code, name, price_cents, months) values
('trial', 'Trial', 0, 1), ('basic', 'Basic', 1900, 1), ('plus', 'Plus', 3900, 1), ('year', 'Whole year', 38900, 12);

insert into plan_features (plan_id, feature)
select id, feature
from subscription_plans, unnest(array['book online', 'guest passes', 'sauna', 'pause any time']) as feature
order by id, feature;

insert into subscriptions (user_id, plan_id, status, started_at, ends_at)
select
    1 + (n * 9) % 5000,
    1 + n % 4,
    case when n % 7 = 0 then 'cancelled' else 'active' end,
    timestamptz '2024-06-01 00:00+00' + n * interval '3 hours',
    case when n % 7 = 0 then timestamptz '2025-06-01 00:00+00' + n * interval '3 hours' end
from generate_series(1, 2200) as n;

insert into coupons (code, percent_off, valid_until)
select 'CODE' || n, 5 * (1 + n % 6), date '2025-12-31' + n from generate_series(1, 60) as n;

insert into coupon_redemptions (coupon_id, order_id, redeemed_at)
select 1 + n % 60, 1 + (n * 7) % 6000, timestamptz '2025-01-05 00:00+00' + n * interval '4 hours'
from generate_series(1, 900) as n;

insert into gift_cards (code, purchaser_id, balance_cents)
select upper(substr(md5('gift ' || n), 1, 10)), case when n % 4 > 0 then 1 + (n * 61) % 5000 end, n % 6 * 1000
from generate_series(1, 150) as n;

insert into payouts (venue_id, amount_cents, period, paid_at)
select
    1 + n % 120,
    100000 + n % 50 * 3700,
    daterange((date '2025-01-01' + (n / 120) * interval '1 month')::date,
              (date '2025-02-01' + (n / 120) * interval '1 month')::date),
    timestamptz '2025-02-05 00:00+00' + (n / 120) * interval '1 month'
from generate_series(1, 600) as n;

insert into disputes (payment_id, state, opened_at)
select 1 + (n * 293) % 12000, (array['open', 'won', 'lost'])[1 + n % 3],
    timestamptz '2025-02-01 00:00+00' + n * interval '2 days'
from generate_series(1, 40) as n;
