"""Chaos: everything is killed, stopped and cut while pgmend mends under a working application."""
