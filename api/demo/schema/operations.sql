-- Running the place: help desk, traffic, trails, and what an import left lying about.
create table support_tickets (
    id serial primary key,
    user_id integer not null references users (id),
    subject text not null,
    state text not null default 'open',
    opened_at timestamptz not null default now()
);

create table ticket_messages (
    id serial primary key,
    support_ticket_id integer not null references support_tickets (id) on delete cascade,
    author_id integer not null references users (id),
    body text not null,
    sent_at timestamptz not null default now()
);

create table page_views (
    id bigserial primary key,
    session_id text not null,
    path text not null,
    viewed_at timestamptz not null default now()
);

create table search_queries (
    id bigserial primary key,
    session_id text,
    terms text not null,
    hits integer not null,
    searched_at timestamptz not null default now()
);

create table audit_log (
    id bigserial primary key,
    actor text not null,
    action text not null,
    entity text not null,
    entity_key text not null,
    details jsonb,
    logged_at timestamptz not null default now()
);

create table webhook_deliveries (
    id bigserial primary key,
    endpoint text not null,
    body jsonb not null,
    status_code integer,
    delivered_at timestamptz
);

create table job_runs (
    id bigserial primary key,
    job text not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text
);

create table legacy_customers (
    old_number text,
    email text,
    full_name text,
    imported_on date
);

create index ix_support_tickets_user_id on support_tickets (user_id);
create index ix_ticket_messages_support_ticket_id on ticket_messages (support_ticket_id);
create index ix_page_views_session_id on page_views (session_id);
create index ix_audit_log_entity on audit_log (entity, entity_key);
create index ix_job_runs_started_at on job_runs (started_at);

create function touch_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create trigger users_touch before update on users for each row execute function touch_updated_at();
create trigger bookings_touch before update on bookings for each row execute function touch_updated_at();
create trigger orders_touch before update on orders for each row execute function touch_updated_at();
create trigger invoices_touch before update on invoices for each row execute function touch_updated_at();
