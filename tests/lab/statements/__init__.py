"""Type changes seeded to break one known statement each, and their harmless twins."""
