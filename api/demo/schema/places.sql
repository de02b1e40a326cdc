-- Where it happens.
create table countries (
    code text primary key,
    name text not null
);

create table cities (
    id serial primary key,
    country_code text not null references countries (code),
    name text not null,
    timezone text not null
);

create table venues (
    id serial primary key,
    city_id integer not null references cities (id),
    owner_id integer not null references users (id),
    name text not null,
    slug text not null unique,
    street text,
    rating numeric(3, 2),
    created_at timestamptz not null default now()
);

create table venue_photos (
    id serial primary key,
    venue_id integer not null references venues (id) on delete cascade,
    url text not null,
    position smallint not null default 0
);

create table venue_hours (
    venue_id integer not null references venues (id) on delete cascade,
    weekday smallint not null check (weekday between 0 and 6),
    opens time not null,
    closes time not null,
    primary key (venue_id, weekday)
);

create table rooms (
    id serial primary key,
    venue_id integer not null references venues (id) on delete cascade,
    name text not null,
    capacity integer not null check (capacity > 0)
);

create table amenities (
    id serial primary key,
    name text not null unique
);

create table room_amenities (
    room_id integer not null references rooms (id) on delete cascade,
    amenity_id integer not null references amenities (id),
    primary key (room_id, amenity_id)
);

create table instructors (
    id serial primary key,
    venue_id integer not null references venues (id),
    display_name text not null,
    biography text,
    hired_on date not null
);

create table instructor_certificates (
    id serial primary key,
    instructor_id integer not null references instructors (id) on delete cascade,
    title text not null,
    issued_on date not null
);

create index ix_cities_country_code on cities (country_code);
create index ix_venues_city_id on venues (city_id);
create index ix_venues_owner_id on venues (owner_id);
create index ix_venue_photos_venue_id on venue_photos (venue_id, position);
create index ix_rooms_venue_id on rooms (venue_id);
create index ix_room_amenities_amenity_id on room_amenities (amenity_id);
create index ix_instructor_certificates_instructor_id on instructor_certificates (instructor_id);
