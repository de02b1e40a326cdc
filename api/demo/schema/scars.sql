-- What scripts did later, on top of the rows.

-- Two people noticed the same slow page.
create index bookings_user_id_idx on bookings (user_id);

-- "Not valid for now, so that it does not block; will do the rest tonight."
alter table subscriptions
add constraint subscriptions_plan_id_fkey foreign key (plan_id) references subscription_plans (id) not valid;
