"""Mending: a fix kind per file plans a remedy; the executor applies, proves and undoes any plan."""
