"""The Python half: hears, looks, judges, mends."""
