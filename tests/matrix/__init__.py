"""The tests on every supported major version of PostgreSQL."""
