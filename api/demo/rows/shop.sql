insert into suppliers (name, email)
select 'Supplier ' || n, 'sales' || n || '@example.com' from generate_series(1, 20) as n;

insert into product_categories (parent_id, name)
select case when n > 5 then 1 + n % 5 end, 'Shelf ' || n from generate_series(1, 18) as n order by n;

insert into products (category_id, supplier_id, sku, name, price_cents)
select 1 + n % 18, 1 + n % 20, 'P' || lpad(n::text, 5, '0'), 'Product ' || n, 500 + n % 40 * 250
from generate_series(1, 240) as n;

insert into product_variants (product_id, sku, label, price_cents)
select 1 + n % 240, 'V' || lpad(n::text, 5, '0'), (array['S', 'M', 'L'])[1 + n % 3], 500 + n % 40 * 250
from generate_series(1, 600) as n;

insert into product_images (product_id, url)
select 1 + n % 240, 'https://img.example.org/products/' || n || '.jpg' from generate_series(1, 500) as n;

insert into stock_levels (variant_id, on_hand)
select id, (id * 13) % 90 from product_variants order by id;

insert into stock_movements (variant_id, quantity, reason, moved_at)
select
    1 + (n * 7) % 600,
    case when n % 4 = 0 then 20 else -1 - n % 3 end,
    case when n % 4 = 0 then 'delivery' else 'sale' end,
    timestamptz '2025-01-01 00:00+00' + n * interval '50 minutes'
from generate_series(1, 2000) as n;

insert into carts (user_id, session_id, updated_at)
select
    case when n % 3 > 0 then 1 + (n * 11) % 5000 end,
    md5('session ' || 1 + (n * 3) % 8000),
    timestamptz '2025-05-01 00:00+00' + n * interval '17 minutes'
from generate_series(1, 2500) as n;

insert into cart_items (cart_id, variant_id, quantity)
select 1 + n % 2500, 1 + (n * 7) % 600, 1 + n % 3 from generate_series(1, 4000) as n;

insert into orders (user_id, session_id, status, total_cents, placed_at, updated_at)
select
    case when n % 6 > 0 then 1 + (n * 7) % 5000 end,
    case when n % 2 = 0 then md5('session ' || 1 + (n * 5) % 8000) end,
    (array['paid', 'paid', 'shipped', 'shipped', 'new'])[1 + n % 5],
    1500 + n % 60 * 130,
    timestamptz '2025-01-03 00:00+00' + n * interval '37 minutes',
    timestamptz '2025-01-03 00:00+00' + n * interval '37 minutes'
from generate_series(1, 6000) as n;

insert into order_items (order_id, variant_id, quantity, unit_price_cents)
select 1 + n % 6000, 1 + (n * 11) % 600, 1 + n % 2, 500 + n % 40 * 250 from generate_series(1, 12000) as n;

insert into shipments (order_id, carrier, tracking_code, shipped_at)
select
    id,
    (array['Post', 'Bike courier', 'Pick-up'])[1 + id % 3],
    case when id % 3 < 2 then upper(substr(md5('parcel ' || id), 1, 12)) end,
    placed_at + interval '2 days'
from orders where status <> 'new' order by id;

insert into return_requests (order_item_id, reason, requested_at)
select 1 + (n * 41) % 12000, (array['size', 'broken', 'changed mind'])[1 + n % 3],
    timestamptz '2025-02-10 00:00+00' + n * interval '11 hours'
from generate_series(1, 250) as n;
