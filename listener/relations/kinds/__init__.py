"""Kinds of evidence, one per file. A module here that holds a `Kind` is a kind; nothing else has to know of it."""
