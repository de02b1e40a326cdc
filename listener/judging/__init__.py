"""Judging: the picture of one database kept true, every rule run on what a change reaches, issues opened and closed."""
