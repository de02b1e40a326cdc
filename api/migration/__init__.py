"""A fix as a migration, so that the next deploy does not undo the healing: plain SQL, an Alembic revision, Django's."""
