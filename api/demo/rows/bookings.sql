insert into activity_categories (parent_id, name)
select case when n > 6 then 1 + n % 6 end, 'Category ' || n from generate_series(1, 24) as n order by n;

insert into activities (venue_id, category_id, title, minutes, price_cents, published)
select
    1 + n % 120,
    1 + n % 24,
    (array['Flow', 'Strength', 'Breath', 'Spin', 'Dance'])[1 + n % 5] || ' ' || n,
    30 + n % 4 * 15,
    900 + n % 12 * 100,
    n % 17 <> 0
from generate_series(1, 360) as n;

insert into timetable_entries (activity_id, room_id, instructor_id, weekday, starts_at)
select 1 + n % 360, 1 + n % 300, 1 + n % 240, n % 7, time '07:00' + (n % 14) * interval '1 hour'
from generate_series(1, 1000) as n;

insert into class_slots (timetable_entry_id, starts_at, seats, cancelled)
select
    1 + n % 1000,
    timestamptz '2025-01-06 07:00+00' + (n / 1000) * interval '7 days' + (n % 98) * interval '1 hour',
    8 + n % 5 * 4,
    n % 53 = 0
from generate_series(1, 8000) as n;

insert into bookings (user_id, class_slot_id, status, price_cents, created_at, updated_at)
select
    1 + (n * 11) % 5000,
    1 + (n * 3) % 8000,
    (case
        when n % 11 = 0 then 'cancelled' when n % 23 = 0 then 'missed' when n > 13600 then 'confirmed' else 'attended'
    end)::booking_status,
    900 + n % 12 * 100,
    timestamptz '2025-01-02 00:00+00' + n * interval '11 minutes',
    timestamptz '2025-01-02 00:00+00' + n * interval '11 minutes'
from generate_series(1, 15000) as n;

insert into booking_guests (booking_id, full_name)
select 6 * n, 'Guest ' || n from generate_series(1, 2500) as n;

insert into booking_notes (booking_id, author_id, body, written_at)
select 1 + (n * 37) % 15000, 41 * (1 + n % 120), 'Note ' || n, timestamptz '2025-02-01 00:00+00' + n * interval '2 hours'
from generate_series(1, 1200) as n;

insert into waitlist_entries (class_slot_id, customer_id, position, joined_at)
select 1 + (n * 19) % 8000, 1 + (n * 29) % 5000, 1 + n % 5, timestamptz '2025-01-20 00:00+00' + n * interval '3 hours'
from generate_series(1, 900) as n;

insert into check_ins (booking_id, checked_in_by, checked_in_at)
select id, case when id % 3 > 0 then 41 * (1 + id % 120) end, created_at + interval '2 days'
from bookings where status = 'attended' order by id;

insert into cancellations (booking_id, reason, refund_due, cancelled_at)
select id, (array['ill', 'travel', 'weather', null])[1 + id % 4], id % 2 = 0, created_at + interval '1 day'
from bookings where status = 'cancelled' order by id;

insert into equipment_rentals (booking_id, item, price_cents)
select 1 + (n * 17) % 15000, (array['mat', 'towel', 'shoes'])[1 + n % 3], 150 from generate_series(1, 800) as n;
