"""Readers of code that the database holds: what was compared with what, as sightings."""
