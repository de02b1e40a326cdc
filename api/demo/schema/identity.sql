-- Who may come in. Written first and with care; `sessions` was rewritten in a hurry when tokens came,
-- and has had two keys since: the old integer and the token that browsers carry.
create table users (
    id serial primary key,
    email text not null unique,
    full_name text not null,
    phone text,
    locale text not null default 'en',
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table credentials (
    id serial primary key,
    user_id integer not null references users (id) on delete cascade,
    kind text not null default 'password',
    digest text not null,
    created_at timestamptz not null default now()
);

create table sessions (
    id serial primary key,
    session_id text not null unique,
    user_id integer not null,
    ip inet,
    user_agent text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create table password_resets (
    id serial primary key,
    email text not null,
    digest text not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table email_verifications (
    id serial primary key,
    email text not null,
    code text not null,
    sent_at timestamptz not null default now(),
    verified_at timestamptz
);

create table oauth_identities (
    id serial primary key,
    credential_id integer not null references credentials (id) on delete cascade,
    provider text not null,
    subject text not null,
    unique (provider, subject)
);

create table api_keys (
    id serial primary key,
    owner_id integer not null references users (id),
    label text not null,
    digest text not null,
    last_used_at timestamptz
);

create table login_attempts (
    id bigserial primary key,
    email text not null,
    ip inet not null,
    session_id integer,
    succeeded boolean not null,
    attempted_at timestamptz not null default now()
);

create table roles (
    id serial primary key,
    name text not null unique
);

create table role_grants (
    grantee_id integer not null references users (id) on delete cascade,
    role_id integer not null references roles (id),
    granted_at timestamptz not null default now(),
    primary key (grantee_id, role_id)
);

create table devices (
    id serial primary key,
    session_id integer not null references sessions (id) on delete cascade,
    platform text not null,
    push_token text,
    seen_at timestamptz not null default now()
);

create table invitations (
    id serial primary key,
    inviter_id integer not null references users (id),
    email text not null,
    accepted_by integer references users (id),
    sent_at timestamptz not null default now()
);

create index ix_credentials_user_id on credentials (user_id);
create index ix_sessions_user_id on sessions (user_id);
create index password_resets_email_idx on password_resets (email);
create index ix_oauth_identities_credential_id on oauth_identities (credential_id);
create index login_attempts_email_idx on login_attempts (email, attempted_at);
create index role_grants_role_id_idx on role_grants (role_id);
create index ix_devices_session_id on devices (session_id);
create index ix_invitations_inviter_id on invitations (inviter_id);
create index ix_invitations_accepted_by on invitations (accepted_by);
