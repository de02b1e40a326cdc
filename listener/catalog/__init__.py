"""Seeing: frozen snapshots of the catalogs, what changed between two of them, and which tables an event reaches."""
