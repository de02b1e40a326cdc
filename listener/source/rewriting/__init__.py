"""Changing code: what to write instead, proved and composed into patches."""
