insert into countries (code, name) values
('AT', 'Austria'), ('CH', 'Switzerland'), ('CZ', 'Czechia'), ('DE', 'Germany'),
('FR', 'France'), ('NL', 'Netherlands'), ('PL', 'Poland'), ('PT', 'Portugal');

insert into cities (country_code, name, timezone)
select code, name || ' ' || quarter, 'Europe/Berlin'
from countries, unnest(array['North', 'South', 'East', 'West', 'Centre']) as quarter
order by code, quarter;

insert into venues (city_id, owner_id, name, slug, street, rating, created_at)
select
    1 + n % 40,
    41 * n,
    (array['Studio', 'Loft', 'Hall', 'Yard'])[1 + n % 4] || ' ' || n,
    'venue-' || n,
    n || ' Main Street',
    3 + (n % 9) * 0.2,
    timestamptz '2024-01-15 00:00+00' + n * interval '4 days'
from generate_series(1, 120) as n;

insert into venue_photos (venue_id, url, position)
select venues.id, 'https://img.example.org/venues/' || venues.id || '/' || n || '.jpg', n
from venues, generate_series(1, 4) as n order by venues.id, n;

insert into venue_hours (venue_id, weekday, opens, closes)
select venues.id, weekday, time '07:00' + (venues.id % 3) * interval '1 hour', time '21:30'
from venues, generate_series(0, 6) as weekday order by venues.id, weekday;

insert into rooms (venue_id, name, capacity)
select 1 + n % 120, 'Room ' || chr(65 + n % 4), 8 + n % 5 * 4 from generate_series(1, 300) as n;

insert into amenities (name)
select unnest(array[
    'mats', 'mirrors', 'showers', 'lockers', 'towels', 'sauna', 'bar', 'piano', 'bicycles', 'kettlebells',
    'blocks', 'ropes', 'rings', 'speakers', 'projector', 'kitchen', 'crib', 'lift', 'parking', 'wifi'
]);

insert into room_amenities (room_id, amenity_id)
select rooms.id, 1 + (rooms.id + 7 * n) % 20 from rooms, generate_series(1, 3) as n order by rooms.id, n;

insert into instructors (venue_id, display_name, biography, hired_on)
select 1 + n % 120, 'Coach ' || n, 'Teaches since ' || 2005 + n % 18, date '2024-01-10' + n
from generate_series(1, 240) as n;

insert into instructor_certificates (instructor_id, title, issued_on)
select 1 + (n * 7) % 240, (array['First aid', 'Yoga 200', 'Pilates', 'Strength'])[1 + n % 4], date '2019-03-01' + n * 5
from generate_series(1, 400) as n;
