"""Which columns refer to which keys, believed on weighed evidence and never on a name alone."""
