-- What brings people back.
create table reviews (
    id serial primary key,
    user_id integer not null references users (id) on delete cascade,
    activity_id integer not null references activities (id),
    rating smallint not null check (rating between 1 and 5),
    body text,
    written_at timestamptz not null default now()
);

create table review_replies (
    id serial primary key,
    review_id integer not null references reviews (id) on delete cascade,
    author_id integer not null references users (id),
    body text not null
);

create table favorites (
    member_id integer not null references users (id) on delete cascade,
    venue_id integer not null references venues (id) on delete cascade,
    added_at timestamptz not null default now(),
    primary key (member_id, venue_id)
);

create table notifications (
    id serial primary key,
    user_id integer not null,
    kind text not null,
    payload jsonb not null default '{}',
    sent_at timestamptz not null default now(),
    read_at timestamptz
);

create table notification_preferences (
    subscriber_id integer primary key references users (id) on delete cascade,
    by_email boolean not null default true,
    by_push boolean not null default false,
    quiet_from time,
    quiet_until time
);

create table email_campaigns (
    id serial primary key,
    subject text not null,
    body text not null,
    scheduled_at timestamptz
);

create table campaign_recipients (
    campaign_id integer not null references email_campaigns (id) on delete cascade,
    recipient_id integer not null references users (id) on delete cascade,
    sent_at timestamptz,
    primary key (campaign_id, recipient_id)
);

create table newsletter_subscribers (
    id serial primary key,
    email text not null,
    source text not null,
    subscribed_at timestamptz not null default now()
);

create table loyalty_accounts (
    id serial primary key,
    owner_id integer not null unique references users (id),
    points integer not null default 0
);

create table loyalty_entries (
    id serial primary key,
    loyalty_account_id integer not null references loyalty_accounts (id) on delete cascade,
    points integer not null,
    reason text not null,
    earned_at timestamptz not null default now()
);

create table referrals (
    id serial primary key,
    referrer_id integer not null references users (id),
    referred_id integer not null references users (id),
    rewarded boolean not null default false
);

create index ix_reviews_user_id on reviews (user_id);
create index ix_reviews_activity_id on reviews (activity_id);
create index ix_review_replies_review_id on review_replies (review_id);
create index favorites_venue_id_idx on favorites (venue_id);
create index ix_notifications_user_id on notifications (user_id);
create index ix_loyalty_entries_loyalty_account_id on loyalty_entries (loyalty_account_id);
create index ix_referrals_referrer_id on referrals (referrer_id);
