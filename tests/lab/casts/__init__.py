"""The law of casts held against PostgreSQL itself, on very many values."""
