"""How fast and how large pgmend is, beside its peers in the same run: `python -m tests.bench`, or `make bench`."""
