"""Carrying a plan out and back: sessions, locks, steps recorded before they run, interruption, recovery."""
