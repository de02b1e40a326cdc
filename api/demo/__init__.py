"""A sick sample application to heal: its schema, its rows, and the accidents that befall it."""
