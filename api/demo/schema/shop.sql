-- The small shop beside the desk, copied from a tutorial; `carts` and `orders` serve guests too, who have only a token.
create table suppliers (
    id serial primary key,
    name text not null,
    email text
);

create table product_categories (
    id serial primary key,
    parent_id integer references product_categories (id),
    name text not null
);

create table products (
    id serial primary key,
    category_id integer not null references product_categories (id),
    supplier_id integer references suppliers (id),
    sku text not null unique,
    name text not null,
    price_cents integer not null
);

create table product_variants (
    id serial primary key,
    product_id integer not null references products (id) on delete cascade,
    sku text not null unique,
    label text not null,
    price_cents integer
);

create table product_images (
    id serial primary key,
    product_id integer not null references products (id) on delete cascade,
    url text not null
);

create table stock_levels (
    variant_id integer primary key references product_variants (id) on delete cascade,
    on_hand integer not null default 0
);

create table stock_movements (
    id bigserial primary key,
    variant_id integer not null references product_variants (id),
    quantity integer not null,
    reason text not null,
    moved_at timestamptz not null default now()
);

create table carts (
    id serial primary key,
    user_id integer,
    session_id text references sessions (session_id) on delete set null,
    updated_at timestamptz not null default now()
);

create table cart_items (
    id serial primary key,
    cart_id integer not null references carts (id) on delete cascade,
    variant_id integer not null references product_variants (id),
    quantity integer not null check (quantity > 0)
);

create table orders (
    id serial primary key,
    user_id integer,
    session_id text,
    status text not null default 'new',
    total_cents integer not null,
    placed_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table order_items (
    id serial primary key,
    order_id integer not null references orders (id) on delete cascade,
    variant_id integer not null references product_variants (id),
    quantity integer not null,
    unit_price_cents integer not null
);

create table shipments (
    id serial primary key,
    order_id integer not null references orders (id),
    carrier text not null,
    tracking_code text,
    shipped_at timestamptz not null default now()
);

create table return_requests (
    id serial primary key,
    order_item_id integer not null references order_items (id),
    reason text not null,
    requested_at timestamptz not null default now()
);

create index ix_product_categories_parent_id on product_categories (parent_id);
create index ix_products_category_id on products (category_id);
create index ix_products_supplier_id on products (supplier_id);
create index ix_product_variants_product_id on product_variants (product_id);
create index ix_product_images_product_id on product_images (product_id);
create index ix_carts_session_id on carts (session_id);
create index ix_cart_items_cart_id on cart_items (cart_id);
create index ix_cart_items_variant_id on cart_items (variant_id);
create index ix_orders_user_id on orders (user_id);
create index ix_order_items_order_id on order_items (order_id);
create index ix_return_requests_order_item_id on return_requests (order_item_id);
