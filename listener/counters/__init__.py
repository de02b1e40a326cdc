"""Counters: what the server counts by itself. Bounded, dated, and no part of any structure."""
