"""The PostgreSQL half: tables, event triggers, views, functions and catalog queries, as `.sql` files."""
