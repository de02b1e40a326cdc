-- Money. `invoices` came out of a script that reads the payment provider's metadata, where every value is a string;
-- `credit_notes` are typed in from paper, where numbers have leading zeros.
create table tax_rates (
    id serial primary key,
    country_code text not null references countries (code),
    percent numeric(5, 2) not null,
    valid_from date not null
);

create table payment_methods (
    id serial primary key,
    holder_id integer not null references users (id) on delete cascade,
    brand text not null,
    last_four text not null,
    expires_on date not null
);

create table payments (
    id serial primary key,
    user_id integer not null references users (id),
    booking_id integer references bookings (id),
    order_id integer references orders (id),
    method_id integer references payment_methods (id),
    reference text not null,
    amount_cents integer not null,
    status text not null default 'captured',
    paid_at timestamptz not null default now()
);

create table transactions (
    id serial primary key,
    payment_id integer not null,
    kind text not null,
    amount_cents integer not null,
    happened_at timestamptz not null default now()
);

create table refunds (
    id serial primary key,
    payment_id integer not null references payments (id),
    amount_cents integer not null,
    reason text,
    refunded_at timestamptz not null default now()
);

create table invoices (
    id serial primary key,
    user_id text not null,
    order_id integer references orders (id),
    number text not null unique,
    total_cents integer not null,
    issued_at timestamptz not null default now(),
    due_on date not null,
    paid boolean not null default false,
    updated_at timestamptz not null default now()
);

create table invoice_lines (
    id serial primary key,
    invoice_id integer not null references invoices (id) on delete cascade,
    tax_rate_id integer not null references tax_rates (id),
    description text not null,
    amount_cents integer not null
);

create table credit_notes (
    id serial primary key,
    invoice_id text not null,
    amount_cents integer not null,
    reason text,
    issued_at timestamptz not null default now()
);

create table subscription_plans (
    id serial primary key,
    code text not null unique,
    name text not null,
    price_cents integer not null,
    months integer not null
);

create table plan_features (
    plan_id integer not null references subscription_plans (id) on delete cascade,
    feature text not null,
    primary key (plan_id, feature)
);

create table subscriptions (
    id serial primary key,
    user_id integer not null references users (id),
    plan_id integer not null,
    status text not null default 'active',
    started_at timestamptz not null default now(),
    ends_at timestamptz
);

create table coupons (
    id serial primary key,
    code text not null unique,
    percent_off integer not null check (percent_off between 1 and 100),
    valid_until date
);

create table coupon_redemptions (
    id serial primary key,
    coupon_id integer not null references coupons (id),
    order_id integer not null,
    redeemed_at timestamptz not null default now()
);

create table gift_cards (
    id serial primary key,
    code text not null unique,
    purchaser_id integer references users (id),
    balance_cents integer not null check (balance_cents >= 0)
);

create table payouts (
    id serial primary key,
    venue_id integer not null references venues (id),
    amount_cents integer not null,
    period daterange not null,
    paid_at timestamptz
);

create table disputes (
    id serial primary key,
    payment_id integer not null references payments (id),
    state text not null default 'open',
    opened_at timestamptz not null default now()
);

create index ix_tax_rates_country_code on tax_rates (country_code);
create index ix_payment_methods_holder_id on payment_methods (holder_id);
create index ix_payments_user_id on payments (user_id);
create index ix_payments_booking_id on payments (booking_id);
create index ix_payments_order_id on payments (order_id);
create index ix_transactions_payment_id on transactions (payment_id);
create index ix_invoices_user_id on invoices (user_id);
create index ix_invoices_order_id on invoices (order_id);
create index ix_invoice_lines_invoice_id on invoice_lines (invoice_id);
create index ix_invoice_lines_tax_rate_id on invoice_lines (tax_rate_id);
create index ix_subscriptions_user_id on subscriptions (user_id);
create index ix_subscriptions_plan_id on subscriptions (plan_id);
create index ix_coupon_redemptions_coupon_id on coupon_redemptions (coupon_id);
create index ix_gift_cards_purchaser_id on gift_cards (purchaser_id);
create index ix_payouts_venue_id on payouts (venue_id);
create index ix_disputes_payment_id on disputes (payment_id);

create view open_invoices as
select
    id,
    number,
    user_id,
    total_cents,
    due_on
from invoices
where not paid;

create view monthly_revenue as
select
    date_trunc('month', paid_at) as month,
    sum(amount_cents) as amount_cents
from payments
where status = 'captured'
group by 1;
