-- What people come for: classes, their dates, and who takes part.
create type booking_status as enum ('pending', 'confirmed', 'cancelled', 'attended', 'missed');

create table activity_categories (
    id serial primary key,
    parent_id integer references activity_categories (id),
    name text not null
);

create table activities (
    id serial primary key,
    venue_id integer not null references venues (id),
    category_id integer not null references activity_categories (id),
    title text not null,
    minutes integer not null,
    price_cents integer not null,
    published boolean not null default true
);

create table timetable_entries (
    id serial primary key,
    activity_id integer not null references activities (id) on delete cascade,
    room_id integer not null references rooms (id),
    instructor_id integer not null references instructors (id),
    weekday smallint not null,
    starts_at time not null
);

create table class_slots (
    id serial primary key,
    timetable_entry_id integer not null references timetable_entries (id),
    starts_at timestamptz not null,
    seats integer not null,
    cancelled boolean not null default false
);

create table bookings (
    id serial primary key,
    user_id integer not null references users (id),
    class_slot_id integer not null references class_slots (id),
    status booking_status not null default 'pending',
    price_cents integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table booking_guests (
    id serial primary key,
    booking_id integer not null references bookings (id) on delete cascade,
    full_name text not null
);

create table booking_notes (
    id serial primary key,
    booking_id integer not null,
    author_id integer not null references users (id),
    body text not null,
    written_at timestamptz not null default now()
);

create table waitlist_entries (
    id serial primary key,
    class_slot_id integer not null references class_slots (id) on delete cascade,
    customer_id integer not null references users (id) on delete cascade,
    position integer not null,
    joined_at timestamptz not null default now()
);

create table check_ins (
    id serial primary key,
    booking_id integer not null unique references bookings (id),
    checked_in_by integer references users (id),
    checked_in_at timestamptz not null default now()
);

create table cancellations (
    id serial primary key,
    booking_id integer not null unique references bookings (id),
    reason text,
    refund_due boolean not null default false,
    cancelled_at timestamptz not null default now()
);

create table equipment_rentals (
    id serial primary key,
    booking_id integer not null references bookings (id),
    item text not null,
    price_cents integer not null
);

create index ix_activity_categories_parent_id on activity_categories (parent_id);
create index ix_activities_venue_id on activities (venue_id);
create index ix_activities_category_id on activities (category_id);
create index ix_timetable_entries_activity_id on timetable_entries (activity_id);
create index ix_timetable_entries_room_id on timetable_entries (room_id, weekday);
create index ix_timetable_entries_instructor_id on timetable_entries (instructor_id);
create index ix_class_slots_timetable_entry_id on class_slots (timetable_entry_id);
create index ix_class_slots_starts_at on class_slots (starts_at);
create index ix_bookings_user_id on bookings (user_id);
create index ix_bookings_class_slot_id on bookings (class_slot_id);
create index ix_booking_notes_booking_id on booking_notes (booking_id);
create index ix_booking_notes_author_id on booking_notes (author_id);
create index ix_waitlist_entries_class_slot_id on waitlist_entries (class_slot_id);
create index ix_waitlist_entries_customer_id on waitlist_entries (customer_id);
create index ix_equipment_rentals_booking_id on equipment_rentals (booking_id);
